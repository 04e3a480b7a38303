#include "probes/transport/trust_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/base/memory.h"

#define MAX_CHAIN_DEPTH 8

struct trust_store {
    SSL_CTX *context;
    unsigned references;
};

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

/* ---- the system's directory ---- */

/* "5ed36f99.0", as c_rehash names them */
static bool is_hashed_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] >= '0' &&
           name[9] <= '9';
}

static bool has_hashed_entries(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    bool found = false;

    if (!directory)
        return false;
    while (!found && (entry = readdir(directory)))
        found = is_hashed_name(entry->d_name);
    closedir(directory);
    return found;
}

/* Whether one of a colon-separated list, as SSL_CERT_DIR may be, is usable. */
static bool any_hashed_directory(const char *list)
{
    char path[4096];

    while (*list) {
        size_t length = strcspn(list, ":");
        if (length && length < sizeof(path)) {
            memcpy(path, list, length);
            path[length] = '\0';
            if (has_hashed_entries(path))
                return true;
        }
        list += length + (list[length] == ':');
    }
    return false;
}

/* ---- loading ---- */

/* Tells a file that cannot be read from one that holds no certificate. NULL: it can be read. A FIFO
 * is refused: to read it would wait for a writer, beyond every timeout. */
static const char *unreadable(const char *file)
{
    struct stat status;
    const char *why = NULL;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return strerror(errno);
    if (fstat(fd, &status))
        why = strerror(errno);
    else if (S_ISDIR(status.st_mode))
        why = strerror(EISDIR);
    else if (S_ISFIFO(status.st_mode))
        why = "not a regular file";
    close(fd);
    return why;
}

static bool load_file(X509_STORE *store, const char *file, char *error, size_t error_size)
{
    X509_LOOKUP *lookup;
    unsigned long reason;
    const char *why = unreadable(file);

    if (why)
        return fail(error, error_size, "%s: %s", file, why);
    ERR_clear_error();
    lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup && X509_load_cert_file(lookup, file, X509_FILETYPE_PEM) > 0)
        return true;
    reason = ERR_peek_last_error();
    fail(error, error_size, "%s: no usable certificate in PEM form: %s", file,
         reason && ERR_reason_error_string(reason) ? ERR_reason_error_string(reason)
                                                   : "none found");
    ERR_clear_error();
    return false;
}

static bool load_system(X509_STORE *store, char *error, size_t error_size)
{
    const char *directory = getenv(X509_get_default_cert_dir_env());
    const char *file = getenv(X509_get_default_cert_file_env());
    X509_LOOKUP *lookup;

    if (!directory || !*directory)
        directory = X509_get_default_cert_dir();
    if (!file || !*file)
        file = X509_get_default_cert_file();
    if (!any_hashed_directory(directory)) {
        char why[512];
        if (load_file(store, file, why, sizeof(why)))
            return true;
        return fail(error, error_size, "no trusted certificates: %s; nothing hashed in %s", why,
                    directory);
    }
    lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    if (!lookup || X509_LOOKUP_add_dir(lookup, directory, X509_FILETYPE_PEM) != 1)
        return fail(error, error_size, "%s: memory is short", directory);
    return true;
}

/* ---- the context ---- */

static SSL_CTX *context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (!context)
        return NULL;
    /* All explicit: without the distribution's openssl.cnf, as in an image FROM scratch, OpenSSL's
     * own defaults are laxer. */
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context,
                        SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1); /* one recv() for all records that are there */
    SSL_CTX_set_verify_depth(context, MAX_CHAIN_DEPTH);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

struct trust_store *trust_store_open(const char *ca_file, char *error, size_t error_size)
{
    struct trust_store *store = memory_allocate(sizeof(*store));
    X509_STORE *certificates;

    fail(error, error_size, "memory is short");
    if (!store)
        return NULL;
    store->references = 1;
    store->context = context_new();
    if (!store->context)
        goto out;
    certificates = SSL_CTX_get_cert_store(store->context);
    /* An intermediate named as trusted ends a chain, as it does for containerd. */
    X509_STORE_set_flags(certificates, X509_V_FLAG_PARTIAL_CHAIN);
    if (ca_file) {
        if (!load_file(certificates, ca_file, error, error_size))
            goto out;
    } else if (!load_system(certificates, error, error_size)) {
        goto out;
    }
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
    memory_release(store);
}

SSL_CTX *trust_store_context(struct trust_store *store)
{
    return store->context;
}
