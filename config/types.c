/* SPDX-License-Identifier: MIT */
#include "config/types.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/proxy_url.h"
#include "config/target.h"

#define DNS_PORT     53
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const no_memory = "out of memory";

void yaml_append_text(struct text *text, const char *value)
{
    text_append(text, "\"");
    for (; *value; value++) {
        unsigned char byte = (unsigned char)*value;
        if (byte == '"' || byte == '\\')
            text_append_format(text, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            text_append_format(text, "\\x%02x", byte);
        else
            text_append_bytes(text, value, 1);
    }
    text_append(text, "\"");
}

/* ---- choices, numbers, switches ---- */

int parse_choice(const char *value, const char *const *choices)
{
    for (int i = 0; choices[i]; i++)
        if (strcmp(choices[i], value) == 0)
            return i;
    return -1;
}

const char *choice_sentence(const char *const *choices, struct arena *arena)
{
    const char *sentence = "it is";

    for (size_t i = 0; choices[i] && sentence; i++) {
        const char *before = !i ? " " : choices[i + 1] ? ", " : " or ";
        sentence = arena_format(arena, "%s%s%s", sentence, before, choices[i]);
    }
    return sentence ? sentence : no_memory;
}

static const char *choice_read(const struct schema_key *key, const struct schema_place *place,
                               const char *value, void *field)
{
    int choice = parse_choice(value, key->choices);

    if (choice < 0)
        return choice_sentence(key->choices, place->settings->arena);
    *(unsigned *)field = (unsigned)choice;
    return NULL;
}

static void print_choice(const struct schema_key *key, const void *element, struct text *text)
{
    text_append(text, key->choices[*(const unsigned *)element]);
}

static bool equal_unsigned(const void *a, const void *b)
{
    return *(const unsigned *)a == *(const unsigned *)b;
}

static const char *count_read(const struct schema_key *key, const struct schema_place *place,
                              const char *value, void *field)
{
    bool digits = *value && strlen(value) <= 6 && strspn(value, "0123456789") == strlen(value);
    unsigned long number = digits ? strtoul(value, NULL, 10) : 0;

    if (!digits || number < key->least || number > key->most) {
        const char *sentence =
            arena_format(place->settings->arena, "a number from %llu to %llu",
                         (unsigned long long)key->least, (unsigned long long)key->most);
        return sentence ? sentence : no_memory;
    }
    *(unsigned *)field = (unsigned)number;
    return NULL;
}

static void print_count(const struct schema_key *key, const void *element, struct text *text)
{
    (void)key;
    text_append_format(text, "%u", *(const unsigned *)element);
}

bool parse_duration(const char *value, usec_t least, usec_t most, usec_t *ret)
{
    static const struct {
        const char *unit;
        usec_t length;
    } units[] = {{"ms", USEC_PER_MSEC},
                 {"s", USEC_PER_SEC},
                 {"m", 60 * USEC_PER_SEC},
                 {"h", 3600 * USEC_PER_SEC}};
    size_t digits = strspn(value, "0123456789");

    for (size_t i = 0; digits && digits <= 9 && i < COUNT(units); i++) {
        if (strcmp(value + digits, units[i].unit) != 0)
            continue;
        usec_t duration = strtoull(value, NULL, 10) * units[i].length;
        if (duration < least || duration > most)
            return false;
        *ret = duration;
        return true;
    }
    return false;
}

static const char *duration_read(const struct schema_key *key, const struct schema_place *place,
                                 const char *value, void *field)
{
    (void)place;
    return parse_duration(value, key->least, key->most, field)
               ? NULL
               : "a duration is a whole number with ms, s, m or h, from 100ms to 24h";
}

static void print_duration(const struct schema_key *key, const void *element, struct text *text)
{
    usec_t duration = *(const usec_t *)element;
    bool seconds = duration % USEC_PER_SEC == 0;

    (void)key;
    text_append_format(text, "%llu%s",
                       (unsigned long long)(duration / (seconds ? USEC_PER_SEC : USEC_PER_MSEC)),
                       seconds ? "s" : "ms");
}

static bool equal_duration(const void *a, const void *b)
{
    return *(const usec_t *)a == *(const usec_t *)b;
}

static const char *flag_read(const struct schema_key *key, const struct schema_place *place,
                             const char *value, void *field)
{
    static const char *const flags[] = {"false", "true", NULL};
    int choice = parse_choice(value, flags);

    (void)key;
    (void)place;
    if (choice < 0)
        return "it is true or false";
    *(bool *)field = choice;
    return NULL;
}

static void print_flag(const struct schema_key *key, const void *element, struct text *text)
{
    (void)key;
    text_append(text, *(const bool *)element ? "true" : "false");
}

static bool equal_flag(const void *a, const void *b)
{
    return *(const bool *)a == *(const bool *)b;
}

const struct schema_type type_choice = {
    .read = choice_read, .print = print_choice, .equal = equal_unsigned};
const struct schema_type type_count = {
    .read = count_read, .print = print_count, .equal = equal_unsigned};
const struct schema_type type_duration = {
    .read = duration_read, .print = print_duration, .equal = equal_duration};
const struct schema_type type_flag = {.read = flag_read, .print = print_flag, .equal = equal_flag};

/* ---- texts and URLs ---- */

static const char *check_text(const struct schema_key *key, const struct schema_place *place,
                              const char *value)
{
    if (!*value)
        return "it must not be empty";
    return key->check ? key->check(value, place->settings->arena) : NULL;
}

static const char *text_read(const struct schema_key *key, const struct schema_place *place,
                             const char *value, void *field)
{
    const char *wrong = check_text(key, place, value);
    const char **text = field;

    if (wrong)
        return wrong;
    *text = arena_copy_text(place->settings->arena, value);
    return *text ? NULL : no_memory;
}

static bool is_pointer_set(const void *field)
{
    return *(const void *const *)field != NULL;
}

static void print_text(const struct schema_key *key, const void *element, struct text *text)
{
    (void)key;
    yaml_append_text(text, *(const char *const *)element);
}

static bool equal_text(const void *a, const void *b)
{
    const char *one = *(const char *const *)a;
    const char *other = *(const char *const *)b;

    return one == other || (one && other && strcmp(one, other) == 0);
}

static const char *url_read(const struct schema_key *key, const struct schema_place *place,
                            const char *value, void *field)
{
    struct arena *arena = place->settings->arena;
    struct url *url = arena_allocate(arena, sizeof(*url));

    (void)key;
    if (!url)
        return no_memory;
    const char *wrong = url_parse(value, arena, url);
    if (!wrong)
        *(const struct url **)field = url;
    return wrong;
}

static void print_url(const struct schema_key *key, const void *element, struct text *text)
{
    const struct url *url = *(const struct url *const *)element;
    char buffer[HOST_PORT_SIZE];
    struct text whole = TEXT_WITH_LIMIT(URL_MAX_LENGTH + HOST_PORT_SIZE);

    (void)key;
    text_append_format(&whole, "%s://%s%s", url->tls ? "https" : "http",
                       host_port_format(url->host, url->port, buffer), url->path);
    yaml_append_text(text, text_string(&whole));
    text->truncated |= text_truncated(&whole);
    text_free(&whole);
}

static bool equal_url(const void *a, const void *b)
{
    const struct url *one = *(const struct url *const *)a;
    const struct url *other = *(const struct url *const *)b;

    if (!one || !other)
        return one == other;
    return one->tls == other->tls && one->port == other->port &&
           strcmp(one->host, other->host) == 0 && strcmp(one->path, other->path) == 0;
}

static bool is_proxy_word(const char *value)
{
    return strcmp(value, "auto") == 0 || strcmp(value, "none") == 0;
}

static const char *proxy_read(const struct schema_key *key, const struct schema_place *place,
                              const char *value, void *field)
{
    struct arena *arena = place->settings->arena;
    struct proxy_url url;

    (void)key;
    if (!is_proxy_word(value) && proxy_url_parse(value, arena, &url))
        return "it is auto, none, or "
               "http://, https://, socks5:// or socks5h://[USER:PASSWORD@]HOST[:PORT]";
    *(const char **)field = arena_copy_text(arena, value);
    return *(const char **)field ? NULL : no_memory;
}

/* Leaves out user information, because it is never shown, and says so. */
static void print_proxy(const struct schema_key *key, const void *element, struct text *text)
{
    const char *value = *(const char *const *)element;
    struct arena *arena = arena_new(0);
    struct proxy_url url;

    (void)key;
    if (is_proxy_word(value))
        yaml_append_text(text, value);
    else if (arena && !proxy_url_parse(value, arena, &url)) {
        yaml_append_text(text, url.shown);
        if (url.user)
            text_append(text, " # its user and password are not printed");
    } else
        text->truncated = true;
    arena_free(arena);
}

/* True if both are the same word, or URLs with the same meaning. */
static bool equal_proxy(const void *a, const void *b)
{
    const char *const values[] = {*(const char *const *)a, *(const char *const *)b};
    struct proxy_url one, other;

    if (is_proxy_word(values[0]) || is_proxy_word(values[1]))
        return equal_text(a, b);
    struct arena *arena = arena_new(0);
    bool equal = arena && !proxy_url_parse(values[0], arena, &one) &&
                 !proxy_url_parse(values[1], arena, &other) &&
                 strcmp(one.shown, other.shown) == 0 && !one.user == !other.user &&
                 (!one.user ||
                  (strcmp(one.user, other.user) == 0 && strcmp(one.password, other.password) == 0));
    arena_free(arena);
    return equal;
}

/* Host names are compared in lower case. */
static const char *host_read(const struct schema_key *key, const struct schema_place *place,
                             const char *value, void *field)
{
    const char *wrong = check_text(key, place, value);
    char *text = wrong ? NULL : arena_copy_text(place->settings->arena, value);

    if (!text)
        return wrong ? wrong : no_memory;
    for (char *at = text; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    *(const char **)field = text;
    return NULL;
}

const struct schema_type type_text = {
    .read = text_read, .is_set = is_pointer_set, .print = print_text, .equal = equal_text};
const struct schema_type type_url = {
    .read = url_read, .is_set = is_pointer_set, .print = print_url, .equal = equal_url};
const struct schema_type type_proxy = {
    .read = proxy_read, .is_set = is_pointer_set, .print = print_proxy, .equal = equal_proxy};
const struct schema_type type_hosts = {.read = host_read,
                                       .print = print_text,
                                       .equal = equal_text,
                                       .size = sizeof(const char *),
                                       .pointer = true};
const struct schema_type type_texts = {.read = text_read,
                                       .print = print_text,
                                       .equal = equal_text,
                                       .size = sizeof(const char *),
                                       .pointer = true};

/* ---- addresses ---- */

static const char *address_read(const struct schema_key *key, const struct schema_place *place,
                                const char *value, void *field)
{
    (void)key;
    (void)place;
    return address_parse(value, field) ? NULL : "it is an IP address, e.g. 10.0.3.7";
}

static bool is_address_set(const void *field)
{
    return ((const struct address *)field)->family != AF_UNSPEC;
}

static void print_address(const struct schema_key *key, const void *element, struct text *text)
{
    char buffer[ADDRESS_TEXT_SIZE];

    (void)key;
    yaml_append_text(text, address_format(element, buffer));
}

static bool equal_address(const void *a, const void *b)
{
    return address_equal(a, b);
}

static const char *listen_read(const struct schema_key *key, const struct schema_place *place,
                               const char *value, void *field)
{
    struct endpoint *listen = field;
    const char *end = *value == '[' ? strchr(value, ']') : NULL;
    char bare[ENDPOINT_TEXT_SIZE];

    (void)key;
    (void)place;
    /* Also around IPv4, so that "[$(HOST_IP)]:9447" in a manifest suits both families. */
    if (end && !memchr(value, ':', (size_t)(end - value))) {
        snprintf(bare, sizeof(bare), "%.*s%s", (int)(end - value - 1), value + 1, end + 1);
        value = bare;
    }
    const char *port = strrchr(value, ':');

    /* Port 0 asks for a free one; endpoint_parse() takes it only if 0 is the default too. */
    bool bare_v6 = *value != '[' && port && strchr(value, ':') != port;
    if (!port || bare_v6 || !endpoint_parse(value, 0, listen) ||
        (!listen->port && strcmp(port, ":0") != 0))
        return "it is ADDRESS:PORT, e.g. 127.0.0.1:9447 or [::]:9447; port 0 picks a free one";
    return NULL;
}

static const char *resolver_read(const struct schema_key *key, const struct schema_place *place,
                                 const char *value, void *field)
{
    (void)key;
    (void)place;
    return endpoint_parse(value, DNS_PORT, field)
               ? NULL
               : "a resolver is ADDRESS[:PORT], e.g. 183.60.83.19 or [fd00::53]:53";
}

static void print_endpoint(const struct schema_key *key, const void *element, struct text *text)
{
    char buffer[ENDPOINT_TEXT_SIZE];

    (void)key;
    yaml_append_text(text, endpoint_format(element, buffer));
}

static bool equal_endpoint(const void *a, const void *b)
{
    return endpoint_equal(a, b);
}

static const char *range_read(const struct schema_key *key, const struct schema_place *place,
                              const char *value, void *field)
{
    (void)key;
    (void)place;
    return range_parse(value, field)
               ? NULL
               : "a range is ADDRESS/PREFIX with no bits behind the prefix, e.g. 10.0.0.0/8";
}

static void print_range(const struct schema_key *key, const void *element, struct text *text)
{
    char buffer[RANGE_TEXT_SIZE];

    (void)key;
    yaml_append_text(text, range_format(element, buffer));
}

static bool equal_range(const void *a, const void *b)
{
    const struct range *one = a;
    const struct range *other = b;

    return one->prefix == other->prefix && address_equal(&one->base, &other->base);
}

const struct schema_type type_address = {
    .read = address_read, .is_set = is_address_set, .print = print_address, .equal = equal_address};
const struct schema_type type_listen = {
    .read = listen_read, .print = print_endpoint, .equal = equal_endpoint};
const struct schema_type type_resolvers = {.read = resolver_read,
                                           .print = print_endpoint,
                                           .equal = equal_endpoint,
                                           .size = sizeof(struct endpoint)};
const struct schema_type type_ranges = {
    .read = range_read, .print = print_range, .equal = equal_range, .size = sizeof(struct range)};

/* ---- controls ---- */

/* Hosts of the vendor that answer inside a VPC alone, and there not in every one. */
static bool is_inside_vpc(const char *host)
{
    return strcmp(host, "mirror.ccs.tencentyun.com") == 0 ||
           strcmp(host, "sts.internal.tencentcloudapi.com") == 0;
}

static const char *control_read(const struct schema_key *key, const struct schema_place *place,
                                const char *value, void *field)
{
    struct arena *arena = place->settings->arena;
    struct control *control = field;
    size_t length = strcspn(value, "=");
    const char *kind = arena_copy_bytes(arena, value, length);
    int choice = kind ? parse_choice(kind, key->choices) : 0;

    if (value[length] != '=' || choice < 0)
        return "a control is vpc=HOST:PORT or internet=HOST:PORT";
    const char *place_text = value + length + 1;
    const char *wrong = host_port_parse(place_text, 0, arena, &control->host, &control->port,
                                        &control->address, &control->host_is_address);
    if (wrong)
        return wrong;
    control->kind = (enum control_kind)choice;
    control->only_helps = is_inside_vpc(control->host);
    control->name = arena_copy_text(arena, place->name ? place->name : place_text);
    return kind && control->name ? NULL : no_memory;
}

static void print_control(const struct schema_key *key, const void *element, struct text *text)
{
    const struct control *control = element;
    char buffer[HOST_PORT_SIZE];

    text_append(text, "{name: ");
    yaml_append_text(text, control->name);
    text_append_format(text, ", kind: %s, endpoint: \"%s\"}", key->choices[control->kind],
                       host_port_format(control->host, control->port, buffer));
}

static bool equal_control(const void *a, const void *b)
{
    const struct control *one = a;
    const struct control *other = b;

    return one->kind == other->kind && one->port == other->port &&
           strcmp(one->name, other->name) == 0 && strcmp(one->host, other->host) == 0;
}

const struct schema_type type_controls = {.read = control_read,
                                          .print = print_control,
                                          .equal = equal_control,
                                          .size = sizeof(struct control)};
