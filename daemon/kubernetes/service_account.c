/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/service_account.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *service_account_find(const char *folder, struct service_account *ret)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");
    char *end = NULL;
    unsigned long number = port && isdigit((unsigned char)*port) ? strtoul(port, &end, 10) : 0;

    if (!host || !*host || !port || !*port)
        return "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set";
    if (!address_parse(host, &ret->server.address))
        return "KUBERNETES_SERVICE_HOST is not an IP address";
    if (!number || number > UINT16_MAX || *end)
        return "KUBERNETES_SERVICE_PORT is not a port";
    ret->server.port = (uint16_t)number;
    ret->folder = folder ? folder : SERVICE_ACCOUNT_FOLDER;
    return NULL;
}

/* A token goes into a header line, so it may hold neither blanks nor control characters. */
static const char *check_token(struct text *token)
{
    while (token->length && isspace((unsigned char)token->bytes[token->length - 1]))
        token->bytes[--token->length] = '\0';
    if (text_truncated(token))
        return "the file token is too large";
    if (!token->length)
        return "the file token is empty";
    for (size_t i = 0; i < token->length; i++)
        if (!isgraph((unsigned char)token->bytes[i]))
            return "the file token holds no token";
    return NULL;
}

const char *service_account_token(const struct service_account *account, struct text *ret)
{
    char path[PATH_MAX];
    char bytes[1024];
    struct stat status;
    int length = snprintf(path, sizeof(path), "%s/token", account->folder);
    int fd = length < 0 || (size_t)length >= sizeof(path)
                 ? -1
                 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t count = -1;

    if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode)) {
        if (fd >= 0)
            close(fd);
        return "the service account's file token cannot be read";
    }
    while (!text_truncated(ret) && (count = read(fd, bytes, sizeof(bytes))) != 0) {
        if (count < 0 && errno != EINTR)
            break;
        if (count > 0)
            text_append_bytes(ret, bytes, (size_t)count);
    }
    explicit_bzero(bytes, sizeof(bytes));
    close(fd);
    return count < 0 ? "the service account's file token cannot be read" : check_token(ret);
}
