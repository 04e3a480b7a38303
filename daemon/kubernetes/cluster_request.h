/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A request to the API server of a Kubernetes cluster: a verb and a resource, as the API and RBAC
 * name them (kubernetes.io/docs/reference/using-api/api-concepts). Pure functions.
 */

#include <stdbool.h>

#include "config/base/clock.h"
#include "config/base/text.h"

#define CLUSTER_NAME_SIZE 254 /* of a name (RFC 1123 subdomain) with its NUL */
#define CLUSTER_PAGE      100 /* objects of one page of a list */

enum cluster_verb {
    CLUSTER_GET,
    CLUSTER_LIST, /* by pages */
    CLUSTER_CREATE,
    CLUSTER_PATCH, /* the body is a merge patch (RFC 7386) */
};

struct cluster_resource {
    const char *group;   /* "events.k8s.io"; "": the core group */
    const char *version; /* "v1" */
    const char *plural;  /* "pods" */
    const char *space;   /* namespace; NULL: not in a namespace, or of all namespaces */
    const char *name;    /* of GET and PATCH */
};

struct cluster_request {
    enum cluster_verb verb;
    struct cluster_resource resource;
    const char *field_selector; /* of LIST; NULL: every object */
    const char *body;           /* JSON of CREATE and PATCH */
    usec_t timeout;             /* of the whole call with all its pages; 0: 10 s */
};

/* "get", "list", "create" or "patch", as in a Role. */
const char *cluster_verb_name(enum cluster_verb verb);
const char *cluster_verb_method(enum cluster_verb verb); /* of HTTP */

/* True if `name` is an RFC 1123 subdomain, which every name and namespace in a request must be. */
bool cluster_name_is_valid(const char *name);

/* Appends the path and query of the request. `continued` is the token of the next page, or NULL.
 * False, with nothing appended, if a name is missing or not valid. */
bool cluster_request_path(const struct cluster_request *request, const char *continued,
                          struct text *ret);

/* Appends the right that the request needs: `create "events" of API group "events.k8s.io" in
 * namespace "web"`. */
void cluster_request_right(const struct cluster_request *request, struct text *ret);
