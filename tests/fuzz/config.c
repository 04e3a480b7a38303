/* SPDX-License-Identifier: MIT */
#include "config/effective.h"
#include "config/invocation.h"
#include "tests/fuzz/fuzz.h"

static struct settings *load(const void *data, size_t size)
{
    const char *words[] = {"tcr-probe", "config", "--config", fuzz_file(data, size), NULL};
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;
    settings_load(4, (char **)(uintptr_t)words, &(char *){NULL}, &invocation, &settings, &errors);
    fuzz_require((settings != NULL) == (errors.count == 0));
    config_errors_free(&errors);
    return settings;
}

/* Accepted settings are printed so that they are accepted again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings *settings = load(data, size);
    struct text text = TEXT_WITH_LIMIT(1 << 20);
    if (settings) {
        settings_print(settings, &text);
        settings_release(settings);
        fuzz_require((settings = load(text_string(&text), text.length)) != NULL);
    }
    settings_release(settings);
    text_free(&text);
    return 0;
}
