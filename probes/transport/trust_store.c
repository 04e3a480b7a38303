/* SPDX-License-Identifier: MIT */
#include "probes/transport/trust_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/base/file.h"
#include "config/base/memory.h"
#include "probes/transport/go_certificate.h"
#include "probes/transport/go_pem.h"
#include "probes/transport/host_files.h"
#include "probes/transport/tls_offer.h"

#define MAX_FILE      ((size_t)4 * 1024 * 1024) /* bytes; a bundle has some 220 KB */
#define MAX_ROOTS     8192
#define MAX_FOLDERS   32
#define MAX_FILES     8192 /* looked at in one folder */
#define MAX_NAMESAKES 64   /* files of one hash */
#define PATH_SIZE     4096

/* Read by OpenSSL when it is first needed, because that is the expensive part. */
struct root {
    unsigned char *bytes; /* DER */
    size_t length;
    struct der subject; /* in `bytes` */
    X509 *certificate;  /* NULL: not needed yet, or OpenSSL cannot read it */
};

struct roots {
    struct root *list;
    size_t count;
    size_t capacity;
};

struct trust_store {
    SSL_CTX *context;
    unsigned references;
    char *root;   /* the files of the store are below it; NULL: this machine's */
    char *bundle; /* NULL: none is there */
    size_t folder_count;
    char *folders[MAX_FOLDERS];
    struct roots given;  /* of the ca_file and struct puller_tls */
    struct roots hashed; /* found by a hashed name so far */
    struct roots rest;   /* the bundle and every file of the folders */
    bool rest_loaded;
    struct stat rest_stamps[MAX_FOLDERS + 1]; /* of the bundle and the folders at that time */
};

/* ---- certificates in memory ---- */

static void roots_clear(struct roots *roots)
{
    for (size_t i = 0; i < roots->count; i++) {
        X509_free(roots->list[i].certificate);
        memory_release(roots->list[i].bytes);
    }
    memory_release(roots->list);
    *roots = (struct roots){0};
}

static struct root *roots_new(struct roots *roots)
{
    if (roots->count == roots->capacity) {
        size_t capacity = roots->capacity ? roots->capacity * 2 : 4;
        struct root *list =
            capacity > MAX_ROOTS ? NULL : memory_resize(roots->list, capacity * sizeof(*list));
        if (!list)
            return NULL;
        roots->list = list;
        roots->capacity = capacity;
    }
    roots->list[roots->count] = (struct root){0};
    return &roots->list[roots->count];
}

/* False if Go does not read it. */
static bool roots_add(struct roots *roots, const unsigned char *bytes, size_t length)
{
    struct go_certificate read;

    if (go_certificate_read(bytes, length, &read))
        return false;
    struct root *root = roots_new(roots);
    if (!root || !(root->bytes = memory_allocate_unset(length)))
        return true;
    memcpy(root->bytes, bytes, length);
    root->length = length;
    root->subject.at = root->bytes + (read.subject.at - bytes);
    root->subject.end = root->bytes + (read.subject.end - bytes);
    roots->count++;
    return true;
}

static size_t roots_find(struct roots *roots, const X509_NAME *subject, X509 **ret, size_t count,
                         size_t max)
{
    const unsigned char *name;
    size_t length;

    if (X509_NAME_get0_der(subject, &name, &length) != 1)
        return count;
    for (size_t i = 0; i < roots->count && count < max; i++) {
        struct root *root = &roots->list[i];
        if (!der_is(&root->subject, (const char *)name, length))
            continue;
        const unsigned char *from = root->bytes;
        if (!root->certificate)
            root->certificate = d2i_X509(NULL, &from, (long)root->length);
        if (root->certificate)
            ret[count++] = root->certificate;
    }
    return count;
}

/* ---- files ---- */

__attribute__((format(printf, 3, 4))) static bool fail(char *error, size_t error_size,
                                                       const char *format, ...)
{
    va_list arguments;

    if (!error || !error_size)
        return false;
    va_start(arguments, format);
    vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    return false;
}

static int open_file(const char *root, const char *path)
{
    return root ? host_open(root, path, false) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static DIR *open_folder(const char *root, const char *path)
{
    int fd = root ? host_open(root, path, true)
                  : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_DIRECTORY);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;

    if (!directory && fd >= 0)
        close(fd);
    return directory;
}

static bool can_open(const char *root, const char *path)
{
    int fd = open_file(root, path);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* The whole file, to be released, or NULL with the reason. A FIFO is refused, because reading it
 * would wait for a writer. */
static char *read_certificates(const char *root, const char *path, size_t *ret_length,
                               const char **ret_why)
{
    struct stat status;
    char *bytes = NULL;
    int fd = open_file(root, path);

    if (fd < 0 || fstat(fd, &status))
        *ret_why = strerror(errno);
    else if (S_ISDIR(status.st_mode))
        *ret_why = strerror(EISDIR);
    else if (S_ISFIFO(status.st_mode))
        *ret_why = "not a regular file";
    else if ((size_t)status.st_size > MAX_FILE)
        *ret_why = "larger than 4 MiB";
    else if (!(bytes = memory_allocate((size_t)status.st_size + 1)))
        *ret_why = "memory is short";
    ssize_t length = bytes ? file_read(fd, bytes, (size_t)status.st_size) : 0;
    if (length < 0) {
        *ret_why = strerror(errno);
        memory_release(bytes);
        bytes = NULL;
    }
    if (fd >= 0)
        close(fd);
    *ret_length = length > 0 ? (size_t)length : 0;
    return bytes;
}

/* Adds each certificate of a PEM text and skips everything else, as Go's AppendCertsFromPEM does.
 * Returns how many blocks were certificates. */
static size_t add_pem(struct roots *roots, const char *bytes, size_t length)
{
    unsigned char *data = memory_allocate(length + 1);
    const char *at = bytes;
    size_t added = 0;
    size_t size;

    while (data && added < MAX_ROOTS && go_pem_next(&at, bytes + length, data, &size))
        added += roots_add(roots, data, size);
    memory_release(data);
    return added;
}

/* Returns how many certificates were added; 0 with the reason if none. */
static size_t add_file(struct roots *roots, const char *root, const char *path,
                       const char **ret_why)
{
    size_t length;
    char *bytes = read_certificates(root, path, &length, ret_why);
    size_t added = bytes ? add_pem(roots, bytes, length) : 0;

    if (bytes && !added)
        *ret_why = "no usable certificate in PEM form";
    memory_release(bytes);
    return added;
}

/* ---- the folders ---- */

/* "5ed36f99.0", as c_rehash names them */
static bool is_hashed_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] >= '0' &&
           name[9] <= '9';
}

static bool has_hashed_entries(const char *root, const char *path)
{
    DIR *directory = open_folder(root, path);
    const struct dirent *entry;
    bool found = false;

    if (!directory)
        return false;
    while (!found && (entry = readdir(directory)))
        found = is_hashed_name(entry->d_name);
    closedir(directory);
    return found;
}

static bool join(char path[PATH_SIZE], const char *folder, const char *name)
{
    int length = snprintf(path, PATH_SIZE, "%s/%s", folder, name);

    return length > 0 && length < PATH_SIZE;
}

/* A link to a file of the same folder, as hashed names are: that file is read anyway. */
static bool is_link_beside(const char *root, const char *path)
{
    char target[PATH_SIZE];
    char whole[PATH_SIZE];
    ssize_t length =
        join(whole, root ? root : "", path) ? readlink(whole, target, sizeof(target)) : -1;

    return length > 0 && !memchr(target, '/', (size_t)length);
}

/* `bundle` is read already. */
static void add_folder(struct roots *roots, const char *root, const char *folder,
                       const char *bundle)
{
    DIR *directory = open_folder(root, folder);
    const struct dirent *entry;
    char path[PATH_SIZE];
    const char *why;

    for (size_t seen = 0; directory && seen < MAX_FILES && (entry = readdir(directory)); seen++)
        if (join(path, folder, entry->d_name) && (!bundle || strcmp(path, bundle) != 0) &&
            !is_link_beside(root, path))
            (void)add_file(roots, root, path, &why);
    if (directory)
        closedir(directory);
}

static void find_hashed(struct trust_store *store, uint32_t hash)
{
    char path[PATH_SIZE];
    char name[32];
    const char *why;

    for (size_t i = 0; i < store->folder_count; i++)
        for (unsigned n = 0; n < MAX_NAMESAKES; n++) {
            snprintf(name, sizeof(name), "%08x.%u", (unsigned)hash, n);
            if (!join(path, store->folders[i], name) || !can_open(store->root, path))
                break;
            (void)add_file(&store->hashed, store->root, path, &why);
        }
}

/* ---- everything else ---- */

static bool same_stamp(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* True if nothing changed since the last call. */
static bool note_stamps(struct trust_store *store)
{
    bool same = true;

    for (size_t i = 0; i <= store->folder_count; i++) {
        const char *path = i < store->folder_count ? store->folders[i] : store->bundle;
        struct stat now = {0};
        char whole[PATH_SIZE];
        if (path && join(whole, store->root ? store->root : "", path))
            (void)!stat(whole, &now);
        same &= same_stamp(&now, &store->rest_stamps[i]);
        store->rest_stamps[i] = now;
    }
    return same;
}

void trust_store_load_rest(struct trust_store *store)
{
    uint64_t failures = memory_failures();
    const char *why;

    if (note_stamps(store) && store->rest_loaded)
        return;
    roots_clear(&store->rest);
    if (store->bundle)
        (void)add_file(&store->rest, store->root, store->bundle, &why);
    for (size_t i = 0; i < store->folder_count; i++)
        add_folder(&store->rest, store->root, store->folders[i], store->bundle);
    store->rest_loaded = memory_failures() == failures;
}

size_t trust_store_find(struct trust_store *store, const X509_NAME *subject, X509 **ret, size_t max)
{
    size_t given = roots_find(&store->given, subject, ret, 0, max);
    size_t count = roots_find(&store->hashed, subject, ret, given, max);

    if (count == given) {
        find_hashed(store, (uint32_t)X509_NAME_hash_ex(subject, NULL, NULL, NULL));
        count = roots_find(&store->hashed, subject, ret, count, max);
    }
    count = roots_find(&store->rest, subject, ret, count, max);
    ERR_clear_error();
    return count;
}

/* ---- opening ---- */

/* The bundle of each distribution, in Go's order (root_linux.go). */
static const char *find_bundle(const char *root)
{
    static const char *const bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/tls/cacert.pem",
        "/etc/ssl/cert.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    };

    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++)
        if (can_open(root, bundles[i]))
            return bundles[i];
    return NULL;
}

static bool set_places(struct trust_store *store, const struct trust_options *options)
{
    const struct puller *puller =
        options->puller && options->puller->proxies ? options->puller : NULL;
    const char *file = puller                        ? puller->cert_file
                       : options->ignore_environment ? NULL
                                                     : getenv("SSL_CERT_FILE");
    const char *list = puller                        ? puller->cert_dir
                       : options->ignore_environment ? NULL
                                                     : getenv("SSL_CERT_DIR");

    if (!list || !*list)
        list = "/etc/ssl/certs:/etc/pki/tls/certs";
    if (!file || !*file)
        file = find_bundle(store->root);
    store->bundle = memory_copy_text(file);
    while (*list && store->folder_count < MAX_FOLDERS) {
        size_t length = strcspn(list, ":");
        char *folder = length ? memory_allocate(length + 1) : NULL;
        if (length && !folder)
            return false;
        if (folder)
            store->folders[store->folder_count++] = memcpy(folder, list, length);
        list += length + (list[length] == ':');
    }
    return store->bundle || !file;
}

/* With a hashed folder the certificates are there when they are needed. */
static bool has_certificates(struct trust_store *store, char *error, size_t error_size)
{
    struct roots probe = {0};
    const char *why = "not there";
    const char *bundle = store->bundle ? store->bundle : "the bundle";
    const char *folder = store->folder_count ? store->folders[0] : "no folder";

    for (size_t i = 0; i < store->folder_count; i++)
        if (has_hashed_entries(store->root, store->folders[i]))
            return true;
    trust_store_load_rest(store);
    if (store->rest.count)
        return true;
    if (store->bundle)
        (void)add_file(&probe, store->root, store->bundle, &why);
    roots_clear(&probe);
    return fail(error, error_size, "no trusted certificates: %s: %s; none in %s either", bundle,
                why, folder);
}

/* A pod may not see the certificates of its node; then its own have to do. */
static char *choose_root(const struct puller *puller)
{
    const char *root = puller ? puller->root : NULL;
    bool there = root && (find_bundle(root) || has_hashed_entries(root, "/etc/ssl/certs") ||
                          has_hashed_entries(root, "/etc/pki/tls/certs"));

    return there ? memory_copy_text(root) : NULL;
}

/* The certificates and the client's key that one registry has in the files of the puller. */
static bool add_given(struct trust_store *store, const struct puller_tls *tls)
{
    BIO *certificate = tls->certificate ? BIO_new_mem_buf(tls->certificate, -1) : NULL;
    BIO *key = tls->key ? BIO_new_mem_buf(tls->key, -1) : NULL;
    X509 *leaf = certificate ? PEM_read_bio_X509(certificate, NULL, NULL, NULL) : NULL;
    EVP_PKEY *secret = key ? PEM_read_bio_PrivateKey(key, NULL, NULL, NULL) : NULL;
    bool good = (!tls->ca || add_pem(&store->given, tls->ca, strlen(tls->ca)) > 0) &&
                (!tls->certificate ||
                 (leaf && secret && SSL_CTX_use_certificate(store->context, leaf) == 1 &&
                  SSL_CTX_use_PrivateKey(store->context, secret) == 1));

    for (X509 *link;
         good && certificate && (link = PEM_read_bio_X509(certificate, NULL, NULL, NULL));)
        if (SSL_CTX_add0_chain_cert(store->context, link) != 1)
            X509_free(link);
    EVP_PKEY_free(secret);
    X509_free(leaf);
    BIO_free(key);
    BIO_free(certificate);
    ERR_clear_error();
    return good;
}

bool trust_store_takes(const struct puller_tls *tls)
{
    struct trust_store store = {.context = tls_offer_context_new()};
    bool good = store.context && add_given(&store, tls);

    roots_clear(&store.given);
    SSL_CTX_free(store.context);
    return good;
}

struct trust_store *trust_store_open(const struct trust_options *options, char *error,
                                     size_t error_size)
{
    struct trust_store *store = memory_allocate(sizeof(*store));
    const char *why;

    fail(error, error_size, "memory is short");
    if (!store)
        return NULL;
    store->references = 1;
    store->context = tls_offer_context_new();
    if (options->puller && options->puller->root)
        store->root = choose_root(options->puller);
    if (!store->context || (!options->ca_file_only && !set_places(store, options)))
        goto out;
    if (options->puller && !add_given(store, &options->puller->tls)) {
        fail(error, error_size, "the certificates of the node's files cannot be used");
        goto out;
    }
    if (options->ca_file && !add_file(&store->given, NULL, options->ca_file, &why)) {
        fail(error, error_size, "%s: %s", options->ca_file, why);
        goto out;
    }
    if (!options->ca_file && !has_certificates(store, error, error_size))
        goto out;
    if (error && error_size)
        error[0] = '\0';
    return store;
out:
    ERR_clear_error();
    trust_store_release(store);
    return NULL;
}

struct trust_store *trust_store_hold(struct trust_store *store)
{
    store->references++;
    return store;
}

void trust_store_release(struct trust_store *store)
{
    if (!store || --store->references)
        return;
    SSL_CTX_free(store->context);
    roots_clear(&store->given);
    roots_clear(&store->hashed);
    roots_clear(&store->rest);
    for (size_t i = 0; i < store->folder_count; i++)
        memory_release(store->folders[i]);
    memory_release(store->bundle);
    memory_release(store->root);
    memory_release(store);
}

SSL_CTX *trust_store_context(struct trust_store *store)
{
    return store->context;
}
