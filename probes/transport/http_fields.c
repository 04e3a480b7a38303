#include "probes/transport/http_fields.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "config/base/address.h"

#define SEARCHED_BYTES  4096
#define MAX_RETRY_AFTER (7 * 24 * 3600)

const char *http_host_header(const char *host, uint16_t port, uint16_t default_port,
                             struct arena *arena)
{
    bool v6 = strchr(host, ':') != NULL;
    const char *open = v6 ? "[" : "";
    const char *close = v6 ? "]" : "";

    if (port == default_port)
        return arena_format(arena, "%s%s%s", open, host, close);
    return arena_format(arena, "%s%s%s:%u", open, host, close, (unsigned)port);
}

static bool is_address_byte(char byte)
{
    return isxdigit((unsigned char)byte) || byte == '.' || byte == ':';
}

const char *http_body_address(const struct http_response *response, struct arena *arena)
{
    const char *body = response->body;
    size_t end = response->body_length < SEARCHED_BYTES ? response->body_length : SEARCHED_BYTES;
    struct address address;
    char token[ADDRESS_TEXT_SIZE];

    for (size_t i = 0; body && i < end;) {
        size_t length = 0;
        while (i + length < end && is_address_byte(body[i + length]))
            length++;
        if (length >= sizeof("1.1.1.1") - 1 && length < sizeof(token)) {
            memcpy(token, body + i, length);
            token[length] = '\0';
            if (address_parse(token, &address))
                return arena_copy_text(arena, address_format(&address, token));
        }
        i += length + 1;
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

bool http_is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}
