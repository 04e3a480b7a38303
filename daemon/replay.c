#include "daemon/replay.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config/base/memory.h"
#include "config/base/text.h"

#define LOCATION_SIZE 96
#define MAX_SHOWN     48 /* bytes of a wrong value in the message */

struct replay_item {
    struct target target;
    struct network_settings network;
    struct evidence *evidence;
};

struct replay {
    json_t *document;
    size_t count;
    struct replay_item *items;
};

/* What is being read, and the first thing that was wrong with it. */
struct reading {
    struct arena *arena;
    char location[LOCATION_SIZE];
    char *error;
    size_t error_size;
    bool failed;
};

static void fail(struct reading *reading, const char *key, const char *found)
{
    struct text escaped = TEXT_WITH_LIMIT(4 * MAX_SHOWN + 3);

    text_append_peer(&escaped, found, strlen(found), MAX_SHOWN);
    if (!reading->failed)
        snprintf(reading->error, reading->error_size, "%s.%s: \"%s\" is not valid here",
                 reading->location, key, text_string(&escaped));
    reading->failed = true;
    text_free(&escaped);
}

/* What a terminal would obey: C0, DEL, and C1 as UTF-8 spells it. Our reports hold none. */
static bool has_controls(const char *text)
{
    for (const unsigned char *byte = (const unsigned char *)text; *byte; byte++)
        if (*byte < 0x20 || *byte == 0x7f || (*byte == 0xc2 && byte[1] < 0xa0))
            return true;
    return false;
}

static const char *keep_text(struct reading *reading, const char *key, const char *text)
{
    if (text && has_controls(text))
        fail(reading, key, text);
    return arena_copy_text(reading->arena, text);
}

static const char *get_text(struct reading *reading, const json_t *object, const char *key)
{
    return keep_text(reading, key, json_string_value(json_object_get(object, key)));
}

/* A list of texts; how many there are. */
static size_t get_texts(struct reading *reading, const json_t *object, const char *key,
                        const char **texts, size_t limit)
{
    const json_t *list = json_object_get(object, key);
    size_t count = 0;

    for (; count < json_array_size(list) && count < limit; count++) {
        const char *text = json_string_value(json_array_get(list, count));
        texts[count] = keep_text(reading, key, text);
        if (!text)
            fail(reading, key, "(not a text)");
    }
    return count;
}

static usec_t get_duration(const json_t *object, const char *key)
{
    double seconds = json_number_value(json_object_get(object, key));

    return seconds > 0 && seconds < 1e6 ? (usec_t)(seconds * (double)USEC_PER_SEC + 0.5) : 0;
}

static unsigned get_count(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));

    return value > 0 && value <= UINT32_MAX ? (unsigned)value : 0;
}

static int64_t get_time(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    struct tm tm = {0};

    return text && strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) ? (int64_t)timegm(&tm) : 0;
}

static bool get_flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

/* The number of the id that stands at `key`, by the table that prints it. */
typedef const char *name_fn(unsigned value);
static unsigned get_enum(struct reading *reading, const json_t *object, const char *key,
                         name_fn *name, unsigned count)
{
    const char *found = json_string_value(json_object_get(object, key));

    for (unsigned i = 0; found && i < count; i++)
        if (strcmp(found, name(i)) == 0)
            return i;
    fail(reading, key, found ? found : "(missing)");
    return 0;
}

#define NAME_OF(table, type)                           \
    static const char *name_of_##table(unsigned value) \
    {                                                  \
        return table##_name((enum type)value);         \
    }
NAME_OF(dns_outcome, dns_outcome)
NAME_OF(tcp_outcome, tcp_outcome)
NAME_OF(tls_outcome, tls_outcome)
NAME_OF(api_outcome, api_outcome)
NAME_OF(control_outcome, control_outcome)
NAME_OF(challenge_kind, challenge_kind)
NAME_OF(address_class, address_class)
NAME_OF(resolver_role, resolver_role)
NAME_OF(record_type, record_type)
NAME_OF(control_kind, control_kind)
NAME_OF(profile, profile)
NAME_OF(expect, expect)
NAME_OF(trial_outcome, trial_outcome)

static struct address get_address(struct reading *reading, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    struct address address = {0};

    if (text && !address_parse(text, &address))
        fail(reading, key, text);
    return address;
}

static void locate(struct reading *reading, const char *list, size_t index)
{
    snprintf(reading->location, sizeof(reading->location), "%s[%zu]", list, index);
}

/* ---- evidence ---- */

static void read_dns(struct reading *reading, const json_t *object, struct dns_evidence *dns)
{
    const json_t *list = json_object_get(object, "addresses");
    const char *queried = json_string_value(json_object_get(object, "queried"));
    const char *resolver = json_string_value(json_object_get(object, "resolver"));

    dns->role = get_enum(reading, object, "role", name_of_resolver_role, ROLE_HOST + 1);
    dns->type = get_enum(reading, object, "type", name_of_record_type, RECORD_AAAA + 1);
    dns->outcome = get_enum(reading, object, "outcome", name_of_dns_outcome, DNS_OUTCOME_COUNT);
    dns->queried = queried && strcmp(queried, "vpc") == 0 ? NAME_VPC : NAME_TARGET;
    dns->name = get_text(reading, object, "name");
    if (!dns->name)
        fail(reading, "name", "(missing)");
    dns->error = get_text(reading, object, "error");
    dns->rcode = (uint8_t)get_count(object, "rcode");
    dns->truncated = get_flag(object, "truncated");
    dns->duration = get_duration(object, "duration_seconds");
    if (!resolver || !endpoint_parse(resolver, 53, &dns->resolver))
        fail(reading, "resolver", resolver ? resolver : "(missing)");
    dns->cname_count = get_texts(reading, object, "cnames", dns->cnames, EVIDENCE_MAX_CNAMES);
    dns->addresses =
        arena_allocate(reading->arena, EVIDENCE_MAX_ADDRESSES * sizeof(*dns->addresses));
    for (size_t i = 0; dns->addresses && i < json_array_size(list) && i < EVIDENCE_MAX_ADDRESSES;
         i++) {
        const json_t *entry = json_array_get(list, i);
        struct dns_address *found = &dns->addresses[dns->address_count++];
        found->address = get_address(reading, entry, "address");
        found->address_class =
            get_enum(reading, entry, "class", name_of_address_class, CLASS_COUNT);
        found->rule = get_text(reading, entry, "rule");
        found->ttl = get_count(entry, "ttl");
    }
}

static void read_tls(struct reading *reading, const json_t *object, struct tls_evidence *tls)
{
    const json_t *defects = json_object_get(object, "defects");
    const json_t *certificate = json_object_get(object, "certificate");

    tls->outcome = get_enum(reading, object, "outcome", name_of_tls_outcome, TLS_OUTCOME_COUNT);
    tls->reason = get_text(reading, object, "reason");
    tls->duration = get_duration(object, "duration_seconds");
    tls->version = get_text(reading, object, "version");
    tls->cipher = get_text(reading, object, "cipher");
    tls->detail = get_text(reading, object, "detail");
    for (size_t i = 0; i < json_array_size(defects); i++)
        for (unsigned bit = 0; bit < TLS_DEFECT_COUNT; bit++) {
            const char *name = json_string_value(json_array_get(defects, i));
            if (name && strcmp(name, tls_defect_name(bit)) == 0)
                tls->defects |= 1u << bit;
        }
    tls->certificate.present = json_is_object(certificate);
    tls->certificate.subject = get_text(reading, certificate, "subject");
    tls->certificate.issuer = get_text(reading, certificate, "issuer");
    tls->certificate.not_before = get_time(certificate, "not_before");
    tls->certificate.not_after = get_time(certificate, "not_after");
    tls->certificate.fingerprint_sha256 = get_text(reading, certificate, "fingerprint_sha256");
    tls->certificate.name_count =
        get_texts(reading, certificate, "names", tls->certificate.names, EVIDENCE_MAX_NAMES);
}

static void read_api(struct reading *reading, const json_t *object, struct api_evidence *api)
{
    api->outcome = get_enum(reading, object, "outcome", name_of_api_outcome, API_OUTCOME_COUNT);
    api->challenge =
        get_enum(reading, object, "challenge", name_of_challenge_kind, CHALLENGE_UNPARSABLE + 1);
    api->reason = get_text(reading, object, "reason");
    api->duration = get_duration(object, "duration_seconds");
    api->status = get_count(object, "status");
    api->content_type = get_text(reading, object, "content_type");
    api->server = get_text(reading, object, "server");
    api->registry_version = get_text(reading, object, "registry_version");
    api->location = get_text(reading, object, "location");
    api->retry_after = get_count(object, "retry_after_seconds");
    api->peer_time = get_time(object, "peer_time");
    api->local_time = get_time(object, "local_time");
    api->client_address = get_text(reading, object, "client_address");
    api->detail = get_text(reading, object, "detail");
}

/* Absent in a report of an earlier version: then no trial was made. */
static void read_trials(struct reading *reading, const json_t *object,
                        struct handshake_trials *trials)
{
    if (!object)
        return;
    trials->clamped = get_enum(reading, object, "clamped", name_of_trial_outcome, TRIAL_CLOSED + 1);
    trials->control_sni =
        get_enum(reading, object, "control_sni", name_of_trial_outcome, TRIAL_CLOSED + 1);
    trials->send_mss = get_count(object, "send_mss");
    trials->receive_mss = get_count(object, "receive_mss");
    trials->path_mtu = get_count(object, "path_mtu");
    trials->retransmits = get_count(object, "retransmits");
    trials->interface_mtu = get_count(object, "interface_mtu");
}

static unsigned read_views(const json_t *object)
{
    const json_t *list = json_object_get(object, "views");
    unsigned views = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name)
            views |= strcmp(name, "pod") == 0       ? VIEW_POD
                     : strcmp(name, "host") == 0    ? VIEW_HOST
                     : strcmp(name, "linkage") == 0 ? VIEW_LINKAGE
                                                    : 0;
    }
    return views ? views : VIEW_LITERAL;
}

static void read_path(struct reading *reading, const json_t *object, struct path_evidence *path)
{
    const json_t *tcp = json_object_get(object, "tcp");

    path->address = get_address(reading, object, "address");
    path->address_class = get_enum(reading, object, "class", name_of_address_class, CLASS_COUNT);
    path->rule = get_text(reading, object, "rule");
    path->views = read_views(object);
    path->tcp.outcome = get_enum(reading, tcp, "outcome", name_of_tcp_outcome, TCP_OUTCOME_COUNT);
    path->tcp.reason = get_text(reading, tcp, "reason");
    path->tcp.duration = get_duration(tcp, "duration_seconds");
    path->tcp.error = (int)get_count(tcp, "errno");
    path->tcp.trials = get_count(tcp, "trials");
    path->tcp.trials_connected = get_count(tcp, "trials_connected");
    read_trials(reading, json_object_get(object, "trials"), &path->trials);
    read_tls(reading, json_object_get(object, "tls"), &path->tls);
    read_api(reading, json_object_get(object, "api"), &path->api);
}

static void read_control(struct reading *reading, const json_t *object,
                         struct control_evidence *control)
{
    control->name = get_text(reading, object, "name");
    control->kind = get_enum(reading, object, "kind", name_of_control_kind, CONTROL_INTERNET + 1);
    control->endpoint = get_text(reading, object, "endpoint");
    control->address = get_address(reading, object, "address");
    control->outcome =
        get_enum(reading, object, "outcome", name_of_control_outcome, CONTROL_OUTCOME_COUNT);
    control->duration = get_duration(object, "duration_seconds");
}

static void read_evidence(struct reading *reading, const json_t *object, struct evidence *evidence)
{
    const json_t *dns = json_object_get(object, "dns");
    const json_t *paths = json_object_get(object, "paths");
    const json_t *controls = json_object_get(object, "controls");

    evidence->measured_at = get_time(object, "measured_at");
    evidence->duration = get_duration(object, "duration_seconds");
    evidence->deadline_reached = get_flag(object, "deadline_reached");
    evidence->allocation_failed = get_flag(object, "allocation_failed");
    evidence->local_error = get_text(reading, object, "local_error");
    evidence->egress_address = get_text(reading, object, "egress_address");
    evidence->egress_error = get_text(reading, object, "egress_error");
    for (size_t i = 0; i < json_array_size(dns) && i < EVIDENCE_MAX_DNS; i++) {
        locate(reading, "dns", i);
        read_dns(reading, json_array_get(dns, i), &evidence->dns[evidence->dns_count++]);
    }
    for (size_t i = 0; i < json_array_size(paths) && i < EVIDENCE_MAX_PATHS; i++) {
        locate(reading, "paths", i);
        read_path(reading, json_array_get(paths, i), &evidence->paths[evidence->path_count++]);
    }
    for (size_t i = 0; i < json_array_size(controls) && i < SETTINGS_MAX_CONTROLS; i++) {
        locate(reading, "controls", i);
        read_control(reading, json_array_get(controls, i),
                     &evidence->controls[evidence->control_count++]);
    }
}

/* ---- the target ---- */

static void read_settings(struct reading *reading, const json_t *object, struct replay_item *item)
{
    struct target *target = &item->target;
    const json_t *controls = json_object_get(object, "controls");
    const char *hosts[SETTINGS_MAX_RESOLVERS];

    snprintf(reading->location, sizeof(reading->location), "settings");
    target->expect = get_enum(reading, object, "expect", name_of_expect, EXPECT_PUBLIC + 1);
    target->timeout = get_duration(object, "timeout_seconds");
    target->certificate_warning_days = get_count(object, "certificate_warning_days");
    target->linkage_address = get_address(reading, object, "linkage_address");
    target->has_linkage_address = target->linkage_address.family != 0;
    target->ca_file = get_text(reading, object, "ca_file");
    item->network.profile =
        get_enum(reading, object, "profile", name_of_profile, PROFILE_TKE_SERVERLESS + 1);
    for (size_t i = 0; i < json_array_size(controls) && i < SETTINGS_MAX_CONTROLS; i++) {
        const json_t *entry = json_array_get(controls, i);
        struct control *control = &item->network.controls[item->network.control_count++];
        control->name = get_text(reading, entry, "name");
        control->host = get_text(reading, entry, "host");
        control->port = (uint16_t)get_count(entry, "port");
        control->kind =
            get_enum(reading, entry, "kind", name_of_control_kind, CONTROL_INTERNET + 1);
    }
    item->network.host_resolver_count = get_texts(reading, json_object_get(object, "resolvers"),
                                                  "host", hosts, SETTINGS_MAX_RESOLVERS);
    for (size_t i = 0; i < item->network.host_resolver_count; i++)
        if (!hosts[i] || !endpoint_parse(hosts[i], 53, &item->network.host_resolvers[i]))
            fail(reading, "host", hosts[i] ? hosts[i] : "(missing)");
    target->network = &item->network;
}

static void read_item(struct reading *reading, const json_t *object, struct replay_item *item)
{
    struct target *target = &item->target;

    target->name = get_text(reading, object, "name");
    target->host = get_text(reading, object, "host");
    target->port = (uint16_t)get_count(object, "port");
    target->instance = get_text(reading, object, "instance");
    target->is_vpc_name = get_flag(object, "vpc_name");
    if (!target->name || !target->host) {
        fail(reading, "host", "(missing)");
        return;
    }
    target->host_is_address = address_parse(target->host, &target->address);
    read_settings(reading, json_object_get(object, "settings"), item);
    read_evidence(reading, object, item->evidence);
}

static int read_items(struct replay *replay, const char *path, char *error, size_t error_size)
{
    const json_t *targets = json_object_get(replay->document, "targets");
    char where[256] = "";

    if (json_integer_value(json_object_get(replay->document, "schema_version")) != 1 ||
        !json_array_size(targets)) {
        snprintf(error, error_size, "%s: not a report: schema_version 1 and targets are needed",
                 path);
        return -1;
    }
    size_t count = json_array_size(targets);
    replay->items = memory_allocate(count * sizeof(*replay->items));
    for (size_t i = 0; replay->items && i < count; i++) {
        struct reading reading = {.error = where, .error_size = sizeof(where)};
        struct evidence *evidence = evidence_new();
        replay->items[replay->count++].evidence = evidence;
        if (!evidence)
            break;
        reading.arena = evidence->arena;
        snprintf(reading.location, sizeof(reading.location), "target");
        read_item(&reading, json_array_get(targets, i), &replay->items[i]);
        if (reading.failed || arena_failed(evidence->arena)) {
            snprintf(error, error_size, "%s: targets[%zu]: %s", path, i,
                     reading.failed ? where : "out of memory");
            return -1;
        }
    }
    if (replay->count == count && replay->items[count - 1].evidence)
        return 0;
    snprintf(error, error_size, "%s: out of memory", path);
    return -1;
}

int replay_read(const char *path, struct replay **ret, char *error, size_t error_size)
{
    struct replay *replay = memory_allocate(sizeof(*replay));
    json_error_t json_error;

    if (!replay) {
        snprintf(error, error_size, "%s: out of memory", path);
        return -1;
    }
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        memory_release(replay);
        return -1;
    }
    bool too_large = fseek(file, 0, SEEK_END) == 0 && (size_t)ftell(file) > REPLAY_MAX_FILE;
    rewind(file);
    replay->document = too_large ? NULL : json_loadf(file, JSON_REJECT_DUPLICATES, &json_error);
    fclose(file);
    if (too_large)
        snprintf(error, error_size, "%s: larger than 16 MiB", path);
    else if (!replay->document)
        snprintf(error, error_size, "%s:%d:%d: not valid JSON", path, json_error.line,
                 json_error.column);
    if (!replay->document || read_items(replay, path, error, error_size)) {
        replay_free(replay);
        return -1;
    }
    *ret = replay;
    return 0;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    for (size_t i = 0; i < replay->count; i++)
        evidence_free(replay->items[i].evidence);
    memory_release(replay->items);
    json_decref(replay->document);
    memory_release(replay);
}

size_t replay_count(const struct replay *replay)
{
    return replay->count;
}

const struct target *replay_target(const struct replay *replay, size_t index)
{
    return &replay->items[index].target;
}

const struct evidence *replay_evidence(const struct replay *replay, size_t index)
{
    return replay->items[index].evidence;
}
