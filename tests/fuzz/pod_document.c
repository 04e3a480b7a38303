/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "config/base/memory.h"
#include "config/invocation.h"
#include "daemon/commands/diagnose_advice.h"
#include "tests/fuzz/fuzz.h"

static struct settings *load(void)
{
    const char *words[] = {"tcr-probe", "diagnose", "-", NULL};
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;

    settings_load(3, (char **)(uintptr_t)words, &(char *){NULL}, &invocation, &settings, &errors);
    fuzz_require(settings != NULL);
    return settings;
}

/* A pod puts no word of its own into a command, and no control character into a text. */
static void require_safe(struct pod_case *known, struct settings *settings)
{
    for (size_t i = 0; i < settings->target_count; i++) {
        struct shell_line debug = {.arena = known->arena};
        struct shell_line check = {.arena = known->arena};
        advise_debug(&debug, known, settings, i);
        advise_check(&check, known, settings, i);
        const char *line = strstr(shell_line_joined(&debug), "tcr-probe check ");
        fuzz_require(line != NULL && !strpbrk(shell_line_joined(&debug), "$`\"\\;&|<>(){}*?#~!\n"));
        fuzz_require_check_command(line, known->arena);
        fuzz_require_check_command(shell_line_joined(&check), known->arena);
    }
    fuzz_require_all_printable(known->notes, known->note_count);
    for (size_t i = 0; i < known->pod.container_count; i++) {
        const struct pod_container *container = &known->pod.containers[i];
        const char *texts[] = {container->name, container->image, container->waiting};
        fuzz_require_all_printable(texts, sizeof(texts) / sizeof(texts[0]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings *settings = load();
    struct pod_case *known = pod_case_new();
    struct check_plan plan;
    char *text = fuzz_text(data, size);
    struct pull_annotations annotations = {0};

    fuzz_require(known != NULL);
    (void)annotations_add_yaml(&annotations, text, known->arena);
    const char *wrong = pod_case_read_document(known, (const char *)data, size);
    fuzz_require_printable(wrong);
    if (!wrong) {
        fuzz_require(pod_case_read_pulls(known, &settings->network));
        fuzz_require(check_plan_make(&plan, known, settings));
        require_safe(known, settings);
    }
    memory_release(text);
    pod_case_free(known);
    settings_release(settings);
    return 0;
}
