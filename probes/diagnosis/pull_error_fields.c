#include "probes/diagnosis/pull_error_fields.h"

#include <ctype.h>
#include <string.h>

#include "config/target.h"
#include "probes/diagnosis/pull_error_fold.h"

#define MAX_URL     4096
#define MAX_BRACKET 256 /* "[manifests TAG]" */
#define HTTPS_PORT  443
#define HTTP_PORT   80

static const char reference_bytes[] = "abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/@[]";

/* Reads up to a stop or the end of the text, wraps left out; false when it is empty or does not
 * fit, and then no further than the buffer is long. */
static bool gather(const char *at, const char *stops, char *buffer, size_t size,
                   const char **ret_end)
{
    size_t length = 0;

    for (; *at && !strchr(stops, *at) && length + 1 < size; at++)
        if (*at != '\n')
            buffer[length++] = *at;
    *ret_end = at;
    buffer[length] = '\0';
    return length > 0 && (!*at || strchr(stops, *at));
}

/* host[:port] as image references write it; NULL when it cannot be one. */
static const char *host_of(const char *text, uint16_t default_port, struct arena *arena)
{
    struct address address;
    const char *host;
    uint16_t port;
    bool is_address;

    if (host_port_parse(text, default_port, arena, &host, &port, &address, &is_address))
        return NULL;
    bool brackets = strchr(host, ':') != NULL;
    if (port == HTTPS_PORT)
        return brackets ? arena_format(arena, "[%s]", host) : host;
    return arena_format(arena, brackets ? "[%s]:%u" : "%s:%u", host, (unsigned)port);
}

/* ---- URLs ---- */

/* Hosts of object stores, which registries send their clients to for the layers. */
static bool is_store(const char *host)
{
    static const char *const parts[] = {
        ".cos.",         ".myqcloud.com",          "tencentcos.cn",       ".amazonaws.com",
        ".aliyuncs.com", "storage.googleapis.com", ".blob.core.windows.", ".cloudflarestorage.com",
        "cos-internal.",
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(host, parts[i]))
            return true;
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

unsigned field_url_flags(const char *url)
{
    char host[256] = "";
    const char *begin = strstr(url, "://");

    begin = begin ? begin + 3 : url;
    size_t length = strcspn(begin, "/?");
    if (length < sizeof(host))
        memcpy(host, begin, length);
    if (strstr(url, "/token?") || ends_with(url, "/token") || strstr(url, "service=") ||
        strstr(url, "scope=") || strstr(url, "/oauth2/"))
        return PHRASE_TOKEN;
    if (strstr(url, "/blobs/") || is_store(host))
        return PHRASE_BLOB;
    return strstr(url, "/manifests/") ? PHRASE_MANIFEST : 0;
}

/* REPOSITORY:TAG or REPOSITORY@DIGEST of a path that begins after "/v2/". */
static const char *image_of_path(const char *path, struct arena *arena)
{
    const char *found = strstr(path, "/manifests/");

    if (!found)
        return NULL;
    const char *reference = found + strlen("/manifests/");
    const char *image =
        arena_format(arena, strchr(reference, ':') ? "%.*s@%.*s" : "%.*s:%.*s", (int)(found - path),
                     path, (int)strcspn(reference, "?#/"), reference);
    return image && !image_check(image) ? image : NULL;
}

static bool is_port(const char *at)
{
    size_t digits = strspn(at, "0123456789");

    return digits > 0 && digits <= 5 && at[digits] == '/';
}

/* Without quotes it ends at a space, or at a ':' that ends the line and goes on with no port. */
static const char *end_of_bare_url(const char *at)
{
    for (const char *begin = at; *at && *at != ' ' && *at != '"' && *at != '\''; at++)
        if (*at == ':' && at[1] == '\n' && at - begin > 8 && !is_port(at + 2))
            break;
    while (strchr(":,.;)", at[-1]))
        at--;
    return at;
}

struct found_url field_url(const char *at, bool quoted, struct arena *arena)
{
    char text[MAX_URL];
    struct found_url url = {.end = at};
    uint16_t port = phrase_match(at, "https") ? HTTPS_PORT : HTTP_PORT;
    bool whole;

    if (quoted) {
        whole = gather(at, "\" ", text, sizeof(text), &url.end);
        whole = whole && *url.end == '"';
        url.end += *url.end == '"';
    } else {
        url.end = end_of_bare_url(at);
        char *bare = arena_copy_bytes(arena, at, (size_t)(url.end - at));
        const char *ignored;
        whole = bare && gather(bare, "", text, sizeof(text), &ignored);
    }
    char *authority = whole ? strstr(text, "://") : NULL;
    if (!authority)
        return url;
    authority += 3;
    char *path = authority + strcspn(authority, "/?#");
    url.flags = field_url_flags(text);
    url.api = strncmp(path, "/v2/", 4) == 0;
    if (url.api)
        url.image = image_of_path(path + 4, arena);
    *path = '\0';
    char *user = strrchr(authority, '@');
    url.host = host_of(user ? user + 1 : authority, port, arena);
    return url;
}

/* ---- the rest ---- */

const char *field_image(const char *at, bool quoted, struct arena *arena, const char **ret_end)
{
    char text[PULL_ERROR_MAX_NAME];
    size_t length;

    *ret_end = at;
    if (!quoted) {
        at += *at == ' ' || *at == '\n';
        quoted = *at == '"' || *at == '\'';
        at += quoted;
    }
    /* Without quotes nothing tells a reference that goes on in the next line from one that ends. */
    if (!gather(at, quoted ? "\"' " : "\"', \n", text, sizeof(text), ret_end))
        return NULL;
    if (!quoted && **ret_end == '\n' && (*ret_end)[-1] != ':')
        return NULL;
    if (quoted && **ret_end != '"' && **ret_end != '\'')
        return NULL;
    *ret_end += quoted;
    length = strlen(text);
    while (!quoted && length && strchr(":.", text[length - 1]))
        text[--length] = '\0';
    if (!length || strspn(text, reference_bytes) != length || strchr("-.:/", text[0]))
        return NULL;
    return arena_copy_text(arena, text);
}

/* The digits at `at`, wraps left out. */
static const char *gather_run(const char *at, const char *bytes, char *buffer, size_t size)
{
    size_t length = 0;

    for (; *unwrapped(at) && strchr(bytes, *unwrapped(at)); at++) {
        at = unwrapped(at);
        if (length + 1 < size)
            buffer[length++] = *at;
    }
    buffer[length] = '\0';
    return at;
}

bool field_endpoint(const char *at, struct endpoint *ret)
{
    char text[ADDRESS_TEXT_SIZE];
    char port[8] = "";
    unsigned value = 0;

    at = unwrapped(at);
    if (*at == '[') {
        at = unwrapped(gather_run(at + 1, "0123456789abcdefABCDEF:.", text, sizeof(text)));
        if (*at++ != ']')
            return false;
    } else {
        at = gather_run(at, "0123456789.", text, sizeof(text));
    }
    at = unwrapped(at);
    if (*at == ':')
        gather_run(at + 1, "0123456789", port, sizeof(port));
    for (const char *digit = port; *digit; digit++)
        value = value * 10 + (unsigned)(*digit - '0');
    if (!address_parse(text, &ret->address) || value > UINT16_MAX)
        return false;
    ret->port = (uint16_t)value;
    return true;
}

const char *field_lookup(const char *at, struct arena *arena, const char **ret_resolver)
{
    char text[PULL_ERROR_MAX_NAME];
    size_t length = 0;
    struct endpoint resolver;
    char buffer[ENDPOINT_TEXT_SIZE];

    *ret_resolver = NULL;
    for (; *at && !strchr(" :\"", *at) && !phrase_match(at, " on "); at++)
        if (*at != '\n' && length + 1 < sizeof(text))
            text[length++] = *at;
    text[length] = '\0';
    size_t on = phrase_match(at, " on ");
    if (on && field_endpoint(at + on, &resolver))
        *ret_resolver = arena_copy_text(arena, endpoint_format(&resolver, buffer));
    return host_of(text, HTTPS_PORT, arena);
}

/* Three digits that stand alone. */
static unsigned three_digits(const char *at, const char **ret_end)
{
    unsigned status = 0;

    for (int i = 0; i < 3; i++, at++) {
        at = unwrapped(at);
        if (!isdigit((unsigned char)*at))
            return 0;
        status = status * 10 + (unsigned)(*at - '0');
    }
    if (isalnum((unsigned char)*at) || *at == '/' || *at == '.' || *at == '-')
        return 0;
    *ret_end = at;
    return status >= 100 && status <= 599 ? status : 0;
}

unsigned field_status(const char *at, const char **ret_end, const char **ret_url)
{
    static const char *const fillers[] = {" code", " from",    " head", " get",
                                          " post", " request", " to"};
    bool more = true;

    *ret_url = NULL;
    while (more) {
        more = false;
        for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++) {
            size_t length = phrase_match(at, fillers[i]);
            at += length;
            more |= length > 0;
        }
    }
    if (phrase_match(at, " http") || phrase_match(at, " \"http")) {
        bool quoted = at[1] == '"';
        *ret_url = at + 1 + quoted;
        at = quoted ? *ret_url + strcspn(*ret_url, "\" ") : end_of_bare_url(*ret_url);
        at += *at == '"';
    } else if (phrase_match(at, " [")) {
        for (size_t i = 0; i < MAX_BRACKET && *at && *at != ']'; i++)
            at++;
        at += *at == ']';
    }
    at = unwrapped(at);
    at += *at == ':';
    at += *at == ' ' || *at == '\n';
    return three_digits(at, ret_end);
}
