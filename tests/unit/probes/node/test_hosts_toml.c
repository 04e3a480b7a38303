/* SPDX-License-Identifier: MIT */
/* hosts.toml, and the mirrors of config.toml: the hosts that containerd asks, in its order. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/text.h"
#include "probes/node/hosts_toml.h"
#include "probes/node/toml.h"

struct row {
    const char *document;
    const char *hosts; /* URL path capabilities [flags]; the registry itself is "-" */
};

#define M "https://m.test"

static const struct row rows[] = {
    {"server = 'https://hub.test'\n", "https://hub.test /v2 prsf"},
    {"[host.'" M "']\n", M " /v2 prsf; - prsf"},
    {"[host.'m.test:5000']\n", "https://m.test:5000 /v2 prsf; - prsf"},
    {"server = 'http://hub.test/'\n[host.'" M "/v2']\n[host.'" M "/a']\n",
     M "/v2 /v2 prsf; " M "/a /a/v2 prsf; http://hub.test/ /v2 prsf"},
    {"[host.'" M "/a/../b//c/']\noverride_path = true\n", M "/a/../b//c/ /b/c prsf; - prsf"},
    {"[host.'" M "']\noverride_path = true\n", M "  prsf; - prsf"},
    {"[host.'" M "?x=1']\n", M " /v2 prsf; - prsf"},
    {"[host.'" M "']\ncapabilities = ['pull', 'Resolve']\n", M " /v2 pr; - prsf"},
    {"[host.'" M "']\ncapabilities = []\n", M " /v2 prsf; - prsf"},
    {"capabilities = ['push']\n[host]\n", "- prsf"},
    {"[host.'" M "']\nskip_verify = true\nca = ['a.pem', '/b.pem']\nclient = [['c', 'd']]\n"
     "dial_timeout = '3s'\n[host.'" M "'.header]\nx-y = ['1', '2']\n",
     M " /v2 prsf skip ca=/d/a.pem ca=/b.pem client=/d/c,/d/d dial=3 header; - prsf"},
    {"ca = 'a'\nclient = 'c.pem'\n[host.'" M "']\n",
     M " /v2 prsf; - prsf ca=/d/a client=/d/c.pem,/d/c.pem"},
    /* Go accepts "https://ftp://m.test", because it reads a host "ftp:" with an empty port. */
    {"[host.'ftp://m.test']\n", "https://ftp://m.test /m.test/v2 prsf; - prsf"},
    {"[host.'httpm.test']\n", "? wrong; - prsf"},
    {"[host.'https://user:pass@m.test/a?b']\n", M "/a /a/v2 prsf; - prsf"},
    {"[host.'https://']\n", "? wrong; - prsf"},
    {"server = 'https://'\ncapabilities = ['push']\n[host]\n", "- prsf"},
    {"server = 'https://m.test'\ncapabilities = ['push']\n[host]\n", M " /v2 s"},
    {"[host.'https://m.test:70000']\n", "? wrong; - prsf"},
    {"[host.'" M "']\nheader = {'' = 'x'}\n", M " wrong; - prsf"},
    {"[host.'" M "']\nheader = {Content-Length = '5', user-agent = 'x'}\n", M " /v2 prsf; - prsf"},
    {"[host.'" M "']\nheader = {'a b' = 'x'}\n", M " wrong; - prsf"},
    {"[host.'" M "']\nheader = {a = \"x\\ny\"}\n", M " wrong; - prsf"},
    {"host = {'" M "' = {}}\n", M " /v2 prsf; - prsf"},
    {"color = 1\n[host.'" M "']\nsize = 2\n", M " /v2 prsf; - prsf"},

    {"server = 1\n", NULL},
    {"host = 1\n", NULL},
    {"[host]\na = 1\n", NULL},
    {"[host.'" M "']\nskip_verify = 'true'\n", NULL},
    {"[host.'" M "']\noverride_path = 1\n", NULL},
    {"[host.'" M "']\ncapabilities = 'pull'\n", NULL},
    {"[host.'" M "']\ncapabilities = [1]\n", NULL},
    {"[host.'" M "']\ncapabilities = ['fly']\n", NULL},
    {"[host.'" M "']\nca = 1\n", NULL},
    {"[host.'" M "']\nca = [1]\n", NULL},
    {"[host.'" M "']\nclient = [['a']]\n", NULL},
    {"[host.'" M "']\nclient = [['a', 'b', 'c']]\n", NULL},
    {"[host.'" M "']\nheader = 'a'\n", NULL},
    {"[host.'" M "']\nheader = {a = 1}\n", NULL},
    {"[host.'" M "'\n", NULL},
    {"[host.'https://m.test:x']\n", NULL},
    {"[host.'https://m test']\n", NULL},
    {"server = 'https://m%zz'\n", NULL},
};

static void print_host(const struct node_host *host, struct text *text)
{
    static const char letters[] = "prsf";

    text_append_format(text, "%s%s", text->length ? "; " : "",
                       host->is_default ? "-" : host->shown);
    if (host->wrong) {
        text_append(text, " wrong");
        return;
    }
    text_append_format(text, "%s%s ", host->is_default ? "" : " ",
                       host->is_default ? "" : host->url.path);
    for (unsigned i = 0; i < MIRROR_CAPABILITY_COUNT; i++)
        if (host->capabilities & 1u << i)
            text_append_bytes(text, &letters[i], 1);
    text_append(text, host->skip_verify ? " skip" : "");
    for (size_t i = 0; i < host->ca_count; i++)
        text_append_format(text, " ca=%s", host->ca[i]);
    if (host->certificate)
        text_append_format(text, " client=%s,%s", host->certificate, host->key);
    if (host->dial_timeout)
        text_append_format(text, " dial=%u", (unsigned)(host->dial_timeout / USEC_PER_SEC));
    text_append(text, host->headers ? " header" : "");
}

static void files_name_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *arena = arena_new(0);
        struct text text = TEXT_WITH_LIMIT(4096);
        struct node_hosts hosts;
        const char *error =
            hosts_toml_read(rows[i].document, strlen(rows[i].document), "/d", arena, &hosts);
        for (size_t n = 0; n < hosts.count; n++)
            print_host(&hosts.list[n], &text);
        if (!error != !!rows[i].hosts)
            fail_msg("%s: %s", rows[i].document, error ? error : text_string(&text));
        if (rows[i].hosts)
            assert_string_equal(text_string(&text), rows[i].hosts);
        text_free(&text);
        arena_free(arena);
    }
}

static void headers_are_lines(void **state)
{
    static const char document[] =
        "[host.'" M "']\n[host.'" M "'.header]\nx-a = '1'\nAccept = 'x'\nb = ['2', '3']\n";
    struct arena *arena = arena_new(0);
    struct node_hosts hosts;

    (void)state;
    assert_null(hosts_toml_read(document, strlen(document), "/d", arena, &hosts));
    assert_string_equal(hosts.list[0].headers, "x-a: 1\r\nb: 2\r\nb: 3\r\n");
    arena_free(arena);
}

static void there_is_a_limit(void **state)
{
    struct text document = TEXT_WITH_LIMIT(8192);
    struct arena *arena = arena_new(0);
    struct node_hosts hosts;

    (void)state;
    for (int i = 0; i < 2 * NODE_MAX_HOSTS; i++)
        text_append_format(&document, "[host.'https://m%d.test']\n", i);
    assert_null(hosts_toml_read(text_string(&document), document.length, "/d", arena, &hosts));
    assert_int_equal(hosts.count, NODE_MAX_HOSTS);
    assert_true(hosts.dropped);
    assert_true(hosts.list[NODE_MAX_HOSTS - 1].is_default);
    text_free(&document);
    arena_free(arena);
}

/* ---- registry.mirrors of config.toml ---- */

static const struct row mirror_rows[] = {
    {"[mirrors.'hub.test']\nendpoint = ['" M "', 'http://n.test:5000/api']\n",
     M " /v2 pr; http://n.test:5000/api /api pr; https://hub.test /v2 pr"},
    {"[mirrors.'*']\nendpoint = ['" M "']\n", M " /v2 pr; https://hub.test /v2 pr"},
    {"[mirrors.'hub.test']\nendpoint = ['https://hub.test', '" M "']\n[mirrors.'*']\n",
     "https://hub.test /v2 pr; " M " /v2 pr"},
    {"[mirrors.'hub.test']\nendpoint = ['m.test']\n[configs.'m.test'.tls]\n"
     "insecure_skip_verify = true\nca_file = '/ca'\ncert_file = '/c'\nkey_file = '/k'\n",
     M " /v2 pr skip ca=/ca client=/c,/k; https://hub.test /v2 pr"},
    {"[configs.'hub.test'.tls]\nca_file = '/ca'\n", "https://hub.test /v2 pr ca=/ca"},
    {"[mirrors.'hub.test']\nendpoint = ['" M "/']\n", M "/  pr; https://hub.test /v2 pr"},
    {"[mirrors.'hub.test']\nendpoint = ['https://m test']\n", NULL},
    {"[configs.'hub.test'.tls]\ncert_file = '/c'\n", NULL},
    {"[mirrors.'other.test']\nendpoint = ['" M "']\n", NULL},
    {"config_path = ''\n", NULL},
};

static void mirrors_name_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mirror_rows) / sizeof(mirror_rows[0]); i++) {
        const struct row *row = &mirror_rows[i];
        struct arena *arena = arena_new(0);
        struct text text = TEXT_WITH_LIMIT(4096);
        struct node_hosts hosts;
        struct toml *root;
        assert_null(toml_parse(row->document, strlen(row->document), arena, &root));
        (void)hosts_from_mirrors(root, "hub.test", arena, &hosts);
        assert_int_equal(hosts.count > 0, row->hosts != NULL);
        for (size_t n = 0; n < hosts.count; n++)
            print_host(&hosts.list[n], &text);
        if (row->hosts)
            assert_string_equal(text_string(&text), row->hosts);
        text_free(&text);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_name_hosts),
        cmocka_unit_test(headers_are_lines),
        cmocka_unit_test(there_is_a_limit),
        cmocka_unit_test(mirrors_name_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
