/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/cluster_request.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *name;
    const char *method;
} verbs[] = {
    [CLUSTER_GET] = {"get", "GET"},
    [CLUSTER_LIST] = {"list", "GET"},
    [CLUSTER_CREATE] = {"create", "POST"},
    [CLUSTER_PATCH] = {"patch", "PATCH"},
};

const char *cluster_verb_name(enum cluster_verb verb)
{
    return verbs[verb].name;
}

const char *cluster_verb_method(enum cluster_verb verb)
{
    return verbs[verb].method;
}

static bool is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool cluster_name_is_valid(const char *name)
{
    size_t length = name ? strlen(name) : 0;

    if (!length || length >= CLUSTER_NAME_SIZE || !is_lower_alnum(name[length - 1]))
        return false;
    for (size_t i = 0; i < length; i++) {
        bool inside = i && name[i - 1] != '.';
        if (!is_lower_alnum(name[i]) && !(inside && (name[i] == '.' || name[i] == '-')))
            return false;
        if (name[i] == '.' && name[i - 1] == '-')
            return false;
    }
    return true;
}

/* Percent-encodes everything but the unreserved characters (RFC 3986 section 2.3). */
static void append_query_encoded(struct text *text, const char *value)
{
    for (; *value; value++) {
        if (isalnum((unsigned char)*value) || strchr("-._~", *value))
            text_append_bytes(text, value, 1);
        else
            text_append_format(text, "%%%02X", (unsigned)(unsigned char)*value);
    }
}

static void append_list_query(const struct cluster_request *request, const char *continued,
                              struct text *text)
{
    text_append_format(text, "?limit=%d", CLUSTER_PAGE);
    if (request->field_selector) {
        text_append(text, "&fieldSelector=");
        append_query_encoded(text, request->field_selector);
    }
    if (continued) {
        text_append(text, "&continue=");
        append_query_encoded(text, continued);
    }
}

bool cluster_request_path(const struct cluster_request *request, const char *continued,
                          struct text *ret)
{
    const struct cluster_resource *resource = &request->resource;
    bool named = request->verb == CLUSTER_GET || request->verb == CLUSTER_PATCH;

    if ((named && !cluster_name_is_valid(resource->name)) ||
        (resource->space && !cluster_name_is_valid(resource->space)))
        return false;
    if (*resource->group)
        text_append_format(ret, "/apis/%s/%s", resource->group, resource->version);
    else
        text_append_format(ret, "/api/%s", resource->version);
    if (resource->space)
        text_append_format(ret, "/namespaces/%s", resource->space);
    text_append_format(ret, "/%s", resource->plural);
    if (named)
        text_append_format(ret, "/%s", resource->name);
    if (request->verb == CLUSTER_LIST)
        append_list_query(request, continued, ret);
    return true;
}

void cluster_request_right(const struct cluster_request *request, struct text *ret)
{
    const struct cluster_resource *resource = &request->resource;

    text_append_format(ret, "%s \"%s\" of API group \"%s\"", cluster_verb_name(request->verb),
                       resource->plural, resource->group);
    if (resource->space)
        text_append_format(ret, " in namespace \"%s\"", resource->space);
}
