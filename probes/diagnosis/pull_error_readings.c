/* What a symptom means: at the registry itself, while a token is fetched, while a layer is. */

#include <string.h>

#include "probes/diagnosis/pull_error_table.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define END          CAUSE_COUNT /* of a list of causes */
#define LIST(...)    ((const enum cause[]){__VA_ARGS__, END})
#define NOTHING      LIST(END)

/* Of which addresses a row speaks. */
enum kind {
    KIND_PUBLIC = 1 << 0,
    KIND_PRIVATE = 1 << 1, /* provider too */
    KIND_BOGUS = 1 << 2,
    KIND_UNKNOWN = 1 << 3, /* the text names no address */
    KIND_ANY = KIND_PUBLIC | KIND_PRIVATE | KIND_BOGUS | KIND_UNKNOWN,
};

struct row {
    enum symptom symptom;
    unsigned kinds;
    enum pull_stage stage; /* PULL_STAGE_API: manifest where the manifest was asked for */
    enum cause cause;
    const enum cause *alternatives;
    const char *summary;
};

#define SILENT_PUBLIC                                                                       \
    CAUSE_NAT_MISSING, CAUSE_ALLOWLIST_MISSING, CAUSE_PRIVATE_DNS_NOT_ENABLED,              \
        CAUSE_PRIVATE_LINKAGE_MISSING, CAUSE_DNS_ANSWERS_DIFFER, CAUSE_POD_NETWORK_BLOCKED, \
        CAUSE_INTERMITTENT, CAUSE_SOME_ADDRESSES_UNREACHABLE
#define SILENT_PRIVATE                                                       \
    CAUSE_POD_NETWORK_BLOCKED, CAUSE_DNS_ANSWERS_DIFFER, CAUSE_INTERMITTENT, \
        CAUSE_SOME_ADDRESSES_UNREACHABLE
#define DATES CAUSE_CLOCK_SKEW, CAUSE_TLS_UNTRUSTED_ISSUER, CAUSE_TLS_NAME_MISMATCH

static const char silent_public[] =
    "Nothing answered at {endpoint}, a public address: there is no NAT gateway, or this network is "
    "not in the registry's allowlist, or its public entry is closed; where a private linkage "
    "exists, its private resolution is not enabled.";
static const char silent_private[] =
    "Nothing answered at {endpoint}, a {class} address: it belongs to another VPC that is not "
    "peered with this one, a security group drops the traffic, or the linkage was deleted.";
static const char silent_unknown[] =
    "Connecting to {host} got no answer. If its address is public: no NAT gateway, not in the "
    "allowlist, public entry closed, or private resolution not enabled; if it is private: another "
    "VPC without peering, a security group, or a deleted linkage.";
static const char bogus[] = "{host} was looked for at {address}, where no registry can be: {rule}.";

/* clang-format off */
static const struct row at_registry[] = {
    {SYMPTOM_CONNECT_TIMEOUT, KIND_PUBLIC, PULL_STAGE_TCP, CAUSE_PUBLIC_PATH_BLOCKED,
     LIST(SILENT_PUBLIC), silent_public},
    {SYMPTOM_CONNECT_TIMEOUT, KIND_PRIVATE, PULL_STAGE_TCP, CAUSE_PRIVATE_PATH_BLOCKED,
     LIST(SILENT_PRIVATE), silent_private},
    {SYMPTOM_CONNECT_TIMEOUT, KIND_UNKNOWN, PULL_STAGE_TCP, CAUSE_PUBLIC_PATH_BLOCKED,
     LIST(SILENT_PUBLIC, CAUSE_PRIVATE_PATH_BLOCKED), silent_unknown},
    {SYMPTOM_CONNECT_TIMEOUT, KIND_BOGUS, PULL_STAGE_TCP, CAUSE_DNS_BOGUS_ADDRESS,
     LIST(CAUSE_DNS_ANSWERS_DIFFER), bogus},
    {SYMPTOM_UNREACHABLE, KIND_PUBLIC, PULL_STAGE_TCP, CAUSE_PUBLIC_PATH_BLOCKED,
     LIST(SILENT_PUBLIC),
     "There is no way from here to {endpoint}, a public address: the subnet has no route to a NAT "
     "gateway, or something on the way refuses the traffic."},
    {SYMPTOM_UNREACHABLE, KIND_PRIVATE, PULL_STAGE_TCP, CAUSE_PRIVATE_PATH_BLOCKED,
     LIST(SILENT_PRIVATE),
     "There is no way from here to {endpoint}, a {class} address: another VPC that is not peered "
     "with this one, or a security group or network ACL that refuses the traffic."},
    {SYMPTOM_UNREACHABLE, KIND_UNKNOWN, PULL_STAGE_TCP, CAUSE_PUBLIC_PATH_BLOCKED,
     LIST(SILENT_PUBLIC, CAUSE_PRIVATE_PATH_BLOCKED), "There is no way from here to {host}."},
    {SYMPTOM_UNREACHABLE, KIND_BOGUS, PULL_STAGE_TCP, CAUSE_DNS_BOGUS_ADDRESS,
     LIST(CAUSE_DNS_ANSWERS_DIFFER), bogus},
    {SYMPTOM_PROHIBITED, KIND_ANY, PULL_STAGE_TCP, CAUSE_LOCAL_ERROR,
     LIST(CAUSE_PUBLIC_PATH_BLOCKED, CAUSE_PRIVATE_PATH_BLOCKED, CAUSE_POD_NETWORK_BLOCKED),
     "The machine that pulls forbids itself to connect to {endpoint}: a rule of its own firewall, "
     "or a route that prohibits."},
    {SYMPTOM_REFUSED, KIND_BOGUS, PULL_STAGE_TCP, CAUSE_DNS_BOGUS_ADDRESS,
     LIST(CAUSE_CONNECTION_REFUSED, CAUSE_DNS_ANSWERS_DIFFER), bogus},
    {SYMPTOM_REFUSED, KIND_ANY, PULL_STAGE_TCP, CAUSE_CONNECTION_REFUSED,
     LIST(CAUSE_SOME_ADDRESSES_UNREACHABLE, CAUSE_PRIVATE_DNS_NOT_ENABLED,
          CAUSE_PRIVATE_LINKAGE_MISSING, CAUSE_DNS_ANSWERS_DIFFER),
     "{endpoint} answers and refuses the connection: nothing serves that port there. It is not a "
     "missing NAT gateway or allowlist entry."},
    {SYMPTOM_TIMEOUT, KIND_ANY, PULL_STAGE_TCP, CAUSE_PUBLIC_PATH_BLOCKED,
     LIST(SILENT_PUBLIC, CAUSE_PRIVATE_PATH_BLOCKED, CAUSE_DNS_TIMEOUT, CAUSE_TLS_TIMEOUT,
          CAUSE_MTU_BLACK_HOLE, CAUSE_SNI_FILTERED, CAUSE_HTTP_TIMEOUT),
     "Time ran out, most often because nothing answers at the address of {host}; the text does "
     "not say whether it was its name, the connection, TLS or the answer that was waited for."},

    {SYMPTOM_NO_SUCH_HOST, KIND_ANY, PULL_STAGE_DNS, CAUSE_DNS_NAME_NOT_FOUND,
     LIST(CAUSE_DNS_NO_ADDRESS),
     "The resolver ({resolver}) says that {host} does not exist, or has no address for it: a "
     "typing error, a deleted registry, or a private zone that hides the domain."},
    {SYMPTOM_NO_ADDRESS, KIND_ANY, PULL_STAGE_DNS, CAUSE_DNS_NO_ADDRESS,
     LIST(CAUSE_DNS_NAME_NOT_FOUND),
     "The resolver ({resolver}) has no usable address for {host}."},
    {SYMPTOM_DNS_FAILURE, KIND_ANY, PULL_STAGE_DNS, CAUSE_DNS_SERVER_FAILURE, NOTHING,
     "The resolver ({resolver}) answers that it cannot or will not resolve {host}: SERVFAIL, "
     "REFUSED, NOTIMP and FORMERR all read like this."},
    {SYMPTOM_DNS_TIMEOUT, KIND_ANY, PULL_STAGE_DNS, CAUSE_DNS_TIMEOUT,
     LIST(CAUSE_POD_NETWORK_BLOCKED, CAUSE_SOME_RESOLVERS_UNREACHABLE, CAUSE_LOCAL_ERROR),
     "The resolver ({resolver}) gave no answer for {host}: it is down, or port 53 to it is "
     "blocked, or it is on the internet and there is no way there."},

    {SYMPTOM_TLS_TIMEOUT, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_TIMEOUT,
     LIST(CAUSE_MTU_BLACK_HOLE, CAUSE_SNI_FILTERED),
     "The connection to {host} stands, and the TLS handshake got no answer."},
    {SYMPTOM_TLS_CLOSED, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_CONNECTION_CLOSED,
     LIST(CAUSE_SNI_FILTERED, CAUSE_TLS_HANDSHAKE_FAILED, CAUSE_HTTP_INVALID),
     "The connection to {host} was made and then closed from the other side or on the way."},
    {SYMPTOM_PLAIN_HTTP, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_PLAIN_HTTP, NOTHING,
     "{host} speaks plain HTTP on that port, and the pull uses HTTPS."},
    {SYMPTOM_UNTRUSTED, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_UNTRUSTED_ISSUER, NOTHING,
     "The certificate of {host} is self-signed or from an authority that is not trusted here; a "
     "proxy that intercepts TLS looks the same."},
    {SYMPTOM_NAME_MISMATCH, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_NAME_MISMATCH,
     LIST(CAUSE_TLS_UNTRUSTED_ISSUER),
     "The certificate that {host} shows is for another name."},
    {SYMPTOM_EXPIRED, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_CERTIFICATE_EXPIRED, LIST(DATES),
     "The certificate of {host} has expired, or the clock of the machine that pulls is wrong."},
    {SYMPTOM_NOT_YET_VALID, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_CERTIFICATE_NOT_YET_VALID,
     LIST(DATES),
     "The certificate of {host} is not valid yet, or the clock of the machine that pulls is "
     "wrong."},
    {SYMPTOM_DATES, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_CERTIFICATE_EXPIRED,
     LIST(CAUSE_TLS_CERTIFICATE_NOT_YET_VALID, DATES),
     "The certificate of {host} has expired or is not valid yet, or the clock of the machine that "
     "pulls is wrong."},
    {SYMPTOM_HANDSHAKE, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_HANDSHAKE_FAILED,
     LIST(CAUSE_SNI_FILTERED, CAUSE_TLS_PLAIN_HTTP),
     "The TLS handshake with {host} fails: an alert, an old protocol, or bytes that are not TLS."},

    {SYMPTOM_HTTP_TIMEOUT, KIND_ANY, PULL_STAGE_API, CAUSE_HTTP_TIMEOUT,
     LIST(CAUSE_MTU_BLACK_HOLE, CAUSE_TLS_TIMEOUT, CAUSE_REGISTRY_UNAVAILABLE),
     "The connection to {host} stands, and no answer came."},
    {SYMPTOM_HTTP_INVALID, KIND_ANY, PULL_STAGE_API, CAUSE_HTTP_INVALID,
     LIST(CAUSE_TLS_CONNECTION_CLOSED, CAUSE_NOT_A_REGISTRY, CAUSE_HTTP_TIMEOUT),
     "The answer of {host} is not valid HTTP or ends too early."},
    {SYMPTOM_NOT_REGISTRY, KIND_ANY, PULL_STAGE_API, CAUSE_NOT_A_REGISTRY,
     LIST(CAUSE_HTTP_INVALID, CAUSE_API_FORBIDDEN),
     "What answered in place of {host} is not a registry: a proxy's or portal's page, or another "
     "site."},
    {SYMPTOM_POLICY, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_IMAGE_BLOCKED_BY_POLICY, NOTHING,
     "The registry refuses {image} by policy: vulnerabilities, or a missing signature."},
    {SYMPTOM_SCOPE, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_INSUFFICIENT_SCOPE,
     LIST(CAUSE_CREDENTIALS_MISSING, CAUSE_CREDENTIALS_REJECTED, CAUSE_IMAGE_NOT_FOUND),
     "The network is fine, the right is missing: the namespace of {image} does not exist, the key "
     "is wrong or absent, or it is not for this image."},
    {SYMPTOM_SCOPE_MAYBE, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_INSUFFICIENT_SCOPE,
     LIST(CAUSE_CREDENTIALS_MISSING, CAUSE_CREDENTIALS_REJECTED, CAUSE_TOKEN_REJECTED,
          CAUSE_IMAGE_NOT_FOUND),
     "The network is fine, the right is missing: the namespace of {image} does not exist, the key "
     "is wrong or absent, or it is not for this image."},
    {SYMPTOM_TOKEN_INVALID, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_TOKEN_REJECTED,
     LIST(CAUSE_CLOCK_SKEW),
     "The registry refuses the token that its token service gave: clocks that differ, or another "
     "audience or signing key."},
    {SYMPTOM_KEY_REJECTED, KIND_ANY, PULL_STAGE_AUTH, CAUSE_CREDENTIALS_REJECTED,
     LIST(CAUSE_CREDENTIALS_MISSING, CAUSE_INSUFFICIENT_SCOPE),
     "The user name or the password of the pull secret is wrong or expired."},
    {SYMPTOM_NO_KEY, KIND_ANY, PULL_STAGE_AUTH, CAUSE_CREDENTIALS_MISSING,
     LIST(CAUSE_CREDENTIALS_REJECTED, CAUSE_INSUFFICIENT_SCOPE),
     "{image} is private, and the pull had no key for its registry that it could use."},
    {SYMPTOM_UNAUTHORIZED, KIND_ANY, PULL_STAGE_API, CAUSE_CREDENTIALS_MISSING,
     LIST(CAUSE_CREDENTIALS_REJECTED, CAUSE_INSUFFICIENT_SCOPE, CAUSE_TOKEN_REJECTED,
          CAUSE_TOKEN_SERVICE_FAILED),
     "{host} wants a key for {image} and got none that it accepts; temporary ones expire."},
    {SYMPTOM_RATE, KIND_ANY, PULL_STAGE_API, CAUSE_RATE_LIMITED, NOTHING,
     "{host} limits the rate of requests."},
    {SYMPTOM_NOT_FOUND, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_IMAGE_NOT_FOUND, LIST(CAUSE_NOT_A_REGISTRY),
     "The registry answers, and {image} is not there: the repository or the tag does not exist."},
    {SYMPTOM_PLATFORM, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_IMAGE_NOT_FOUND, NOTHING,
     "{image} exists, but not for the platform (operating system and architecture) that pulls."},
    {SYMPTOM_DIGEST, KIND_ANY, PULL_STAGE_BLOB, CAUSE_HTTP_INVALID, LIST(CAUSE_BLOB_STORE_REFUSED),
     "What was transferred is not what its digest says: altered or cut on the way, or damaged in "
     "the store."},
    {SYMPTOM_LOCAL_STORAGE, KIND_ANY, PULL_STAGE_BLOB, CAUSE_LOCAL_ERROR, NOTHING,
     "The machine that pulls has no room for the layers; it says nothing about the registry."},
    {SYMPTOM_LOCAL_NETWORK, KIND_ANY, PULL_STAGE_TCP, CAUSE_LOCAL_ERROR, NOTHING,
     "The machine that pulls ran out of something (memory, files, ports); it says nothing about "
     "the registry."},
};

/* The registry's own answers. */
static const struct status_row {
    unsigned from;
    unsigned to;
    bool manifest; /* only there */
    enum cause cause;
    const enum cause *alternatives;
    const char *summary;
} statuses[] = {
    {401, 401, false, CAUSE_CREDENTIALS_MISSING,
     LIST(CAUSE_CREDENTIALS_REJECTED, CAUSE_INSUFFICIENT_SCOPE, CAUSE_TOKEN_REJECTED,
          CAUSE_TOKEN_SERVICE_FAILED),
     "{host} wants a key for {image} and got none that it accepts."},
    {403, 403, false, CAUSE_API_FORBIDDEN,
     LIST(CAUSE_ALLOWLIST_MISSING, CAUSE_INSUFFICIENT_SCOPE, CAUSE_IMAGE_BLOCKED_BY_POLICY),
     "{host} answers 403: this network or this image is refused by a rule, not for want of a "
     "key."},
    {404, 404, true, CAUSE_IMAGE_NOT_FOUND, LIST(CAUSE_NOT_A_REGISTRY),
     "The registry answers, and {image} is not there: the repository or the tag does not exist."},
    {408, 408, false, CAUSE_HTTP_TIMEOUT, LIST(CAUSE_REGISTRY_UNAVAILABLE),
     "{host} gave up waiting for the request (408)."},
    {412, 412, false, CAUSE_IMAGE_BLOCKED_BY_POLICY, NOTHING,
     "The registry refuses {image} by policy: vulnerabilities, or a missing signature."},
    {429, 429, false, CAUSE_RATE_LIMITED, NOTHING, "{host} limits the rate of requests."},
    {500, 599, false, CAUSE_REGISTRY_UNAVAILABLE, NOTHING,
     "{host} answers {status}: the registry, or the proxy before it, is not serving."},
    {100, 599, false, CAUSE_NOT_A_REGISTRY, LIST(CAUSE_HTTP_INVALID),
     "{host} answers {status}, which a registry does not."},
};
/* clang-format on */

static const char realm_unreachable[] =
    "The registry answers; its token service {host} could not be reached.";
static const char realm_failed[] =
    "The registry answers; its token service {host} does not give a valid answer.";
static const char store_unreachable[] =
    "The manifest was fetched; {host}, which gives the layers, could not be reached.";
static const char store_refused[] =
    "The manifest was fetched; {host}, which gives the layers, refuses to.";

static unsigned kind_of(const struct clue *clue)
{
    if (!clue->has_class)
        return KIND_UNKNOWN;
    if (clue->address_class == CLASS_PUBLIC)
        return KIND_PUBLIC;
    return clue->address_class == CLASS_BOGUS ? KIND_BOGUS : KIND_PRIVATE;
}

static void put_alternative(struct reading *reading, enum cause cause)
{
    for (size_t i = 0; i < reading->alternative_count; i++)
        if (reading->alternatives[i] == cause)
            return;
    if (cause != reading->cause && reading->alternative_count < PULL_ERROR_MAX_ALTERNATIVES)
        reading->alternatives[reading->alternative_count++] = cause;
}

static void set(struct reading *reading, enum pull_stage stage, enum cause cause,
                const enum cause *alternatives, const char *summary)
{
    *reading = (struct reading){.stage = stage, .cause = cause, .summary = summary};
    for (; *alternatives != END; alternatives++)
        put_alternative(reading, *alternatives);
}

static bool read_at_registry(const struct clue *clue, struct reading *ret)
{
    enum pull_stage api = clue->manifest ? PULL_STAGE_MANIFEST : PULL_STAGE_API;

    for (size_t i = 0; clue->symptom == SYMPTOM_STATUS && i < COUNT(statuses); i++) {
        const struct status_row *row = &statuses[i];
        if (clue->status < row->from || clue->status > row->to ||
            (row->manifest && !clue->manifest))
            continue;
        set(ret, api, row->cause, row->alternatives, row->summary);
        return true;
    }
    for (size_t i = 0; i < COUNT(at_registry); i++) {
        const struct row *row = &at_registry[i];
        if (row->symptom != clue->symptom || !(row->kinds & kind_of(clue)))
            continue;
        set(ret, row->stage == PULL_STAGE_API ? api : row->stage, row->cause, row->alternatives,
            row->summary);
        return true;
    }
    return false;
}

/* `cause` takes the first place; what the registry itself would have had comes after it. */
static void put_before(struct reading *reading, enum pull_stage stage, enum cause cause,
                       const enum cause *alternatives, const char *summary)
{
    struct reading inner = *reading;

    set(reading, stage, cause, alternatives, summary);
    put_alternative(reading, inner.cause);
    for (size_t i = 0; i < inner.alternative_count; i++)
        put_alternative(reading, inner.alternatives[i]);
}

/* That of a host which is asked for something else than /v2/ or the manifest. */
static bool is_unreachable(enum symptom symptom)
{
    static const bool unreachable[SYMPTOM_COUNT] = {
        [SYMPTOM_CONNECT_TIMEOUT] = true, [SYMPTOM_TLS_TIMEOUT] = true,
        [SYMPTOM_TIMEOUT] = true,         [SYMPTOM_UNTRUSTED] = true,
        [SYMPTOM_NAME_MISMATCH] = true,   [SYMPTOM_EXPIRED] = true,
        [SYMPTOM_NOT_YET_VALID] = true,   [SYMPTOM_DATES] = true,
        [SYMPTOM_UNREACHABLE] = true,     [SYMPTOM_PROHIBITED] = true,
        [SYMPTOM_REFUSED] = true,         [SYMPTOM_NO_SUCH_HOST] = true,
        [SYMPTOM_NO_ADDRESS] = true,      [SYMPTOM_DNS_FAILURE] = true,
        [SYMPTOM_DNS_TIMEOUT] = true,     [SYMPTOM_TLS_CLOSED] = true,
        [SYMPTOM_PLAIN_HTTP] = true,      [SYMPTOM_HANDSHAKE] = true,
    };

    return unreachable[symptom];
}

static bool is_invalid(const struct clue *clue)
{
    return clue->symptom == SYMPTOM_HTTP_TIMEOUT || clue->symptom == SYMPTOM_HTTP_INVALID ||
           clue->symptom == SYMPTOM_NOT_REGISTRY ||
           (clue->symptom == SYMPTOM_STATUS && clue->status != 401 && clue->status != 403 &&
            clue->status != 429);
}

static void read_at_token(const struct clue *clue, struct reading *ret)
{
    bool refused = clue->symptom == SYMPTOM_STATUS && (clue->status == 401 || clue->status == 403);

    if (is_unreachable(clue->symptom))
        put_before(ret, PULL_STAGE_AUTH, CAUSE_TOKEN_SERVICE_UNREACHABLE, NOTHING,
                   realm_unreachable);
    else if (is_invalid(clue))
        put_before(ret, PULL_STAGE_AUTH, CAUSE_TOKEN_SERVICE_FAILED,
                   LIST(CAUSE_TOKEN_SERVICE_UNREACHABLE), realm_failed);
    else if (refused && clue->credential == CREDENTIAL_KEY)
        set(ret, PULL_STAGE_AUTH, CAUSE_CREDENTIALS_REJECTED, LIST(CAUSE_INSUFFICIENT_SCOPE),
            "{host} refuses the user name or the password of the pull secret: wrong or expired.");
    else if (refused)
        set(ret, PULL_STAGE_AUTH, CAUSE_CREDENTIALS_MISSING,
            LIST(CAUSE_CREDENTIALS_REJECTED, CAUSE_INSUFFICIENT_SCOPE),
            "{image} is private, and the pull had no key for its registry.");
    ret->stage = PULL_STAGE_AUTH;
}

static void read_at_store(const struct clue *clue, struct reading *ret)
{
    if (is_unreachable(clue->symptom) || clue->symptom == SYMPTOM_HTTP_TIMEOUT)
        put_before(ret, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_UNREACHABLE, NOTHING, store_unreachable);
    else if ((clue->symptom == SYMPTOM_STATUS && clue->status != 429) ||
             clue->symptom == SYMPTOM_NOT_REGISTRY || clue->symptom == SYMPTOM_SIGNATURE)
        put_before(ret, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_REFUSED, LIST(CAUSE_CLOCK_SKEW),
                   store_refused);
    ret->stage = PULL_STAGE_BLOB;
}

bool pull_error_read(const struct clue *clue, struct reading *ret)
{
    /* Only a store signs its addresses. */
    if (clue->symptom == SYMPTOM_SIGNATURE) {
        set(ret, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_REFUSED, LIST(CAUSE_CLOCK_SKEW), store_refused);
        return true;
    }
    if (!read_at_registry(clue, ret))
        return false;
    if (clue->symptom == SYMPTOM_UNAUTHORIZED && !clue->manifest)
        ret->stage = PULL_STAGE_AUTH;
    /* The registry's answer was a redirect, as a portal's is. */
    if (clue->place == PLACE_REGISTRY && clue->elsewhere)
        put_alternative(ret, CAUSE_NOT_A_REGISTRY);
    if (clue->place == PLACE_TOKEN)
        read_at_token(clue, ret);
    else if (clue->place == PLACE_BLOB)
        read_at_store(clue, ret);
    return true;
}
