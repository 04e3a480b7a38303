/* SPDX-License-Identifier: MIT */
#include "probes/explain/pull_error.h"

#include "config/base/text.h"
#include "tests/fuzz/fuzz.h"

/* One line of printable characters in well-formed UTF-8. */
static void require_readable(const char *text)
{
    while (*text) {
        size_t length = (unsigned char)*text < 0x80 ? 1 : text_utf8_length(text);
        fuzz_require(length > 0 && *text >= (length > 1 ? -128 : ' ') && *text != 0x7f);
        text += length;
    }
}

static void require_sound(const struct pull_error *error, struct arena *arena)
{
    fuzz_require(error->count > 0 && error->text && error->summary);
    fuzz_require(error->recognised == (pull_stage_name(error->stage) != NULL));
    require_readable(error->text);
    const char *const texts[] = {error->host, error->image, error->summary};
    fuzz_require_all_printable(texts, sizeof(texts) / sizeof(texts[0]));
    fuzz_require_all_printable(error->remedy, error->remedy_count);
    for (size_t i = 0; i < error->alternative_count; i++)
        fuzz_require(error->recognised && error->alternatives[i] != error->cause);
    if (error->check)
        fuzz_require_check_command(error->check, arena);
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
