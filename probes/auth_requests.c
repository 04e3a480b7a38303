/* What a token service is asked, and how the key is written. */

#include <string.h>

#include "config/base/text.h"
#include "probes/registry/base64.h"
#include "probes/registry_run.h"

#define MAX_QUERY 8192
#define MAX_FORM  24576

static void append_encoded(struct text *text, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (; *value; value++)
        if (strchr(plain, *value))
            text_append_bytes(text, value, 1);
        else
            text_append_format(text, "%%%02X", (unsigned)(unsigned char)*value);
}

static void append_parameter(struct text *text, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    text_append_format(text, "%s%s=", text->length ? "&" : "", name);
    append_encoded(text, value);
}

/* The scope of the image under way, or NULL. */
static const char *wanted_scope(struct registry_run *registry)
{
    const struct auth_run *auth = &registry->auth;

    if (auth->checks_key || auth->image >= registry->evidence->image_count)
        return NULL;
    return arena_format(registry->secrets, "repository:%s:pull",
                        registry->images[auth->image].repository);
}

/* The text among the secrets; NULL when it is too long or memory is short. */
static const char *keep_secret(struct registry_run *registry, struct text *text)
{
    const char *kept =
        text_truncated(text) ? NULL : arena_copy_text(registry->secrets, text_string(text));

    text_free(text);
    return kept;
}

const char *auth_request_path(struct registry_run *registry)
{
    struct text query = TEXT_WITH_LIMIT(MAX_QUERY);
    const char *path = registry->auth.realm.path;

    append_parameter(&query, "service", registry->challenge.service);
    append_parameter(&query, "scope", wanted_scope(registry));
    const char *kept = keep_secret(registry, &query);
    if (!kept || !*kept)
        return kept ? path : NULL;
    return arena_format(registry->secrets, "%s%c%s", path, strchr(path, '?') ? '&' : '?', kept);
}

const char *auth_request_form(struct registry_run *registry)
{
    struct text form = {.limit = MAX_FORM, .secret = true};
    const struct credentials *key = &registry->auth.key;
    bool has_user = *key->username != '\0';

    append_parameter(&form, "grant_type", has_user ? "password" : "refresh_token");
    append_parameter(&form, "service", registry->challenge.service);
    append_parameter(&form, "client_id", "tcr-probe");
    append_parameter(&form, "scope", wanted_scope(registry));
    append_parameter(&form, "username", key->username);
    append_parameter(&form, has_user ? "password" : "refresh_token", key->secret);
    return keep_secret(registry, &form);
}

const char *auth_basic_header(struct registry_run *registry)
{
    const struct credentials *key = &registry->auth.key;
    const char *pair = arena_format(registry->secrets, "%s:%s", key->username, key->secret);
    const char *encoded = pair ? base64_encode(pair, strlen(pair), registry->secrets) : NULL;

    return encoded ? registry_authorization(registry, "Basic", encoded) : NULL;
}
