/* SPDX-License-Identifier: MIT */
/* Every text of corpus/: as it is, with other values, escaped, wrapped and cut. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/text.h"
#include "config/target.h"
#include "probes/diagnosis/words.h"
#include "probes/explain/fold.h"
#include "probes/explain/table.h"
#include "tests/support.h"
#include "tests/unit/probes/explain/pull_error_texts.h"

#define TEXT_LIMIT ((size_t)65536)
#define SEEDS      4
#define PLACES     200

typedef size_t (*variation)(const struct entry *entry, const char *text, struct values *values);

static size_t wrong_for_each(unsigned seeds, variation vary)
{
    size_t wrong = 0;

    for (size_t i = 0; i < entry_count; i++) {
        for (unsigned seed = 1; seed <= seeds; seed++) {
            struct values values = {0};
            random_seed(seed * 1000 + i);
            char *text = filled(entries[i].text, &values);
            wrong += vary(&entries[i], text, &values);
            free(text);
            free_values(&values);
        }
    }
    return wrong;
}

static size_t as_it_is(const struct entry *entry, const char *text, struct values *values)
{
    return !is_exact(entry, text, values, "as it is");
}

static void every_text_is_understood(void **unused)
{
    (void)unused;
    assert_true(entry_count >= 100);
    assert_int_equal(wrong_for_each(SEEDS, as_it_is), 0);
}

/* ---- escaped, as logs do ---- */

static char *escaped(const char *text)
{
    struct text out = TEXT_WITH_LIMIT(TEXT_LIMIT);

    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            text_append(&out, "\\");
        if (*text == '\n')
            text_append(&out, "\\n");
        else if (*text == '>' || *text == '&')
            text_append_format(&out, "\\u%04x", (unsigned)*text);
        else
            text_append_bytes(&out, text, 1);
    }
    char *copy = strdup(text_string(&out));
    text_free(&out);
    return copy;
}

static size_t with_escapes(const struct entry *entry, const char *text, struct values *values)
{
    char *once = escaped(text);
    char *twice = escaped(once);
    size_t wrong = !is_exact(entry, once, values, "escaped") +
                   !is_exact(entry, twice, values, "escaped twice");

    free(once);
    free(twice);
    return wrong;
}

static void escapes_change_nothing(void **unused)
{
    (void)unused;
    assert_int_equal(wrong_for_each(1, with_escapes), 0);
}

/* ---- wrapped ---- */

static char *wrapped_at(const char *text, size_t place, unsigned indent)
{
    char *out = malloc(strlen(text) + indent + 2);

    sprintf(out, "%.*s\n%*s%s", (int)place, text, (int)indent, "", text + place);
    return out;
}

static char *wrapped_every(const char *text, unsigned width, unsigned indent)
{
    struct text out = TEXT_WITH_LIMIT(TEXT_LIMIT);

    for (unsigned column = 0; *text; text++, column++) {
        if (column == width) {
            text_append_format(&out, "\n%*s", (int)indent, "");
            column = indent;
        }
        text_append_bytes(&out, text, 1);
        if (*text == '\n')
            column = 0;
    }
    char *copy = strdup(text_string(&out));
    text_free(&out);
    return copy;
}

static size_t is_missed(const struct entry *entry, char *wrapped)
{
    bool unknown = !entry->expected_count || strncmp(entry->expected[0], "unknown", 7) == 0;
    int recognised = recognised_in(entry, wrapped, "wrapped");

    if (!recognised && !unknown)
        print_error("%s:%u: not recognised when wrapped\n%s\n", entry->file, entry->line, wrapped);
    free(wrapped);
    return recognised < 0 || (!recognised && !unknown);
}

static size_t with_wraps(const struct entry *entry, const char *text, struct values *values)
{
    size_t wrong = 0;

    (void)values;
    for (unsigned i = 0; i < PLACES; i++)
        wrong += is_missed(entry, wrapped_at(text, below((unsigned)strlen(text)), below(30)));
    for (unsigned width = 20; width <= 120; width += 5)
        wrong += is_missed(entry, wrapped_every(text, width, width % 2 ? 0 : 10));
    return wrong;
}

static void wraps_change_nothing(void **unused)
{
    (void)unused;
    assert_int_equal(wrong_for_each(1, with_wraps), 0);
}

/* ---- cut ---- */

/* The part before the last closing quote of a URL, in which the beginning may be missing. */
static size_t last_quote(const char *text)
{
    size_t found = 0;

    for (const char *at = strstr(text, "\": "); at; at = strstr(at + 1, "\": "))
        found = (size_t)(at - text);
    return found;
}

static size_t with_cuts(const struct entry *entry, const char *text, struct values *values)
{
    size_t length = strlen(text);
    size_t wrong = 0;

    (void)values;
    for (unsigned i = 0; i < PLACES; i++) {
        char *cut = strndup(text, length < PLACES ? i % length : below((unsigned)length));
        if (*cut && strspn(cut, " \n") < strlen(cut))
            wrong += recognised_in(entry, cut, "cut") < 0;
        free(cut);
    }
    size_t quote = entry->expected_count == 1 && strncmp(entry->expected[0], "unknown", 7) != 0
                       ? last_quote(text)
                       : 0;
    for (size_t place = 0; place < quote; place += 1 + quote / PLACES)
        wrong += recognised_in(entry, text + place, "without its beginning") < 0;
    return wrong;
}

static void cuts_never_name_another_cause(void **unused)
{
    (void)unused;
    assert_int_equal(wrong_for_each(1, with_cuts), 0);
}

/* ---- the catalogue's own pull errors ---- */

static void put_sample(struct text *out, const char *name, const void *context)
{
    const enum cause *cause = context;
    const char *address = *cause == CAUSE_PRIVATE_PATH_BLOCKED ? "10.0.3.7"
                          : *cause == CAUSE_DNS_BOGUS_ADDRESS  ? "127.0.0.1"
                                                               : "43.132.7.9";

    if (strcmp(name, "endpoint") == 0)
        text_append_format(out, "%s:443", address);
    else if (strcmp(name, "resolver") == 0)
        text_append(out, "10.0.0.2:53");
    else if (strcmp(name, "status") == 0)
        text_append(out, *cause == CAUSE_NOT_A_REGISTRY ? "405" : "503");
    else if (strcmp(name, "realm") == 0)
        text_append(out, "https://auth.example.com/service/token");
    else if (strcmp(name, "error") == 0)
        text_append(out, "dial tcp 43.132.7.9:443: i/o timeout");
    else if (strcmp(name, "manifest_url") == 0)
        text_append(out, "https://acme-prod.tencentcloudcr.com/v2/team/app/manifests/1.4");
    else if (strcmp(name, "registry_url") == 0)
        text_append(out, "https://acme-prod.tencentcloudcr.com");
    else if (strcmp(name, "location") == 0)
        text_append(out, "https://b-1.cos.ap-guangzhou.myqcloud.com/data");
    else
        text_append(out, "acme-prod.tencentcloudcr.com");
}

static bool leads_back(enum cause cause, const char *text)
{
    struct pull_errors *errors = find(text);
    const struct pull_error *error = &errors->list[0];
    bool found = error->recognised && error->cause == cause;

    for (size_t i = 0; error->recognised && i < error->alternative_count; i++)
        found |= error->alternatives[i] == cause;
    if (!found)
        print_error("%s: \"%s\" is explained as %s\n", cause_name(cause), text,
                    error->recognised ? cause_name(error->cause) : "unknown");
    pull_errors_free(errors);
    return found;
}

/* Such a text cannot say that another resolver has an answer where this one has none; the end of a
 * connection has many causes. */
static bool cannot_say(enum cause cause, const char *text)
{
    return (cause == CAUSE_DNS_ANSWERS_DIFFER && strstr(text, "no such host")) ||
           cause == CAUSE_PROXY_UNREACHABLE || cause == CAUSE_PROXY_REFUSED ||
           cause == CAUSE_IMAGE_DAMAGED || cause == CAUSE_IMAGE_FORMAT_UNSUPPORTED ||
           ((cause == CAUSE_MTU_BLACK_HOLE || cause == CAUSE_SNI_FILTERED) &&
            strcmp(text, "net/http: TLS handshake timeout") != 0);
}

static void the_catalogue_and_the_readings_agree(void **unused)
{
    size_t wrong = 0;

    (void)unused;
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        const char *const *pulls = cause_words((enum cause)i)->pulls;
        for (; pulls && *pulls; pulls++) {
            struct text text = TEXT_WITH_LIMIT(4096);
            enum cause cause = (enum cause)i;
            text_append(&text, "Failed to pull image \"acme-prod.tencentcloudcr.com/a:1\": ");
            template_write(&text, *pulls, put_sample, &cause);
            if (!cannot_say(cause, text_string(&text)))
                wrong += !leads_back(cause, text_string(&text));
            text_free(&text);
        }
    }
    assert_int_equal(wrong, 0);
}

/* ---- the table ---- */

/* If two phrases match, the first counts, so a longer one comes first. */
static void no_phrase_hides_a_longer_one(void **unused)
{
    const unsigned conditions = PHRASE_WEAK | PHRASE_WORD | PHRASE_AFTER_URL | PHRASE_AT_LINE |
                                PHRASE_AFTER_COLON | PHRASE_REQUEST;
    size_t wrong = 0;

    (void)unused;
    for (size_t i = 0; i < phrase_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (phrases[j].flags & conditions || phrases[j].operations ||
                !phrase_match(phrases[i].text, phrases[j].text))
                continue;
            print_error("\"%s\" hides \"%s\"\n", phrases[j].text, phrases[i].text);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* ---- hostile texts ---- */

/* The words that a shell would make of it, with single quotes only. */
static void check_words(const char *line, char words[8][1024], size_t *ret_count)
{
    size_t count = 0;
    size_t length = 0;
    bool quoted = false;

    for (; *line; line++) {
        assert_true(count < 8 && length < 1023);
        if (*line == '\'')
            quoted = !quoted;
        else if (*line == ' ' && !quoted)
            words[count++][length] = '\0', length = 0;
        else if (quoted || !strchr("$`\"\\;&|<>()[]{}*?#~!\n\t", *line))
            words[count][length++] = *line;
        else
            fail_msg("a shell would take the %c", *line);
    }
    assert_false(quoted);
    words[count++][length] = '\0';
    *ret_count = count;
}

static void check_lines_are_safe_and_valid(void **unused)
{
    static const char *const texts[] = {
        "Failed to pull image \"[2402:4e00::1]:5000/team/app:1\": manifest unknown",
        "Failed to pull image \"a.example.com/x:1\": manifest unknown",
        "Failed to pull image \"nginx\": manifest unknown",
        "Failed to pull image \"docker.io/library/nginx:1\": manifest unknown",
        "Get \"https://a.example.com:5000/v2/team/app/manifests/1\": manifest unknown",
        ("Error response from daemon: Get \"http://10.0.0.1:5000/v2/\": dial tcp 10.0.0.1:5000: "
         "i/o timeout"),
    };
    static const char *const targets[] = {
        "[2402:4e00::1]:5000/team/app:1",     "a.example.com/x:1",
        "registry-1.docker.io/library/nginx", "registry-1.docker.io/library/nginx:1",
        "a.example.com:5000/team/app:1",      "10.0.0.1:5000",
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char words[8][1024];
        size_t count = 0;
        struct target target = {0};
        struct pull_errors *errors = find(texts[i]);
        assert_non_null(errors->list[0].check);
        check_words(errors->list[0].check, words, &count);
        assert_string_equal(words[0], "tcr-probe");
        assert_string_equal(words[1], "check");
        assert_string_equal(words[count - 1], targets[i]);
        assert_null(target_parse(words[count - 1], errors->arena, &target));
        pull_errors_free(errors);
    }
}

static void hostile_names_are_not_taken(void **unused)
{
    static const char *const names[] = {
        "$(reboot).example.com/x:1", "a.example.com/`id`:1",   "a.example.com/x:1;reboot",
        "-o.example.com/x:1",        "a.example.com/x:1'\\''", "a.example.com/x|y",
        "../../etc/passwd",          "a.example.com/x\x1b[2J", "a.example.com/x:1 --resolver",
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "Failed to pull image \"%s\": Head \"https://%s\": dial tcp 43.1.1.1:443: i/o "
                 "timeout",
                 names[i], names[i]);
        struct pull_errors *errors = find(text);
        const char *check = errors->list[0].check;
        if (check) {
            char words[8][1024];
            size_t count = 0;
            check_words(check, words, &count);
            assert_in_range(count, 3, 5);
        }
        for (const char *at = errors->list[0].text; *at; at++)
            assert_in_range(*at, ' ', '~');
        pull_errors_free(errors);
    }
}

static void secrets_are_not_repeated(void **unused)
{
    struct pull_errors *errors =
        find("failed to copy: httpReadSeeker: failed open: failed to do request: Get "
             "\"https://user:hunter2@b-1.cos.ap-guangzhou.myqcloud.com/x?q-ak=AKIDhunter2&"
             "q-signature=hunter2\": dial tcp 43.1.1.1:443: i/o timeout");
    const struct pull_error *error = &errors->list[0];

    (void)unused;
    assert_int_equal(error->cause, CAUSE_BLOB_STORE_UNREACHABLE);
    assert_string_equal(error->host, "b-1.cos.ap-guangzhou.myqcloud.com");
    assert_null(strstr(error->text, "hunter2"));
    assert_non_null(strstr(error->text, "myqcloud.com/x?...\": dial tcp"));
    pull_errors_free(errors);
}

static void limits_are_kept_and_told(void **unused)
{
    size_t size = PULL_ERROR_MAX_INPUT + 100;
    char *text = malloc(size);
    struct text many = TEXT_WITH_LIMIT(TEXT_LIMIT);

    (void)unused;
    memset(text, 'x', size);
    struct pull_errors *errors = pull_errors_find(text, size, NULL);
    assert_non_null(errors);
    assert_true(errors->input_truncated);
    pull_errors_free(errors);
    free(text);
    for (unsigned i = 0; i < PULL_ERROR_MAX_ERRORS + 9; i++)
        text_append_format(&many, "dial tcp 43.1.1.%u:443: i/o timeout\n", i);
    errors = find(text_string(&many));
    assert_int_equal(errors->count, PULL_ERROR_MAX_ERRORS);
    assert_true(errors->more);
    pull_errors_free(errors);
    text_free(&many);
}

static void configured_ranges_decide_the_class(void **unused)
{
    struct network_settings network = {.private_range_count = 1};
    static const char text[] = "dial tcp 43.1.1.1:443: i/o timeout";

    (void)unused;
    assert_true(range_parse("43.1.0.0/16", &network.private_ranges[0]));
    struct pull_errors *errors = pull_errors_find(text, strlen(text), &network);
    assert_non_null(errors);
    assert_int_equal(errors->list[0].cause, CAUSE_PRIVATE_PATH_BLOCKED);
    assert_string_equal(errors->list[0].rule, "configured private_ranges 43.1.0.0/16");
    pull_errors_free(errors);
}

/* ---- logs that are not about a pull ---- */

#define LOGS         15
#define LOG_SIZE     ((size_t)120 * 1024)
#define LINES_OF_LOG 3 /* kinds of line in one log */

/* Lines of real programs, with {numbers} and addresses that differ from line to line. */
static void put_noise(struct text *out, const char *name, const void *context)
{
    (void)context;
    if (strcmp(name, "n") == 0)
        text_append_format(out, "%02u", below(60));
    else if (strcmp(name, "id") == 0)
        text_append_format(out, "%08x", below(1U << 31));
    else
        text_append_format(out, "10.%u.%u.%u", below(256), below(256), below(256));
}

static char *noise(size_t log)
{
    static const char *const lines[] = {
        "E0301 10:{n}:{n}.000{n} 1 reflector.go:147] failed to list *v1.Pod: Get "
        "\"https://{ip}:443/api/v1/pods\": dial tcp {ip}:443: i/o timeout",
        "2026/03/01 10:{n}:{n} [error] 7#7: *{id} upstream timed out (110: Connection timed out) "
        "while connecting to upstream, client: {ip}, request: \"GET /v2/ HTTP/1.1\"",
        "Mar 01 10:{n}:{n} db sshd[{n}]: Connection reset by {ip} port 5{n} [preauth]",
        "Mar 01 10:{n}:{n} db kernel: blk_update_request: I/O error, dev sda, sector {id}",
        "2026-03-01T10:{n}:{n}.000Z WARN  [pool-{n}] c.z.hikari.pool.PoolBase - Failed to validate "
        "connection: read tcp {ip}:5432: i/o timeout",
        "time=\"2026-03-01T10:{n}:{n}Z\" level=error msg=\"write /data/{id}: no space left on "
        "device\"",
        "{ip} - - [01/Mar/2026:10:{n}:{n} +0000] \"HEAD /v2/a/b/manifests/1 HTTP/1.1\" 404 0",
        "ts=2026-03-01T10:{n}:{n}Z level=warn msg=\"scrape failed\" err=\"Get "
        "\\\"https://{ip}:9100/metrics\\\": x509: certificate signed by unknown authority\"",
        "I0301 10:{n}:{n}.000{n} 1 event.go:294] \"Event occurred\" object=\"a/b\" "
        "reason=\"Pulled\" message=\"Successfully pulled image \\\"a.example.com/b:1\\\"\"",
        "npm http fetch GET 503 https://registry.npmjs.org/{id} attempt {n} failed",
        "[INFO] Downloading from central: https://repo.example.com/{id}.jar: 401 Unauthorized",
        "2026/03/01 10:{n}:{n} http: TLS handshake error from {ip}:4{n}: remote error: tls: bad "
        "certificate",
        "redis: 2026/03/01 10:{n}:{n} pubsub.go:168: dial tcp {ip}:6379: connect: connection "
        "refused",
        "Warning Unhealthy {n}s kubelet Readiness probe failed: Get \"http://{ip}:5000/v2/\": "
        "context deadline exceeded",
        "E0301 10:{n}:{n}.000{n} 9 kubelet.go:2] \"Failed to update lease\" err=\"Put "
        "\\\"https://{ip}:6443/apis/x\\\": http2: client connection lost\"",
        "panic: dial tcp: lookup db-{id} on {ip}:53: no such host",
        "#{n} {n}.1 Err:1 http://deb.example.org bookworm InRelease 403 Forbidden",
    };
    struct text out = TEXT_WITH_LIMIT(LOG_SIZE + 1024);

    random_seed(log + 1);
    while (out.length < LOG_SIZE) {
        size_t kind = (log + below(LINES_OF_LOG)) % (sizeof(lines) / sizeof(lines[0]));
        template_write(&out, lines[kind], put_noise, NULL);
        text_append(&out, "\n");
    }
    char *copy = strdup(text_string(&out));
    text_free(&out);
    return copy;
}

static void nothing_is_found_in_other_logs(void **unused)
{
    (void)unused;
    for (size_t log = 0; log < LOGS; log++) {
        char *text = noise(log);
        struct pull_errors *errors = find(text);
        assert_true(strlen(text) >= 100000);
        if (errors->count)
            print_error("log %zu: %s\n", log, errors->list[0].text);
        assert_int_equal(errors->count, 0);
        pull_errors_free(errors);
        free(text);
    }
}

/* One error in the middle of each is found, and nothing else. */
static void an_error_is_found_in_other_logs(void **unused)
{
    static const char error[] =
        "E0301 10:11:12.000000 1 remote_image.go:180] \"PullImage from image service failed\" "
        "err=\"failed to pull and unpack image \\\"a.example.com/b:1\\\": failed to resolve "
        "reference \\\"a.example.com/b:1\\\": a.example.com/b:1: not found\" "
        "image=\"a.example.com/b:1\"\n";

    (void)unused;
    for (size_t log = 0; log < LOGS; log++) {
        struct text text = TEXT_WITH_LIMIT(2 * LOG_SIZE + 8192);
        for (unsigned half = 0; half < 2; half++) {
            char *other = noise(log + half);
            text_append(&text, other);
            text_append(&text, half ? "" : error);
            free(other);
        }
        struct pull_errors *errors = find(text_string(&text));
        for (size_t i = 1; i < errors->count; i++)
            print_error("log %zu: %s\n", log, errors->list[i].text);
        assert_int_equal(errors->count, 1);
        assert_int_equal(errors->list[0].cause, CAUSE_IMAGE_NOT_FOUND);
        assert_string_equal(errors->list[0].image, "a.example.com/b:1");
        pull_errors_free(errors);
        text_free(&text);
    }
}

/* ---- hints ---- */

#define NO_SECRET                                                                                \
    "Warning  FailedToRetrieveImagePullSecret  8s  kubelet  Unable to retrieve some image pull " \
    "secrets (regcred); attempting to pull the image may not succeed.\n"

/* A warning before the pull counts if nothing tells how the pull ended. */
static void hints_give_way(void **unused)
{
    struct pull_errors *errors = find(NO_SECRET);

    (void)unused;
    assert_int_equal(errors->count, 1);
    assert_int_equal(errors->list[0].cause, CAUSE_CREDENTIALS_MISSING);
    pull_errors_free(errors);
    errors = find(NO_SECRET "Normal  Pulled  7s  kubelet  Successfully pulled image \"a.io/b:1\"");
    assert_int_equal(errors->count, 0);
    pull_errors_free(errors);
    errors = find(NO_SECRET "Warning  Failed  7s  kubelet  Failed to pull image \"a.io/b:1\": "
                            "manifest unknown\nWarning  Failed  7s  kubelet  Error: ErrImagePull");
    assert_int_equal(errors->count, 1);
    assert_int_equal(errors->list[0].cause, CAUSE_IMAGE_NOT_FOUND);
    pull_errors_free(errors);
}

/* Docker's daemon says the general reason first. */
static void the_registrys_reason_counts(void **unused)
{
    static const struct {
        const char *reason;
        enum cause cause;
    } cases[] = {
        {"", CAUSE_INSUFFICIENT_SCOPE},
        {": denied: requested access to the resource is denied", CAUSE_INSUFFICIENT_SCOPE},
        {": denied: Your authorization token has expired. Reauthenticate and try again.",
         CAUSE_CREDENTIALS_REJECTED},
        {": unauthorized: incorrect username or password", CAUSE_CREDENTIALS_REJECTED},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text),
                 "pull access denied for a.io/b, repository does not exist or may require "
                 "'docker login'%s\n",
                 cases[i].reason);
        struct pull_errors *errors = find(text);
        assert_int_equal(errors->count, 1);
        assert_int_equal(errors->list[0].cause, cases[i].cause);
        assert_string_equal(errors->list[0].image, "a.io/b");
        pull_errors_free(errors);
    }
}

/* ---- what is in front of each line ---- */

/* A wrap within a time or a quote mark destroys it, so these are no texts of the corpus. */
static void times_and_quote_marks_are_no_part_of_the_text(void **unused)
{
    static const struct {
        const char *text;
        enum cause cause;
        const char *image;
    } cases[] = {
        {"> dial tcp 43.1.2.3:443: i/o timeout", CAUSE_PUBLIC_PATH_BLOCKED, NULL},
        {"```\ndial tcp 43.1.2.3:443: i/o timeout\n```", CAUSE_PUBLIC_PATH_BLOCKED, NULL},
        {"2026-03-01T10:11:12Z dial tcp 10.1.2.3:443: i/o timeout", CAUSE_PRIVATE_PATH_BLOCKED,
         NULL},
        {"443: i/o timeout", CAUSE_PUBLIC_PATH_BLOCKED, NULL},
        {":443: i/o timeout", CAUSE_PUBLIC_PATH_BLOCKED, NULL},
        {"2026-03-01T10:11:13Z Error: initializing source docker://a.io/b:1: reading manifest 1 in "
         "a.io/b: errors:\n"
         "2026-03-01T10:11:13Z denied: requested access to the resource is denied\n"
         "2026-03-01T10:11:13Z unauthorized: authentication required\n",
         CAUSE_INSUFFICIENT_SCOPE, "a.io/b:1"},
        {"Mar  1 10:11:12 n1 podman[42]: Error: reading manifest 1 in a.io/b: errors:\n"
         "Mar  1 10:11:12 n1 podman[42]: denied: requested access to the resource is denied\n"
         "Mar  1 10:11:12 n1 podman[42]: unauthorized: authentication required\n",
         CAUSE_INSUFFICIENT_SCOPE, NULL},
        {"> Failed to pull image \"a.io/b:1\": failed to\n> resolve reference\n"
         "> \"a.io/b:1\": a.io/b:1: not found\n",
         CAUSE_IMAGE_NOT_FOUND, "a.io/b:1"},
        {"web-0  | Pulling web (a.io/b:1)...\nweb-0  | ERROR: manifest unknown\n",
         CAUSE_IMAGE_NOT_FOUND, "a.io/b:1"},
        {"00Z\n2026-03-01T10:11:12.1Z     message: 'Failed to pull image \"a.io/b:1\": failed to\n"
         "2026-03-01T10:11:12.1Z       resolve reference \"a.io/b:1\": a.io/b:1: not found'\n",
         CAUSE_IMAGE_NOT_FOUND, "a.io/b:1"},
        {"[build : step] $ docker pull a.io/b:1\n[build : step] manifest unknown\n",
         CAUSE_IMAGE_NOT_FOUND, "a.io/b:1"},
        {"docker pull a.io/b/c:1\nError: image b/c:1 not found\n", CAUSE_IMAGE_NOT_FOUND,
         "a.io/b/c:1"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pull_errors *errors = find(cases[i].text);
        const struct pull_error *error = &errors->list[0];
        if (errors->count != 1 || error->cause != cases[i].cause)
            print_error("%zu errors in %s\n", errors->count, cases[i].text);
        assert_int_equal(errors->count, 1);
        assert_int_equal(error->cause, cases[i].cause);
        if (cases[i].image)
            assert_string_equal(error->image, cases[i].image);
        pull_errors_free(errors);
    }
}

/* ---- short of memory ---- */

static void survives_every_failed_allocation(void **unused)
{
    static const char text[] =
        "failed to resolve reference \"a.example.com/x:1\": failed to do request: Head "
        "\"https://a.example.com/v2/x/manifests/1\": dial tcp: lookup a.example.com on "
        "10.0.0.2:53: "
        "no such host";
    bool failed = true;

    (void)unused;
    for (unsigned long n = 1; failed; n++) {
        fault_begin_lasting(n);
        struct pull_errors *errors = pull_errors_find(text, strlen(text), NULL);
        failed = fault_end();
        if (errors)
            assert_int_equal(errors->list[0].cause, CAUSE_DNS_NAME_NOT_FOUND);
        else
            assert_true(failed);
        pull_errors_free(errors);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_understood),
        cmocka_unit_test(escapes_change_nothing),
        cmocka_unit_test(wraps_change_nothing),
        cmocka_unit_test(cuts_never_name_another_cause),
        cmocka_unit_test(the_catalogue_and_the_readings_agree),
        cmocka_unit_test(no_phrase_hides_a_longer_one),
        cmocka_unit_test(check_lines_are_safe_and_valid),
        cmocka_unit_test(hostile_names_are_not_taken),
        cmocka_unit_test(secrets_are_not_repeated),
        cmocka_unit_test(limits_are_kept_and_told),
        cmocka_unit_test(configured_ranges_decide_the_class),
        cmocka_unit_test(nothing_is_found_in_other_logs),
        cmocka_unit_test(an_error_is_found_in_other_logs),
        cmocka_unit_test(hints_give_way),
        cmocka_unit_test(the_registrys_reason_counts),
        cmocka_unit_test(times_and_quote_marks_are_no_part_of_the_text),
        cmocka_unit_test(survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, read_entries, free_entries);
}
