/* SPDX-License-Identifier: MIT */
#include "probes/transport/http_fields.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "config/base/address.h"

#define SEARCHED_BYTES  4096
#define MAX_RETRY_AFTER (7 * 24 * 3600)

const char *http_host_header(const char *host, uint16_t port, uint16_t default_port,
                             struct arena *arena)
{
    char buffer[HOST_PORT_SIZE];

    return arena_copy_text(arena, host_port_short(host, port, default_port, buffer));
}

/* Bytes that make the digits beside them no client's address: "openresty/1.21.4.1", "v1.2.3.4",
 * "10.0.0.0/8". */
static bool is_word_byte(char byte)
{
    return isalnum((unsigned char)byte) || (byte && strchr("/-_%", byte));
}

/* Reads the address that `text` begins with and that consists of `bytes` only. A full stop or colon
 * may follow, since a sentence may end with the address. */
static bool read_address(const char *text, size_t room, const char *bytes, struct address *ret)
{
    char token[ADDRESS_TEXT_SIZE + 1];
    size_t length = 0;

    while (length < room && length < sizeof(token) - 1 && text[length] &&
           strchr(bytes, text[length]))
        length++;
    if (length < room && (length == sizeof(token) - 1 || is_word_byte(text[length])))
        return false;
    while (length && (text[length - 1] == '.' || text[length - 1] == ':'))
        length--;
    memcpy(token, text, length);
    token[length] = '\0';
    return length >= sizeof("1.1.1.1") - 1 && address_parse(token, ret);
}

/* No client comes from 0.0.0.0 or loopback. */
static bool may_be_client(const struct address *address, const struct address *except)
{
    if (address->family == AF_INET && (address->bytes[0] == 0 || address->bytes[0] == 127))
        return false;
    return !except || !address_equal(address, except);
}

const char *http_body_address(const struct http_response *response, const struct address *except,
                              struct arena *arena)
{
    const char *body = response->body;
    size_t end = response->body_length < SEARCHED_BYTES ? response->body_length : SEARCHED_BYTES;
    struct address address;
    char buffer[ADDRESS_TEXT_SIZE];

    for (size_t i = 0; body && i < end; i++) {
        if (i && (is_word_byte(body[i - 1]) || body[i - 1] == '.'))
            continue;
        if ((read_address(body + i, end - i, "0123456789abcdefABCDEF.:", &address) ||
             read_address(body + i, end - i, "0123456789.", &address)) && /* before a port */
            may_be_client(&address, except))
            return arena_copy_text(arena, address_format(&address, buffer));
    }
    return NULL;
}

int64_t http_date(const char *value)
{
    struct tm tm = {0};

    if (!value)
        return 0;
    const char *end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return end && *end == '\0' ? (int64_t)timegm(&tm) : 0;
}

uint32_t http_retry_after(const struct http_response *response)
{
    const char *value = http_response_header(response, "retry-after", 0);
    int64_t now = clock_wall() / (int64_t)USEC_PER_SEC;
    uint32_t seconds = 0;

    if (!value)
        return 0;
    int64_t date = http_date(value);
    if (date)
        return date > now && date - now <= MAX_RETRY_AFTER ? (uint32_t)(date - now) : 0;
    for (; isdigit((unsigned char)*value); value++) {
        seconds = seconds * 10 + (uint32_t)(*value - '0');
        if (seconds > MAX_RETRY_AFTER)
            return MAX_RETRY_AFTER;
    }
    return *value == '\0' ? seconds : 0;
}

int64_t http_written_length(const struct http_response *response)
{
    const char *text = http_response_header(response, "content-length", 0);
    size_t digits = text ? strspn(text, "0123456789") : 0;

    return digits && digits < 16 && !text[digits] ? (int64_t)strtoll(text, NULL, 10) : -1;
}

int64_t http_content_length(const struct http_response *response)
{
    if (response->was_zipped || http_response_header(response, "transfer-encoding", 0))
        return -1;
    return http_written_length(response);
}

bool http_is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}
