/* SPDX-License-Identifier: MIT */
#include "daemon/watch/figures.h"

_Static_assert(EVIDENCE_MAX_PATHS <= UINT8_MAX, "a count of addresses has no room for it");

const double figures_buckets[FIGURES_BUCKET_COUNT] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                                      0.5,   0.75, 1,     2.5,  5,     7.5, 10};

void phase_histogram_add(struct phase_histogram *histogram, usec_t duration)
{
    double seconds = (double)duration / (double)USEC_PER_SEC;
    size_t bucket = 0;

    while (bucket < FIGURES_BUCKET_COUNT && seconds > figures_buckets[bucket])
        bucket++;
    histogram->counts[bucket]++;
    histogram->total++;
    histogram->sum += seconds;
}

static void add_path(struct run_figures *figures, const struct path_evidence *path)
{
    const struct certificate_evidence *certificate = &path->tls.certificate;

    if (path->views & VIEW_POD)
        figures->addresses[ROLE_POD][path->address_class]++;
    if (path->views & VIEW_HOST)
        figures->addresses[ROLE_HOST][path->address_class]++;
    if (!certificate->present ||
        (figures->has_certificate && certificate->not_after >= figures->not_after))
        return;
    figures->has_certificate = true;
    figures->not_after = certificate->not_after;
}

struct run_figures run_figures_of(const struct evidence *evidence)
{
    struct run_figures figures = {.measured_at = evidence->measured_at};

    for (int i = 0; i < PHASE_COUNT; i++) {
        usec_t duration = evidence_phase_duration(evidence, (enum phase)i);
        figures.states[i] = (uint8_t)evidence_phase_state(evidence, (enum phase)i);
        figures.durations[i] = duration < UINT32_MAX ? (uint32_t)duration : UINT32_MAX;
    }
    for (size_t i = 0; i < evidence->path_count; i++)
        add_path(&figures, &evidence->paths[i]);
    return figures;
}
