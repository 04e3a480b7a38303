/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The words of the causes: one entry for each, and how an entry becomes the words of a finding
 * (probes/diagnosis) or of an explained pull error (probes/explain).
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/base/arena.h"
#include "config/base/text.h"
#include "probes/diagnosis/catalogue.h"
#include "probes/diagnosis/fact.h"

#define LINE_MAX_FACTS 6

/* A text with {placeholders} that applies when every fact of `all` is true and none of `none` is.
 * A NULL text ends a list. */
struct line {
    const char *text;
    enum fact all[LINE_MAX_FACTS];
    enum fact none[LINE_MAX_FACTS];
};

#define LINE(...)           \
    {                       \
        .text = __VA_ARGS__ \
    }
#define ALL(...)  .all = {__VA_ARGS__}
#define NONE(...) .none = {__VA_ARGS__}

/* Whole lists, with their ends. */
#define LINES(...) ((const struct line[]){__VA_ARGS__, LINE(NULL)})
#define STEPS(...) ((const struct line *const[]){__VA_ARGS__, NULL})
#define PULLS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Options that `tcr-probe check` needs so that it can see the cause. */
enum check_option {
    CHECK_WITH_PROFILE = 1 << 0, /* the host's resolvers, and controls */
    CHECK_WITH_IMAGE = 1 << 1,   /* the manifest and a layer */
    CHECK_WITH_KEY = 1 << 2,     /* the credentials that pulls use */
};

/* Parts of the evidence that a finding lists. */
enum shown {
    SHOW_DNS = 1 << 0,
    SHOW_VPC_NAME = 1 << 1,
    SHOW_PATHS = 1 << 2,
    SHOW_CONTROLS = 1 << 3,
    SHOW_REGISTRY = 1 << 4,
    SHOW_CERTIFICATES = 1 << 5,
    SHOW_CLOCKS = 1 << 6,
    SHOW_CLIENTS = 1 << 7,
    SHOW_NODE = 1 << 8
};

struct cause_words {
    const char *docs;  /* CAUSE_DOCS and the id */
    const char *title; /* one sentence that is true of every case, without a placeholder */
    const struct line
        *says; /* the sentence of a finding: the first that applies; NULL: the title */
    const char *const *pulls; /* examples of pull errors, with placeholders; NULL: pulls work, or
                               * they fail without an error of their own */
    const struct line *const *steps; /* lists in order; a line that ends in a colon titles those
                                      * after it */
    const char *why;                 /* the reason, and how it differs from similar causes */
    const char *verify;              /* the line of a check that shows that it is fixed */
    unsigned check;                  /* of check_option */
    unsigned shown;                  /* of shown */
};

#define CAUSE_DOCS "tcr-probe explain "

/* Never NULL. */
const struct cause_words *cause_words(enum cause cause);

/* The entries, each table from one cause on, in the order of the catalogue. */
extern const struct cause_words words_names[];       /* from pod_network_blocked */
extern const struct cause_words words_connections[]; /* from private_dns_not_enabled */
extern const struct cause_words words_handshakes[];  /* from tls_timeout */
extern const struct cause_words words_registry[];    /* from not_a_registry */
extern const struct cause_words words_rest[];        /* from clients_differ */
#define WORDS_CONNECTIONS_FIRST CAUSE_PRIVATE_DNS_NOT_ENABLED
#define WORDS_HANDSHAKES_FIRST  CAUSE_TLS_TIMEOUT
#define WORDS_REGISTRY_FIRST    CAUSE_NOT_A_REGISTRY
#define WORDS_REST_FIRST        CAUSE_CLIENTS_DIFFER

extern const struct line steps_private_linkage[]; /* of causes in more than one table */
extern const struct line steps_resolver_access[];

/* The steps against questions that a resolver leaves without an answer while it answers others. */
#define STEPS_UNANSWERED                                                                         \
    LINE("Let {resolver} answer for every domain of the search list (\"no such name\" is an "    \
         "answer), or take the domain that gets none out of it: \"search\" in "                  \
         "/etc/resolv.conf, dnsConfig of a pod.",                                                \
         ALL(FACT_QUESTION_UNANSWERED, FACT_SEARCH_UNANSWERED)),                                 \
        LINE("Find out why {resolver} drops this question (often the one for AAAA), and let it " \
             "answer, even without an address.",                                                 \
             ALL(FACT_QUESTION_UNANSWERED), NONE(FACT_SEARCH_UNANSWERED))

/* ---- from entries to words ---- */

/* Appends `template`; `put` writes the value of each {placeholder}. */
typedef void (*template_put)(struct text *out, const char *name, const void *context);
void template_write(struct text *out, const char *template, template_put put, const void *context);

/* Who speaks: which facts are true, and the values of the placeholders. */
struct speaker {
    bool (*is)(enum fact fact, const void *context);
    template_put put;
    const void *context;
    struct arena *arena; /* owns the words */
};

/* NULL when memory is short. */
const char *speaker_fill(const struct speaker *speaker, const char *template);
const char *speaker_sentence(const struct speaker *speaker, enum cause cause);

/* True of a step that titles those after it. NULL is allowed. */
bool step_is_title(const char *step);

/* Appends the steps that apply to `lines`, at most up to `max` of them all, and returns how many
 * lines there are then. A title without a step after it is left out. */
size_t speaker_steps(const struct speaker *speaker, enum cause cause, const char **lines,
                     size_t count, size_t max);
