/* SPDX-License-Identifier: MIT */
/* The parts of a token request, written as containerd writes them. */

#include <string.h>

#include "config/base/text.h"
#include "probes/run/registry_request.h"

#define MAX_QUERY 8192
#define MAX_FORM  24576

static void append_encoded(struct text *text, const char *value, size_t length)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (size_t i = 0; i < length; i++)
        if (strchr(plain, value[i]))
            text_append_bytes(text, &value[i], 1);
        else
            text_append_format(text, "%%%02X", (unsigned)(unsigned char)value[i]);
}

static void append_part(struct text *text, const char *name, const char *value, size_t length)
{
    text_append_format(text, "%s%s=", text->length ? "&" : "", name);
    append_encoded(text, value, length);
}

static void append_parameter(struct text *text, const char *name, const char *value)
{
    if (value && *value)
        append_part(text, name, value, strlen(value));
}

/* One parameter for each scope. */
static void append_scopes(struct text *text, const char *scopes)
{
    while (scopes && *scopes) {
        size_t length = strcspn(scopes, " ");
        if (length)
            append_part(text, "scope", scopes, length);
        scopes += length + (scopes[length] == ' ');
    }
}

/* The text among the secrets; NULL when it is too long or memory is short. */
static const char *keep_secret(struct auth_run *auth, struct text *text)
{
    const char *kept =
        text_truncated(text) ? NULL : arena_copy_text(auth->registry->secrets, text_string(text));

    text_free(text);
    return kept;
}

const char *auth_request_path(struct auth_run *auth, bool with_scope)
{
    struct text query = TEXT_WITH_LIMIT(MAX_QUERY);
    const char *path = auth->realm.path;

    append_parameter(&query, "service", auth->challenge.service);
    if (with_scope)
        append_scopes(&query, auth->scopes);
    const char *kept = keep_secret(auth, &query);
    if (!kept || !*kept)
        return kept ? path : NULL;
    return arena_format(auth->registry->secrets, "%s%c%s", path, strchr(path, '?') ? '&' : '?',
                        kept);
}

const char *auth_request_form(struct auth_run *auth, bool with_scope)
{
    struct text form = TEXT_WITH_LIMIT(MAX_FORM);

    append_parameter(&form, "grant_type", "password");
    append_parameter(&form, "service", auth->challenge.service);
    append_parameter(&form, "client_id", "tcr-probe");
    append_parameter(&form, "scope", with_scope ? auth->scopes : NULL);
    append_parameter(&form, "username", auth->key.username);
    append_parameter(&form, "password", auth->key.secret);
    return keep_secret(auth, &form);
}
