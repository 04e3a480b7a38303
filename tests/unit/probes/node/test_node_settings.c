/* SPDX-License-Identifier: MIT */
/* The files of a node below a folder: which of them decide, and that no link leads out. */

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/node/node_settings.h"
#include "probes/transport/host_files.h"

#define HOST    "hub.test"
#define CERTS   "/etc/containerd/certs.d"
#define CONFIG  "/etc/containerd/config.toml"
#define UNIT    "/usr/lib/systemd/system/containerd.service"
#define DROP_IN "/etc/systemd/system/containerd.service.d/10-proxy.conf"
#define MIRROR  "[host.'https://m.test']\n"
#define V2      "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.registry]\n"

static char root[] = "/tmp/node-settings-XXXXXX";
static struct arena *arena;
static struct network_settings network = {.profile = PROFILE_NODE, .host_root = root};
static struct target target = {.host = HOST, .port = 443, .network = &network};
static struct node_settings settings;

/* Makes the folders of a path below the root. Returns the whole path. */
static const char *place(const char *path)
{
    static char whole[512];

    snprintf(whole, sizeof(whole), "%s%s", root, path);
    for (char *at = whole + sizeof(root); (at = strchr(at, '/')); *at++ = '/') {
        *at = '\0';
        if (mkdir(whole, 0755) && errno != EEXIST)
            fail_msg("%s: %s", whole, strerror(errno));
    }
    return whole;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(place(path), "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void link_to(const char *path, const char *to)
{
    assert_int_equal(symlink(to, place(path)), 0);
}

static const struct node_evidence *read_settings(void)
{
    arena_free(arena);
    arena = arena_new(0);
    node_settings_read(&target, arena, &settings);
    assert_false(arena_failed(arena));
    return &settings.evidence;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int begin(void **state)
{
    (void)state;
    strcpy(root + strlen(root) - 6, "XXXXXX");
    target.port = 443;
    return mkdtemp(root) && !mkdir(place("/etc"), 0755) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    arena = NULL;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- where hosts.toml is looked for ---- */

static void nothing_is_there(void **state)
{
    (void)state;
    const struct node_evidence *node = read_settings();
    assert_int_equal(node->state, NODE_READ);
    assert_int_equal(node->mirror_count, 0);
    assert_true(node->registry_is_asked);
    assert_null(node->config);
    assert_null(node->hosts);
    assert_null(settings.proxies.https);
}

static void config_path_decides(void **state)
{
    (void)state;
    write_file(CERTS "/" HOST "/hosts.toml", MIRROR);
    assert_int_equal(read_settings()->mirror_count, 2); /* containerd's own default */
    write_file(CONFIG, V2);
    assert_int_equal(read_settings()->mirror_count, 0);
    write_file(CONFIG, V2 "config_path = '" CERTS "'\n");
    assert_int_equal(read_settings()->mirror_count, 2);
    assert_string_equal(settings.evidence.hosts, CERTS "/" HOST "/hosts.toml");
    assert_string_equal(settings.evidence.config_path, CERTS);
    write_file(CONFIG, "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n"
                       "config_path = '/nowhere:" CERTS "'\n");
    assert_int_equal(read_settings()->mirror_count, 2);
    write_file(UNIT, "[Service]\nExecStart=/usr/bin/containerd --config /opt/c.toml\n");
    assert_int_equal(read_settings()->mirror_count, 2); /* that file is not there */
    write_file("/opt/c.toml", V2);
    assert_int_equal(read_settings()->mirror_count, 0);
    assert_string_equal(settings.evidence.config, "/opt/c.toml");
}

struct import_row {
    const char *config;
    const char *imported; /* /etc/containerd/conf.d/x.toml */
    size_t mirrors;
    enum node_state state;
};

#define PATH    "config_path = '" CERTS "'\n"
#define IMPORTS "imports = ['/etc/containerd/*/x.toml']\n"

static const struct import_row import_rows[] = {
    {IMPORTS, V2 PATH, 2, NODE_READ},
    {"imports = ['conf.d/x.toml']\n", V2 PATH, 2, NODE_READ},
    {"imports = ['conf.d/*.toml']\n", V2 PATH, 2, NODE_UNREAD},
    {"version = 3\nimports = ['conf.d/*.toml']\n",
     "[plugins.'io.containerd.cri.v1.images'.registry]\n" PATH, 2, NODE_READ},
    {"imports = ['/etc/containerd/conf.d/none.toml']\n", V2 PATH, 0, NODE_REFUSES},
    {IMPORTS, "[plugins.cri.registry]\n" PATH, 2, NODE_READ}, /* version 1 */
    {IMPORTS V2 PATH, V2, 0, NODE_READ},                      /* replaces the whole table */
    {IMPORTS V2 PATH, V2 "config_path = ''\n", 0, NODE_READ},
    {IMPORTS V2 PATH, "[plugins.'io.containerd.grpc.v1.cri']\nsandbox_image = 'x'\n", 0, NODE_READ},
    {IMPORTS V2 PATH, "imports = ['/etc/containerd/config.toml']\n", 2, NODE_READ},
    {IMPORTS V2 PATH, "version = \n", 2, NODE_REFUSES},
    {V2 PATH "[plugins.cri]\n", "", 2, NODE_REFUSES},
    {"disabled_plugins = ['io.containerd.grpc.v1.cri']\n" V2 PATH, "", 2, NODE_REFUSES},
    {"disabled_plugins = ['cri']\n" V2 PATH, "", 2, NODE_REFUSES},
    {"disabled_plugins = ['cri']\n", "", 0, NODE_REFUSES},
    {V2 PATH "[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors.x]\n", "", 2, NODE_REFUSES},
    {V2 PATH "[plugins.'io.containerd.grpc.v1.cri'.registry.configs.x.tls]\n", "", 2, NODE_REFUSES},
    {V2 PATH "[plugins.'io.containerd.grpc.v1.cri'.registry.configs.x.auth]\n", "", 2, NODE_READ},
    {V2 "config_path = 1\n", "", 0, NODE_REFUSES},
    {V2 "mirrors = {'hub.test' = {endpoint = 'https://m.test'}}\n", "", 0, NODE_REFUSES},
    {V2 "mirrors = {'hub.test' = {endpoint = ['https://m.test:x']}}\n", "", 0, NODE_REFUSES},
    {"version = '2'\n", "", 0, NODE_REFUSES},
};

static void config_is_loaded_as_containerd_does(void **state)
{
    (void)state;
    write_file(CERTS "/" HOST "/hosts.toml", MIRROR);
    for (size_t i = 0; i < sizeof(import_rows) / sizeof(import_rows[0]); i++) {
        const struct import_row *row = &import_rows[i];
        write_file(CONFIG, row->config);
        write_file("/etc/containerd/conf.d/x.toml", row->imported);
        if (read_settings()->mirror_count != row->mirrors || settings.evidence.state != row->state)
            fail_msg("%s: %zu mirrors, state %d", row->config, settings.evidence.mirror_count,
                     settings.evidence.state);
    }
}

static void keys_are_found(void **state)
{
    (void)state;
    write_file(CONFIG, V2 "mirrors = {'hub.test' = {endpoint = ['https://m.test']}}\n"
                          "configs = {'m.test' = {auth = {username = 'a', password = 'b'}}}\n");
    read_settings(); /* the first key is for all */
    assert_string_equal(settings.pullers[0].key.username, "a");
    assert_string_equal(settings.pullers[1].key.password, "b");
    write_file(CERTS "/" HOST "/hosts.toml", MIRROR);
    write_file(CONFIG, V2 PATH "configs = {'m.test' = {auth = {auth = 'x'}}}\n"
                               "auths = {'https://hub.test/v1/' = {auth = 'y'}}\n");
    read_settings();
    assert_string_equal(settings.pullers[0].key.auth, "x");
    assert_string_equal(settings.pullers[1].key.auth, "y");
}

static void folders_have_three_names(void **state)
{
    (void)state;
    target.port = 5000;
    write_file(CERTS "/_default/hosts.toml", "[host.'https://default.test']\n");
    assert_string_equal(read_settings()->mirrors[0].url, "https://default.test");
    write_file(CERTS "/" HOST ":5000/hosts.toml", "[host.'https://colon.test']\n");
    assert_string_equal(read_settings()->mirrors[0].url, "https://colon.test");
    write_file(CERTS "/" HOST "_5000_/hosts.toml", "[host.'https://line.test']\n");
    assert_string_equal(read_settings()->mirrors[0].url, "https://line.test");
    assert_string_equal(settings.pullers[0].mirrored, HOST ":5000");
    assert_string_equal(settings.evidence.mirrors[1].url, "https://" HOST ":5000");
}

static void older_mirrors_are_read(void **state)
{
    (void)state;
    write_file(CONFIG, V2 "[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors.'" HOST "']\n"
                          "endpoint = ['https://m.test']\n");
    const struct node_evidence *node = read_settings();
    assert_int_equal(node->mirror_count, 2);
    assert_string_equal(node->hosts, CONFIG);
    assert_true(node->mirrors[1].is_registry);
    assert_null(settings.pullers[1].mirrored);
}

/* ---- the registry among the hosts ---- */

static void the_registry_is_found(void **state)
{
    (void)state;
    write_file(CERTS "/" HOST "/hosts.toml", "server = 'https://" HOST "'\n" MIRROR);
    assert_true(read_settings()->registry_is_asked);
    assert_int_equal(settings.own, 1);
    write_file(CERTS "/" HOST "/hosts.toml", "server = 'https://other.test'\n" MIRROR);
    assert_false(read_settings()->registry_is_asked);
    assert_int_equal(settings.own, settings.hosts.count);
    write_file(CERTS "/" HOST "/hosts.toml",
               "server = 'http://" HOST ":443'\nskip_verify = true\n" MIRROR);
    assert_true(read_settings()->plain_http);
    assert_true(settings.evidence.skips_verify);
}

/* ---- files that containerd ignores, and files that make it fail ---- */

static void problems_are_named(void **state)
{
    (void)state;
    write_file(CERTS "/" HOST "/hosts.toml", "[host\n");
    assert_int_equal(read_settings()->state, NODE_IGNORES);
    assert_non_null(strstr(settings.evidence.problem, "line 1"));
    write_file(CERTS "/" HOST "/hosts.toml", "skip_verify = true\n");
    assert_int_equal(read_settings()->state, NODE_READ); /* containerd 2 */
    write_file(CONFIG, V2 "config_path = '" CERTS "'\n");
    assert_int_equal(read_settings()->state, NODE_IGNORES); /* older */
    assert_false(settings.evidence.skips_verify);
    write_file(CERTS "/" HOST "/hosts.toml", "[host.'https://m.test']\nca = 'missing.pem'\n");
    assert_int_equal(read_settings()->state, NODE_REFUSES);
    write_file(CERTS "/" HOST "/hosts.toml", "[host.'https://m.test']\nca = '/not/mounted/x'\n");
    assert_int_equal(read_settings()->state, NODE_UNREAD);
    write_file(CERTS "/" HOST "/x", "no certificate");
    write_file(CERTS "/" HOST "/hosts.toml", "[host.'https://m.test']\nca = 'x'\n");
    assert_int_equal(read_settings()->state, NODE_REFUSES);
    write_file(CONFIG, "version = \n");
    assert_int_equal(read_settings()->state, NODE_REFUSES);
}

static void certificates_stand_beside(void **state)
{
    (void)state;
    write_file(CERTS "/" HOST "/c.cert", "certificate");
    const struct node_evidence *node = read_settings();
    assert_int_equal(node->mirror_count, 1);
    assert_string_equal(node->hosts, CERTS "/" HOST);
    assert_int_equal(node->state, NODE_REFUSES);
    assert_string_equal(settings.hosts.list[0].key, CERTS "/" HOST "/c.cert");
    write_file(CERTS "/" HOST "/c.key", "key");
    write_file(CERTS "/" HOST "/a.crt", "-----BEGIN CERTIFICATE-----\na\n");
    node = read_settings();
    assert_non_null(strstr(node->problem, "a.crt has no certificate"));
    assert_null(settings.pullers[0].tls.ca);
    assert_string_equal(settings.hosts.list[0].key, CERTS "/" HOST "/c.key");
    assert_null(settings.pullers[0].tls.certificate);
}

/* ---- the unit ---- */

static void assert_https(const char *value, const char *source)
{
    read_settings();
    if (!value) {
        assert_null(settings.proxies.https);
        return;
    }
    assert_non_null(settings.proxies.https);
    assert_string_equal(settings.proxies.https, value);
    assert_string_equal(settings.proxies.https_source, source);
}

static void units_set_variables(void **state)
{
    (void)state;
    write_file("/etc/systemd/system.conf",
               "[Manager]\nDefaultEnvironment=HTTPS_PROXY=http://d:1\n");
    assert_https("http://d:1", "HTTPS_PROXY in /etc/systemd/system.conf");
    write_file(UNIT, "[Unit]\nEnvironment=HTTPS_PROXY=no\n[Service]\n# Environment=HTTPS_PROXY=no\n"
                     "Environment=A=1 \"HTTPS_PROXY=http://u%%41:1\" \\\n  NO_PROXY=a,b\n");
    assert_https("http://u%41:1", "HTTPS_PROXY in " UNIT);
    assert_string_equal(settings.proxies.no_proxy, "a,b");
    write_file(DROP_IN, "[Service]\nEnvironmentFile=-/etc/proxy\nEnvironmentFile=/nowhere\n");
    write_file("/etc/proxy", "; x\nHTTPS_PROXY='http://f:1'\nHTTP_PROXY=\"http://f:2\"\n");
    assert_https("http://f:1", "HTTPS_PROXY in /etc/proxy");
    assert_string_equal(settings.proxies.http, "http://f:2");
    assert_non_null(strstr(settings.evidence.environment, "/etc/proxy"));
    write_file("/run/systemd/system/containerd.service.d/20.conf",
               "[Service]\nEnvironmentFile=\nEnvironment=\n");
    assert_https("http://d:1", "HTTPS_PROXY in /etc/systemd/system.conf");
    write_file("/run/systemd/system/containerd.service.d/30.conf",
               "[Service]\nUnsetEnvironment=HTTPS_PROXY\n");
    assert_https(NULL, NULL);
    write_file("/etc/systemd/system/containerd.service.d/30.conf",
               "[Service]\nEnvironment='https_proxy=http://l:1'\n");
    write_file("/etc/systemd/system.conf", "");
    assert_https("http://l:1", "HTTPS_PROXY in /etc/systemd/system/containerd.service.d/30.conf");
}

/* Each unit sets HTTPS_PROXY to http://p:1, or to nothing. */
static void units_are_read_as_systemd_does(void **state)
{
    static const struct {
        const char *lines;
        bool is_set;
    } rows[] = {
        {"Environment=A=b \\\n# a comment between\n HTTPS_PROXY=http://p:1\n", true},
        {"# a comment that ends in a backslash \\\nEnvironment=HTTPS_PROXY=http://p:1\n", true},
        {"Environment=A=b\\\\\nEnvironment=HTTPS_PROXY=http://p:1\n", true},
        {"Environment=\"HTTPS_PROXY=http://p:1\n", false},
        {"Environment=HTTPS_PROXY=http://p:1 \"A=b\n", true},
        {"Environment=\"A=b\\q\" HTTPS_PROXY=http://p:1\n", false},
        {"Environment=HTTPS_PROXY=http://p\\x3a1\n", true},
        {"Environment=\"HTTPS_PROXY=\"http://p:1\n", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "[Service]\n%s", rows[i].lines);
        write_file(UNIT, text);
        assert_https(rows[i].is_set ? "http://p:1" : NULL, "HTTPS_PROXY in " UNIT);
    }
}

static void environment_files_are_read_as_systemd_does(void **state)
{
    static const struct {
        const char *lines;
        const char *value;
    } rows[] = {
        {"HTTPS_PROXY=\"http://p\":1\n", "http://p:1"},
        {"HTTPS_PROXY = http://p:1 \t\n", "http://p:1"},
        {"HTTPS_PROXY=http://p:1 # office\n", "http://p:1 # office"},
        {"HTTPS_PROXY=http://\\\np:1\nA=b\n", "http://p:1"},
        {"HTTPS_PROXY=http://u\\p:1\n", "http://up:1"},
        {"HTTPS_PROXY='http://u\\p:1'\n", "http://u\\p:1"},
        {"HTTPS_PROXY=\"http://u\\p\\\":1\"\n", "http://u\\p\":1"},
        {"HTTPS_PROXY=http://\"p\":1\n", "http://\"p\":1"},
        {"export HTTPS_PROXY=http://p:1\n", NULL},
        {"; HTTPS_PROXY=x\nnothing\nHTTPS_PROXY=http://p:1", "http://p:1"},
    };

    (void)state;
    write_file(UNIT, "[Service]\nEnvironmentFile=/etc/proxy\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_file("/etc/proxy", rows[i].lines);
        assert_https(rows[i].value, "HTTPS_PROXY in /etc/proxy");
    }
}

/* ---- links ---- */

static bool reads(const char *path, const char *text)
{
    size_t length = 0;
    const char *why = NULL;
    const char *found = host_read(root, path, HOST_FILE_LIMIT, arena, &length, &why, NULL);

    if (!found)
        assert_non_null(why);
    return found && strcmp(found, text) == 0;
}

static void links_stay_below(void **state)
{
    (void)state;
    read_settings();
    write_file("/opt/inside", "inside");
    write_file("/secret", "inside");
    link_to("/etc/absolute", "/opt/inside");
    link_to("/etc/up", "../../../../../opt/inside");
    link_to("/etc/folder", "/opt");
    link_to("/etc/chain", "folder/../etc/absolute");
    link_to("/etc/loop", "loop");
    link_to("/etc/passwd", "/etc/hostname");
    assert_true(reads("/etc/absolute", "inside"));
    assert_true(reads("/etc/up", "inside"));
    assert_true(reads("/etc/folder/inside", "inside"));
    assert_true(reads("/etc/chain", "inside"));
    assert_true(reads("/etc/../../../secret", "inside"));
    assert_false(reads("/etc/loop", "inside"));
    assert_false(reads("/etc/passwd", ""));
    assert_false(reads("/etc", ""));
    assert_int_equal(mkfifo(place("/etc/pipe"), 0600), 0);
    assert_false(reads("/etc/pipe", ""));
}

static void files_have_a_limit(void **state)
{
    (void)state;
    read_settings();
    write_file("/etc/large", "");
    assert_int_equal(truncate(place("/etc/large"), HOST_FILE_LIMIT), 0);
    assert_true(reads("/etc/large", ""));
    assert_int_equal(truncate(place("/etc/large"), HOST_FILE_LIMIT + 1), 0);
    assert_false(reads("/etc/large", ""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_there),
        TEST(config_path_decides),
        TEST(config_is_loaded_as_containerd_does),
        TEST(keys_are_found),
        TEST(folders_have_three_names),
        TEST(older_mirrors_are_read),
        TEST(the_registry_is_found),
        TEST(problems_are_named),
        TEST(certificates_stand_beside),
        TEST(units_set_variables),
        TEST(units_are_read_as_systemd_does),
        TEST(environment_files_are_read_as_systemd_does),
        TEST(links_stay_below),
        TEST(files_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
