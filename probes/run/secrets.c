/* SPDX-License-Identifier: MIT */
#include "probes/run/secrets.h"

#include <string.h>

#include "config/base/text.h"
#include "probes/registry/base64.h"

#define SECRETS_LIMIT ((size_t)4 * 1024 * 1024) /* keys of all docker configs, at their longest */

static bool is_word_of_settings(const struct target *target, const char *secret)
{
    if (strcasestr(target->host, secret) || strcasestr(target->name, secret))
        return true;
    for (size_t i = 0; i < target->image_count; i++)
        if (strcasestr(target->images[i], secret))
            return true;
    return false;
}

static void add_secret(struct probe_run *run, const char *secret, size_t length, size_t named)
{
    struct text copy = TEXT_WITH_LIMIT(SECRETS_LIMIT);

    text_append_bytes(&copy, secret, length);
    if (!is_word_of_settings(run->target, text_string(&copy)))
        redactor_add(&run->redactor, secret, length, named);
    text_free(&copy);
}

void run_add_secret(struct probe_run *run, const char *secret, size_t length)
{
    add_secret(run, secret, length, 0);
}

static void add_text(struct probe_run *run, const char *secret, size_t named)
{
    if (secret)
        add_secret(run, secret, strlen(secret), named);
    else
        run->redactor.failed = true;
}

void run_add_key(struct probe_run *run, const struct credentials *key)
{
    if (!key->secret || !*key->secret)
        return;
    struct arena *secrets = arena_new(0);
    const char *username = key->username ? key->username : "";
    const char *pair = secrets ? arena_format(secrets, "%s:%s", username, key->secret) : NULL;
    size_t named = strlen(username) + 1;
    add_text(run, key->secret, 0);
    add_text(run, pair, named);
    add_text(run, pair ? base64_encode(pair, strlen(pair), secrets) : NULL, (named * 8 + 5) / 6);
    arena_free(secrets);
}

void run_add_query(struct probe_run *run, const struct url *url)
{
    const char *query = url->path ? strchr(url->path, '?') : NULL;

    while (query && *query) {
        const char *part = query + 1;
        size_t size = strcspn(part, "&");
        size_t name = strcspn(part, "=&");
        if (name < size && !memmem(url->host, strlen(url->host), part + name + 1, size - name - 1))
            run_add_secret(run, part + name + 1, size - name - 1);
        query = part + size;
    }
}

static void add_keys_of_files(struct probe_run *run)
{
    const struct target *target = run->target;
    struct arena *secrets = arena_new(SECRETS_LIMIT);
    struct keyring keyring = {0};

    if (secrets)
        keyring_read(&keyring, target->docker_configs, target->docker_config_count, secrets);
    for (size_t i = 0; i < keyring.count; i++)
        run_add_key(run, &keyring.entries[i].key);
    arena_free(secrets);
}

static void add_key_of_node(struct probe_run *run, const struct puller_key *given)
{
    struct arena *secrets = given->is_set ? arena_new(SECRETS_LIMIT) : NULL;
    struct credentials key;

    if (secrets &&
        credentials_of_parts(given->username, given->password, given->auth, secrets, &key))
        run_add_key(run, &key);
    arena_free(secrets);
}

/* Further header lines of the node's settings: the whole value, and what follows a scheme in it. */
static void add_headers(struct probe_run *run, const char *line)
{
    while (line && *line) {
        size_t size = strcspn(line, "\r");
        const char *value = memchr(line, ' ', size);
        const char *end = line + size;
        for (; value; value = memchr(value, ' ', (size_t)(end - value))) {
            value++;
            run_add_secret(run, value, (size_t)(end - value));
        }
        line = *end ? end + 2 : end;
    }
}

static void redact(char *text, void *context)
{
    redactor_apply(context, text);
}

void run_redact(struct probe_run *run)
{
    if (run->target->docker_config_count)
        add_keys_of_files(run);
    if (run->puller) {
        add_headers(run, run->puller->headers);
        add_key_of_node(run, &run->puller->key);
    }
    if (run->redactor.arena || run->redactor.failed)
        evidence_each_text(run->evidence, redact, &run->redactor);
}
