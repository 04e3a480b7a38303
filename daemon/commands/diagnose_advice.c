/* SPDX-License-Identifier: MIT */
#include "daemon/commands/diagnose_advice.h"

#include <string.h>

#define WORD_LIMIT 2048
#define LINE_LIMIT 65536
#define IMAGE      "tcr-probe:" TCRPROBE_VERSION

/* ---- words ---- */

static void add_raw(struct shell_line *line, const char *word)
{
    if (word && line->count < SHELL_MAX_WORDS)
        line->words[line->count++] = word;
}

static void add_word(struct shell_line *line, const char *word)
{
    struct text text = TEXT_WITH_LIMIT(WORD_LIMIT);

    text_append_shell_word(&text, word);
    if (!text_truncated(&text))
        add_raw(line, arena_copy_text(line->arena, text_string(&text)));
    text_free(&text);
}

/* An option and its value stay on one line. */
static void add_option(struct shell_line *line, const char *option, const char *value)
{
    struct text text = TEXT_WITH_LIMIT(WORD_LIMIT);

    text_append_format(&text, "%s ", option);
    text_append_shell_word(&text, value);
    if (!text_truncated(&text))
        add_raw(line, arena_copy_text(line->arena, text_string(&text)));
    text_free(&text);
}

static void add_shell_words(struct shell_line *line, const char *const *words)
{
    for (; *words; words++)
        add_raw(line, *words);
}

/* ---- the check ---- */

static bool same_options(const struct target *a, const struct target *b)
{
    return a->plain_http == b->plain_http && a->insecure_skip_verify == b->insecure_skip_verify;
}

bool advise_is_first(const struct settings *settings, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (same_options(&settings->targets[i], &settings->targets[index]))
            return false;
    return true;
}

static void add_resolvers(struct shell_line *line, const char *option,
                          const struct endpoint *resolvers, size_t count)
{
    char buffer[ENDPOINT_TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        bool standard = resolvers[i].port == 53;
        add_option(line, option,
                   standard ? address_format(&resolvers[i].address, buffer)
                            : endpoint_format(&resolvers[i], buffer));
    }
}

static void add_settings(struct shell_line *line, const struct network_settings *network,
                         const struct target *target)
{
    if (network->profile != PROFILE_NONE)
        add_option(line, "--profile", profile_name(network->profile));
    add_resolvers(line, "--host-resolver", network->host_resolvers, network->host_resolver_count);
    add_resolvers(line, "--resolver", network->pod_resolvers, network->pod_resolver_count);
    if (target->plain_http)
        add_raw(line, "--plain-http");
    if (target->insecure_skip_verify)
        add_raw(line, "--insecure-skip-verify");
}

/* The registry, or an image of it. */
static void add_target_word(struct shell_line *line, const struct target *target, const char *image)
{
    char host[HOST_PORT_SIZE];
    const char *place =
        host_port_short(target->host, target->port, target->plain_http ? 80 : 443, host);
    bool bare = !strpbrk(target->host, ".:"); /* a dot keeps it from being an instance's name */

    if (image && bare)
        place = host_port_format(target->host, target->port, host);
    else if (bare)
        place = arena_format(line->arena, "%s.:%u", target->host, (unsigned)target->port);
    if (place)
        add_word(line, image ? arena_format(line->arena, "%s/%s", place, image) : place);
}

static void add_target_words(struct shell_line *line, const struct settings *settings, size_t index,
                             bool images)
{
    for (size_t i = index; i < settings->target_count; i++) {
        const struct target *target = &settings->targets[i];
        if (!same_options(target, &settings->targets[index]))
            continue;
        if (!images)
            add_target_word(line, target, NULL);
        for (size_t n = 0; images && n < target->image_count; n++)
            add_target_word(line, target, target->images[n]);
    }
}

void advise_debug(struct shell_line *line, const struct pod_case *known,
                  const struct settings *settings, size_t index)
{
    static const char *const begin[] = {"kubectl", "debug", "-it", NULL};
    static const char *const check[] = {"--image " IMAGE, "--", "tcr-probe check", NULL};

    add_shell_words(line, begin);
    add_option(line, "-n", known->pod.namespace);
    add_word(line, known->pod.name);
    add_shell_words(line, check);
    add_settings(line, &settings->network, &settings->targets[index]);
    add_target_words(line, settings, index, known->secret_count == 0);
}

static const char *key_file(const struct pull_secret *secret, struct arena *arena)
{
    return arena_format(arena, "./%s.json", secret->name);
}

/* Secrets that the kubelet would use too. */
static bool may_have_key(const struct pull_secret *secret)
{
    return secret->state != SECRET_NOT_FOUND && secret->state != SECRET_NO_KEY;
}

void advise_check(struct shell_line *line, const struct pod_case *known,
                  const struct settings *settings, size_t index)
{
    add_raw(line, "tcr-probe check");
    add_settings(line, &settings->network, &settings->targets[index]);
    for (size_t i = 0; i < known->secret_count; i++)
        if (may_have_key(&known->secrets[i]))
            add_option(line, "--docker-config", key_file(&known->secrets[i], line->arena));
    add_target_words(line, settings, index, true);
}

void advise_save_key(struct shell_line *line, const struct pod_case *known, size_t secret)
{
    /* Either type of such a Secret has one member. */
    static const char *const rest[] = {"-o jsonpath='{.data.*}'", "|", "base64 -d", ">", NULL};

    if (!may_have_key(&known->secrets[secret]))
        return;
    add_raw(line, "kubectl get secret");
    add_option(line, "-n", known->pod.namespace);
    add_word(line, known->secrets[secret].name);
    add_shell_words(line, rest);
    add_word(line, key_file(&known->secrets[secret], line->arena));
}

/* ---- output ---- */

const char *shell_line_joined(const struct shell_line *line)
{
    struct text text = TEXT_WITH_LIMIT(LINE_LIMIT);

    for (size_t i = 0; i < line->count; i++)
        text_append_format(&text, "%s%s", i ? " " : "", line->words[i]);
    const char *joined = arena_copy_text(line->arena, text_string(&text));
    text_free(&text);
    return joined;
}

void shell_line_write(struct text *text, const struct shell_line *line, size_t indent, size_t width)
{
    size_t column = indent;

    text_append_format(text, "%*s", (int)indent, "");
    for (size_t i = 0; i < line->count; i++) {
        size_t length = strlen(line->words[i]);
        bool last = i + 1 == line->count;
        if (i && column + 1 + length + (last ? 0 : 2) > width) {
            text_append_format(text, " \\\n%*s", (int)indent + 2, "");
            column = indent + 2;
        } else if (i) {
            text_append(text, " ");
            column++;
        }
        text_append(text, line->words[i]);
        column += length;
    }
    text_append(text, "\n");
}

const char *advise_rule(const struct missing_right *right, struct arena *arena)
{
    const char *names =
        right->name ? arena_format(arena, ", resourceNames: [%s]", right->name) : "";

    return arena_format(arena, "- {apiGroups: [\"%s\"], resources: [%s], verbs: [%s]%s}",
                        right->group, right->resource, right->verb, names ? names : "");
}
