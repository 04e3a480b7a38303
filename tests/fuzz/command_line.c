/* SPDX-License-Identifier: MIT */
/* A command line and an environment, one word or variable a line, given to every command. */

#include <string.h>

#include "config/base/memory.h"
#include "config/effective.h"
#include "config/invocation.h"
#include "tests/fuzz/fuzz.h"

#define MAX_WORDS 24

/* Every error is a line that a terminal shows as it is. */
static struct settings *load(int count, char **words, char **variables)
{
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;

    int status = settings_load(count, words, variables, &invocation, &settings, &errors);
    fuzz_require((status == 0) == (errors.count == 0));
    for (size_t i = 0; i < errors.count && i < CONFIG_MAX_ERRORS; i++)
        fuzz_require(errors.messages[i] && text_is_plain(errors.messages[i]));
    config_errors_free(&errors);
    return settings;
}

/* The printed configuration loads again and means the same, but for a proxy's user and password. */
static void require_same_again(const struct settings *settings)
{
    bool whole = !strchr(settings->network.proxy, '@');
    struct text text = TEXT_WITH_LIMIT(1 << 20);
    struct text again = TEXT_WITH_LIMIT(1 << 20);

    settings_print(settings, &text);
    char *words[] = {(char[]){"tcr-probe"}, (char[]){"config"}, (char[]){"--config"},
                     (char *)(uintptr_t)fuzz_file((const uint8_t *)text_string(&text), text.length),
                     NULL};
    struct settings *loaded = load(4, words, &(char *){NULL});
    fuzz_require(loaded && loaded->target_count == settings->target_count);
    fuzz_require(!whole || network_equal(&loaded->network, &settings->network));
    for (size_t i = 0; i < settings->target_count; i++)
        fuzz_require(target_equal(&loaded->targets[i], &settings->targets[i]));
    settings_print(loaded, &again);
    fuzz_require(!whole || strcmp(text_string(&again), text_string(&text)) == 0);
    settings_release(loaded);
    text_free(&text);
    text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_text(data, size);
    char *rest = copy;
    char *words[MAX_WORDS + 3] = {(char[]){"tcr-probe"}, NULL};
    char *variables[MAX_WORDS + 1] = {NULL};
    size_t variable_count = 0;
    int count = 2;

    for (char *line; (line = strsep(&rest, "\n")) && count < MAX_WORDS + 2;) {
        if (strncmp(line, "TCR_PROBE_", 10) != 0)
            words[count++] = line;
        else if (variable_count < MAX_WORDS)
            variables[variable_count++] = line;
    }
    for (int command = 0; command < COMMAND_COUNT; command++) {
        char name[16];
        strcpy(name, command_table[command].name);
        words[1] = name;
        struct settings *settings = load(count, words, variables);
        if (settings && command == COMMAND_CONFIG)
            require_same_again(settings);
        settings_release(settings);
    }
    memory_release(copy);
    return 0;
}
