/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The place and the settings of the client that pulls, as far as they differ from this process. A
 * zeroed struct is this process: its files, its environment, a registry at /v2. Everything is
 * borrowed.
 */

/* As golang.org/x/net/http/httpproxy reads them. */
struct proxy_variables {
    const char *https;
    const char *http;
    const char *no_proxy;
    const char *https_source; /* name of the variable and its file */
    const char *http_source;
};

/* Added to what a client trusts, and shows, by the files of one registry. */
struct puller_tls {
    const char *ca;          /* certificates as PEM; NULL: none */
    const char *certificate; /* of the client as PEM, secret; NULL: none */
    const char *key;
};

/* Of config.toml, used where the kubelet has no key for an image. Secret. */
struct puller_key {
    bool is_set;
    const char *username; /* NULL: none, and next */
    const char *password;
    const char *auth; /* base64 of both */
};

struct puller {
    const char *root;                      /* its files are below this folder; NULL: here */
    const struct proxy_variables *proxies; /* NULL: the environment of this process */
    const char *cert_file;                 /* SSL_CERT_FILE and SSL_CERT_DIR, if `proxies` is set */
    const char *cert_dir;
    struct puller_tls tls;
    const char *api_root; /* path before /REPOSITORY/manifests; NULL: "/v2" */
    const char *mirrored; /* the host in whose place this one is asked (?ns=); NULL: none */
    struct puller_key key;
    const char *headers; /* whole lines for each request to the target, secret; NULL: none */
};
