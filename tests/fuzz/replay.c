/* SPDX-License-Identifier: MIT */
#include "daemon/report/replay.h"
#include "daemon/report/report.h"
#include "tests/fuzz/fuzz.h"

/* A saved report may come from anywhere; it is judged, and shown on a terminal. */
static void judge(const struct evidence *evidence, const struct target *target)
{
    struct diagnosis *diagnosis = diagnose(evidence, target);
    struct target_report report = {target, evidence, diagnosis};
    struct text text = TEXT_WITH_LIMIT(1 << 20);

    report_text(&text, &report, 1, &(struct report_style){.width = 80});
    for (const char *byte = text_string(&text); *byte; byte++)
        fuzz_require(*byte == '\n' || (unsigned char)*byte >= ' ');
    json_decref(report_json_target(&report));
    text_free(&text);
    diagnosis_free(diagnosis);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replay *replay = NULL;
    char error[256];

    if (replay_read(fuzz_file(data, size), &replay, error, sizeof(error)) == 0)
        for (size_t i = 0; i < replay_count(replay); i++)
            judge(replay_evidence(replay, i), replay_target(replay, i));
    replay_free(replay);
    return 0;
}
