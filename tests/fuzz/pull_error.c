#include "probes/diagnosis/pull_error.h"

#include <string.h>

#include "config/target.h"
#include "tests/fuzz/fuzz.h"

/* One command whose last word is a target, and nothing that a shell takes for more. */
static void require_safe(const char *check, struct arena *arena)
{
    struct target target = {0};
    const char *last = strrchr(check, ' ') + 1;
    size_t length = strlen(last);

    fuzz_require(strncmp(check, "tcr-probe check ", 16) == 0);
    fuzz_require(!strpbrk(check, "$`\"\\;&|<>(){}*?#~!\n"));
    if (*last == '\'') {
        fuzz_require(length > 2 && last[length - 1] == '\'');
        last = arena_copy_bytes(arena, last + 1, length - 2);
    }
    fuzz_require(!strchr(last, '\'') && target_parse(last, arena, &target) == NULL);
}

static void require_sound(const struct pull_error *error, struct arena *arena)
{
    fuzz_require(error->count > 0 && error->text && error->summary);
    fuzz_require(error->recognised == (pull_stage_name(error->stage) != NULL));
    fuzz_require_printable(error->text);
    fuzz_require_printable(error->host);
    fuzz_require_printable(error->image);
    fuzz_require_printable(error->summary);
    for (size_t i = 0; i < error->remedy_count; i++)
        fuzz_require_printable(error->remedy[i]);
    for (size_t i = 0; i < error->alternative_count; i++)
        fuzz_require(error->recognised && error->alternatives[i] != error->cause);
    if (error->check)
        require_safe(error->check, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pull_errors *errors = pull_errors_find((const char *)data, size, NULL);

    fuzz_require(errors && errors->count <= PULL_ERROR_MAX_ERRORS && !errors->input_truncated);
    for (size_t i = 0; i < errors->count; i++)
        require_sound(&errors->list[i], errors->arena);
    pull_errors_free(errors);
    return 0;
}
