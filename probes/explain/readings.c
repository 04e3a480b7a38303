/* SPDX-License-Identifier: MIT */
/* The cause of each symptom: at the registry, at its token service, at its store, at a proxy. */

#include "probes/explain/table.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define END          CAUSE_COUNT /* of a list of causes */
#define LIST(...)    ((const enum cause[]){__VA_ARGS__, END})
#define NOTHING      LIST(END)

/* The classes of address that a row is for. */
enum address_kind {
    KIND_PUBLIC = 1 << 0,
    KIND_PRIVATE = 1 << 1, /* provider too */
    KIND_BOGUS = 1 << 2,
    KIND_UNKNOWN = 1 << 3, /* the text names no address */
    KIND_ANY = KIND_PUBLIC | KIND_PRIVATE | KIND_BOGUS | KIND_UNKNOWN,
};

struct symptom_row {
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
    "Nothing answered at {endpoint}, a public address: the network that pulls has no path to the "
    "internet (NAT gateway), or the registry does not let it in (allowlist, public access closed).";
static const char silent_private[] =
    "Nothing answered at {endpoint}, a {class} address: it belongs to a network that is not "
    "connected with this one, or a security group or firewall drops the traffic.";
static const char silent_unknown[] =
    "Nothing answered when the pull connected to {host}. The text does not give the address: if it "
    "is public, the path to the internet or the registry's allowlist is missing; if it is private, "
    "the networks are not connected or a security group drops the traffic.";
static const char bogus[] = "{host} was looked for at {address}, where no registry can be: {rule}.";
static const char refused_right[] =
    "The registry answers and refuses {image}: its namespace or repository does not exist, or the "
    "key is missing, wrong or not for this image.";
static const char not_there[] =
    "The registry answers that {image} is not there: the repository or the tag does not exist.";
static const char gone[] =
    "The registry knows the image, but a layer or config of it is no longer stored there.";
static const char cancelled[] = "The pull was cancelled before it was complete: most often a time "
                                "limit of the node was reached "
                                "because too little arrived, else the pod or the command was "
                                "ended. The text does not say which.";
static const char wants_key[] = "{host} asks for a key for {image} and got none that it accepts.";

/* clang-format off */
static const struct symptom_row at_registry[] = {
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
     "There is no route to {endpoint}, a public address: the subnet has no route to a NAT gateway, "
     "or a device on the path rejects the traffic."},
    {SYMPTOM_UNREACHABLE, KIND_PRIVATE, PULL_STAGE_TCP, CAUSE_PRIVATE_PATH_BLOCKED,
     LIST(SILENT_PRIVATE),
     "There is no route to {endpoint}, a {class} address: its network is not connected with this "
     "one, or a security group or firewall rejects the traffic."},
    {SYMPTOM_UNREACHABLE, KIND_UNKNOWN, PULL_STAGE_TCP, CAUSE_PUBLIC_PATH_BLOCKED,
     LIST(SILENT_PUBLIC, CAUSE_PRIVATE_PATH_BLOCKED), "There is no route to {host}."},
    {SYMPTOM_UNREACHABLE, KIND_BOGUS, PULL_STAGE_TCP, CAUSE_DNS_BOGUS_ADDRESS,
     LIST(CAUSE_DNS_ANSWERS_DIFFER), bogus},
    {SYMPTOM_PROHIBITED, KIND_ANY, PULL_STAGE_TCP, CAUSE_LOCAL_ERROR,
     LIST(CAUSE_PUBLIC_PATH_BLOCKED, CAUSE_PRIVATE_PATH_BLOCKED, CAUSE_POD_NETWORK_BLOCKED),
     "The machine that pulls does not allow the connection to {endpoint}: a rule of its own "
     "firewall, or a route that prohibits it."},
    {SYMPTOM_REFUSED, KIND_BOGUS, PULL_STAGE_TCP, CAUSE_DNS_BOGUS_ADDRESS,
     LIST(CAUSE_CONNECTION_REFUSED, CAUSE_DNS_ANSWERS_DIFFER), bogus},
    {SYMPTOM_REFUSED, KIND_ANY, PULL_STAGE_TCP, CAUSE_CONNECTION_REFUSED,
     LIST(CAUSE_SOME_ADDRESSES_UNREACHABLE, CAUSE_PRIVATE_DNS_NOT_ENABLED,
          CAUSE_PRIVATE_LINKAGE_MISSING, CAUSE_DNS_ANSWERS_DIFFER),
     "{endpoint} refuses the connection: nothing listens on that port there. It is not a missing "
     "NAT gateway or allowlist entry."},
    {SYMPTOM_NO_FAMILY, KIND_ANY, PULL_STAGE_TCP, CAUSE_IPV6_MISSING,
     LIST(CAUSE_PUBLIC_PATH_BLOCKED, CAUSE_PRIVATE_PATH_BLOCKED, CAUSE_DNS_ANSWERS_DIFFER),
     "The pull tried the IPv6 address {endpoint}, and the machine that pulls has no IPv6."},
    {SYMPTOM_TIMEOUT, KIND_PRIVATE, PULL_STAGE_TCP, CAUSE_PRIVATE_PATH_BLOCKED,
     LIST(SILENT_PRIVATE, CAUSE_TLS_TIMEOUT, CAUSE_MTU_BLACK_HOLE, CAUSE_HTTP_TIMEOUT),
     "The time limit was reached, most often because nothing answers at {host}. The text does not "
     "say whether the connection, TLS or the reply was still awaited."},
    {SYMPTOM_TIMEOUT, KIND_ANY, PULL_STAGE_TCP, CAUSE_PUBLIC_PATH_BLOCKED,
     LIST(SILENT_PUBLIC, CAUSE_PRIVATE_PATH_BLOCKED, CAUSE_DNS_TIMEOUT, CAUSE_TLS_TIMEOUT,
          CAUSE_MTU_BLACK_HOLE, CAUSE_SNI_FILTERED, CAUSE_HTTP_TIMEOUT),
     "The time limit was reached, most often because nothing answers at the address of {host}. The "
     "text does not say whether the name, the connection, TLS or the reply was still awaited."},
    {SYMPTOM_CANCELLED, KIND_ANY, PULL_STAGE_API, CAUSE_HTTP_TIMEOUT,
     LIST(CAUSE_PUBLIC_PATH_BLOCKED, CAUSE_PRIVATE_PATH_BLOCKED, CAUSE_BLOB_STORE_UNREACHABLE,
          CAUSE_MTU_BLACK_HOLE, CAUSE_LOCAL_ERROR),
     cancelled},

    {SYMPTOM_NO_SUCH_HOST, KIND_ANY, PULL_STAGE_DNS, CAUSE_DNS_NAME_NOT_FOUND,
     LIST(CAUSE_DNS_NO_ADDRESS),
     "{dns} says that {host} does not exist or has no address: a typing error, "
     "a deleted registry, or a private zone that hides the domain."},
    {SYMPTOM_NO_ADDRESS, KIND_ANY, PULL_STAGE_DNS, CAUSE_DNS_NO_ADDRESS,
     LIST(CAUSE_DNS_NAME_NOT_FOUND),
     "{dns} has no usable address for {host}."},
    {SYMPTOM_DNS_FAILURE, KIND_ANY, PULL_STAGE_DNS, CAUSE_DNS_SERVER_FAILURE, NOTHING,
     "{dns} answers that it cannot or will not resolve {host}: SERVFAIL, "
     "REFUSED, NOTIMP and FORMERR all lead to this text."},
    {SYMPTOM_DNS_PROHIBITED, KIND_ANY, PULL_STAGE_DNS, CAUSE_LOCAL_ERROR, LIST(CAUSE_DNS_TIMEOUT),
     "The machine that pulls does not let the client ask a resolver: a sandbox (seccomp, SELinux) or "
     "a rule of its own firewall forbids it."},
    {SYMPTOM_DNS_TIMEOUT, KIND_ANY, PULL_STAGE_DNS, CAUSE_DNS_TIMEOUT,
     LIST(CAUSE_POD_NETWORK_BLOCKED, CAUSE_SOME_RESOLVERS_UNREACHABLE, CAUSE_LOCAL_ERROR),
     "{dns} gave no answer for {host}: it is down, port 53 to it is blocked, "
     "or it is on the internet and this network has no path there."},

    {SYMPTOM_TLS_TIMEOUT, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_TIMEOUT,
     LIST(CAUSE_MTU_BLACK_HOLE, CAUSE_SNI_FILTERED),
     "{host} accepted the connection, but the TLS handshake got no answer."},
    {SYMPTOM_TLS_CLOSED, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_CONNECTION_CLOSED,
     LIST(CAUSE_SNI_FILTERED, CAUSE_TLS_HANDSHAKE_FAILED, CAUSE_HTTP_INVALID),
     "The connection to {host} was made and then closed by the other side or on the path."},
    {SYMPTOM_PLAIN_HTTP, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_PLAIN_HTTP, NOTHING,
     "{host} speaks plain HTTP on that port, and the pull uses HTTPS."},
    {SYMPTOM_UNTRUSTED, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_UNTRUSTED_ISSUER, NOTHING,
     "The certificate of {host} is self-signed or from an authority that the machine that pulls "
     "does not trust. A proxy that intercepts TLS causes the same error."},
    {SYMPTOM_NAME_MISMATCH, KIND_ANY, PULL_STAGE_TLS, CAUSE_TLS_NAME_MISMATCH,
     LIST(CAUSE_TLS_UNTRUSTED_ISSUER),
     "The certificate that {host} shows is for another name{valid_for}."},
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
     "{host} accepted the connection, and no reply came."},
    {SYMPTOM_HTTP_INVALID, KIND_ANY, PULL_STAGE_API, CAUSE_HTTP_INVALID,
     LIST(CAUSE_TLS_CONNECTION_CLOSED, CAUSE_NOT_A_REGISTRY, CAUSE_HTTP_TIMEOUT),
     "The reply of {host} is not valid HTTP or ends too early."},
    {SYMPTOM_NOT_REGISTRY, KIND_ANY, PULL_STAGE_API, CAUSE_NOT_A_REGISTRY,
     LIST(CAUSE_HTTP_INVALID, CAUSE_API_FORBIDDEN),
     "The reply in place of {host} is not that of a registry: a page of a proxy or portal, or "
     "another site."},
    {SYMPTOM_SERVER_DOWN, KIND_ANY, PULL_STAGE_API, CAUSE_REGISTRY_UNAVAILABLE,
     LIST(CAUSE_PUBLIC_PATH_BLOCKED, CAUSE_PRIVATE_PATH_BLOCKED, CAUSE_HTTP_TIMEOUT),
     "The node reports that the registry of {image} is unavailable. The text does not say why."},
    {SYMPTOM_CLIENT_DENIED, KIND_ANY, PULL_STAGE_API, CAUSE_ALLOWLIST_MISSING,
     LIST(CAUSE_API_FORBIDDEN),
     "{host} answers that it does not allow the address from which this pull comes."},
    {SYMPTOM_POLICY, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_IMAGE_BLOCKED_BY_POLICY, NOTHING,
     "A policy of the registry or of the node refuses {image}: vulnerabilities, or a missing "
     "signature."},
    {SYMPTOM_SCOPE, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_INSUFFICIENT_SCOPE,
     LIST(CAUSE_CREDENTIALS_MISSING, CAUSE_CREDENTIALS_REJECTED, CAUSE_IMAGE_NOT_FOUND),
     refused_right},
    {SYMPTOM_DENIED, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_INSUFFICIENT_SCOPE,
     LIST(CAUSE_CREDENTIALS_MISSING, CAUSE_CREDENTIALS_REJECTED, CAUSE_IMAGE_NOT_FOUND),
     refused_right},
    {SYMPTOM_SCOPE_MAYBE, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_INSUFFICIENT_SCOPE,
     LIST(CAUSE_CREDENTIALS_MISSING, CAUSE_CREDENTIALS_REJECTED, CAUSE_TOKEN_REJECTED,
          CAUSE_IMAGE_NOT_FOUND),
     refused_right},
    {SYMPTOM_TOKEN_INVALID, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_TOKEN_REJECTED,
     LIST(CAUSE_CLOCK_SKEW),
     "The registry refuses the token that its own token service gave: their clocks differ, or the "
     "audience or the signing key is wrong."},
    {SYMPTOM_KEY_REJECTED, KIND_ANY, PULL_STAGE_AUTH, CAUSE_CREDENTIALS_REJECTED,
     LIST(CAUSE_CREDENTIALS_MISSING, CAUSE_INSUFFICIENT_SCOPE),
     "The user name or the password of the pull secret is wrong or expired."},
    {SYMPTOM_NO_KEY, KIND_ANY, PULL_STAGE_AUTH, CAUSE_CREDENTIALS_MISSING,
     LIST(CAUSE_CREDENTIALS_REJECTED, CAUSE_INSUFFICIENT_SCOPE),
     "{image} is private, and the pull had no key for its registry."},
    {SYMPTOM_UNAUTHORIZED, KIND_ANY, PULL_STAGE_API, CAUSE_CREDENTIALS_MISSING,
     LIST(CAUSE_CREDENTIALS_REJECTED, CAUSE_INSUFFICIENT_SCOPE, CAUSE_TOKEN_REJECTED,
          CAUSE_TOKEN_SERVICE_FAILED),
     wants_key},
    {SYMPTOM_RATE, KIND_ANY, PULL_STAGE_API, CAUSE_RATE_LIMITED, NOTHING,
     "{host} limits the rate of requests, and this address or account has used it up."},
    {SYMPTOM_NODE_RATE, KIND_ANY, PULL_STAGE_NODE, CAUSE_RATE_LIMITED, NOTHING,
     "The kubelet of the node limits how many images it pulls a second (registryPullQPS)."},
    {SYMPTOM_NOT_FOUND, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_IMAGE_NOT_FOUND,
     LIST(CAUSE_NOT_A_REGISTRY), not_there},
    {SYMPTOM_BLOB_GONE, KIND_ANY, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_REFUSED,
     LIST(CAUSE_IMAGE_NOT_FOUND), gone},
    {SYMPTOM_PLATFORM, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_IMAGE_PLATFORM_MISSING, NOTHING,
     "{image} exists, but not for the platform (operating system and processor) that pulls."},
    {SYMPTOM_FORMAT, KIND_ANY, PULL_STAGE_MANIFEST, CAUSE_IMAGE_FORMAT_UNSUPPORTED,
     LIST(CAUSE_NOT_A_REGISTRY, CAUSE_IMAGE_DAMAGED),
     "{image} has a format that this container runtime does not take."},
    {SYMPTOM_SIGNATURE, KIND_ANY, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_REFUSED, LIST(CAUSE_CLOCK_SKEW),
     "The store of the layers refuses the signed link that the registry gave: the link has expired, "
     "a proxy changed it, or a clock is wrong."},
    {SYMPTOM_NO_PROGRESS, KIND_ANY, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_UNREACHABLE,
     LIST(CAUSE_HTTP_TIMEOUT, CAUSE_MTU_BLACK_HOLE),
     "containerd cancelled the pull of {image}, because no byte of a layer arrived for its progress "
     "timeout."},

    {SYMPTOM_DAMAGED, KIND_ANY, PULL_STAGE_BLOB, CAUSE_IMAGE_DAMAGED,
     LIST(CAUSE_IMAGE_FORMAT_UNSUPPORTED, CAUSE_HTTP_INVALID, CAUSE_BLOB_STORE_REFUSED),
     "The bytes that arrived are not those that the manifest or the digest names: they were "
     "altered or cut on the path, or are damaged in the store."},
    {SYMPTOM_STORAGE, KIND_ANY, PULL_STAGE_NODE, CAUSE_NODE_STORAGE_FAILED, NOTHING,
     "The machine that pulls could not store or unpack the image: its disk or its container store "
     "failed. The registry is not the cause."},
    {SYMPTOM_CONFIGURATION, KIND_ANY, PULL_STAGE_NODE, CAUSE_NODE_CONFIGURATION_INVALID, NOTHING,
     "A setting of the machine that pulls prevents the pull before it asks the registry."},
    {SYMPTOM_USER_IDS, KIND_ANY, PULL_STAGE_NODE, CAUSE_NODE_CONFIGURATION_INVALID, NOTHING,
     "The image arrived, and the machine that pulls could not unpack it: a file in it belongs to a "
     "user or group that the user namespace of the rootless runtime does not have. The registry is "
     "not the cause."},
    {SYMPTOM_RUNTIME, KIND_ANY, PULL_STAGE_NODE, CAUSE_LOCAL_ERROR, NOTHING,
     "The container runtime of the machine that pulls did not answer on its own socket. The "
     "registry was not asked."},
    {SYMPTOM_HELPER, KIND_ANY, PULL_STAGE_AUTH, CAUSE_CREDENTIAL_HELPER_FAILED,
     LIST(CAUSE_CREDENTIALS_MISSING),
     "The credential plug-in{plugin} of the machine that pulls failed, so the pull has no key. The "
     "registry may be fine."},
    {SYMPTOM_NAME_INVALID, KIND_ANY, PULL_STAGE_NODE, CAUSE_IMAGE_NAME_INVALID, NOTHING,
     "{image} is not a valid image reference, so nothing was pulled."},
    {SYMPTOM_NEVER, KIND_ANY, PULL_STAGE_NODE, CAUSE_IMAGE_NEVER_PULLED, NOTHING,
     "The pod has imagePullPolicy Never, and {image} is not on the node."},
    {SYMPTOM_LOCAL_NETWORK, KIND_ANY, PULL_STAGE_TCP, CAUSE_LOCAL_ERROR, NOTHING,
     "The machine that pulls ran out of memory, files or ports. The registry is not the cause."},
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
     wants_key},
    {403, 403, false, CAUSE_API_FORBIDDEN,
     LIST(CAUSE_ALLOWLIST_MISSING, CAUSE_INSUFFICIENT_SCOPE, CAUSE_IMAGE_BLOCKED_BY_POLICY),
     "{host} answers 403: a rule refuses this network, this user or this image."},
    {404, 404, true, CAUSE_IMAGE_NOT_FOUND, LIST(CAUSE_NOT_A_REGISTRY), not_there},
    {407, 407, false, CAUSE_PROXY_REFUSED, NOTHING,
     "The proxy on the path to {host} asks for a user and a password (407)."},
    {408, 408, false, CAUSE_HTTP_TIMEOUT, LIST(CAUSE_REGISTRY_UNAVAILABLE),
     "{host} gave up waiting for the request (408)."},
    {412, 412, false, CAUSE_IMAGE_BLOCKED_BY_POLICY, NOTHING,
     "A policy of the registry refuses {image}: vulnerabilities, or a missing signature."},
    {429, 429, false, CAUSE_RATE_LIMITED, NOTHING,
     "{host} limits the rate of requests, and this address or account has used it up."},
    {500, 599, false, CAUSE_REGISTRY_UNAVAILABLE, NOTHING,
     "{host} answers {status}: the registry, or a proxy in front of it, is not serving."},
    {100, 599, false, CAUSE_NOT_A_REGISTRY, LIST(CAUSE_HTTP_INVALID),
     "{host} answers {status}, which a registry does not."},
};

/* The answers of a store, by their number. */
static const struct store_row {
    unsigned from;
    unsigned to;
    const enum cause *alternatives;
    const char *summary;
} store_statuses[] = {
    {401, 401, LIST(CAUSE_CREDENTIALS_MISSING, CAUSE_CLOCK_SKEW),
     "The manifest was fetched, and {host} asks for a key for the layers (401)."},
    {403, 403, LIST(CAUSE_CLOCK_SKEW),
     "The manifest was fetched, and {host} refuses the layers (403): the signed link has expired or "
     "was changed on the path, a clock is wrong, or a rule of the store refuses this network."},
    {404, 404, LIST(CAUSE_IMAGE_NOT_FOUND), gone},
    {408, 408, LIST(CAUSE_BLOB_STORE_UNREACHABLE),
     "The manifest was fetched, and {host} gave up waiting for the request for a layer (408)."},
    {500, 599, LIST(CAUSE_REGISTRY_UNAVAILABLE),
     "The manifest was fetched, and {host} answers {status} for a layer: the store, or a proxy in "
     "front of it, is in trouble."},
    {100, 599, LIST(CAUSE_HTTP_INVALID),
     "The manifest was fetched, and {host} answers {status} for a layer."},
};
/* clang-format on */

static const char realm_unreachable[] =
    "The registry answers; {token_service} could not be reached: {inner}.";
static const char realm_failed[] =
    "The registry answers; {token_service} does not give a valid answer.";
static const char store_unreachable[] =
    "The manifest was fetched; {store} could not be reached: {inner}.";
static const char store_refused[] =
    "The manifest was fetched; the reply of {host} for a layer is not a layer.";
static const char proxy_unreachable[] =
    "The pull goes through the proxy {proxy}, which could not be reached: {inner}.";
static const char proxy_refused[] =
    "The proxy that the pull uses answers the request to connect to {host} with an error.";

static unsigned kind_of(const struct clue *clue)
{
    if (!clue->has_class)
        return KIND_UNKNOWN;
    if (clue->address_class == CLASS_PUBLIC)
        return KIND_PUBLIC;
    return clue->address_class == CLASS_BOGUS ? KIND_BOGUS : KIND_PRIVATE;
}

static void put_alternative(struct pull_reading *reading, enum cause cause)
{
    for (size_t i = 0; i < reading->alternative_count; i++)
        if (reading->alternatives[i] == cause)
            return;
    if (cause != reading->cause && reading->alternative_count < PULL_ERROR_MAX_ALTERNATIVES)
        reading->alternatives[reading->alternative_count++] = cause;
}

static void set_reading(struct pull_reading *reading, enum pull_stage stage, enum cause cause,
                        const enum cause *alternatives, const char *summary)
{
    *reading =
        (struct pull_reading){.stage = stage, .cause = cause, .inner = cause, .summary = summary};
    for (; *alternatives != END; alternatives++)
        put_alternative(reading, *alternatives);
}

static bool read_status(const struct clue *clue, struct pull_reading *ret)
{
    for (size_t i = 0; i < COUNT(statuses); i++) {
        const struct status_row *row = &statuses[i];
        if (clue->status < row->from || clue->status > row->to ||
            (row->manifest && !clue->manifest))
            continue;
        set_reading(ret, clue->manifest ? PULL_STAGE_MANIFEST : PULL_STAGE_API, row->cause,
                    row->alternatives, row->summary);
        if (row->cause == CAUSE_PROXY_REFUSED)
            ret->stage = PULL_STAGE_PROXY;
        return true;
    }
    return false;
}

static bool read_at_registry(const struct clue *clue, struct pull_reading *ret)
{
    enum pull_stage api = clue->manifest ? PULL_STAGE_MANIFEST : PULL_STAGE_API;

    if (clue->symptom == SYMPTOM_STATUS)
        return read_status(clue, ret);
    for (size_t i = 0; i < COUNT(at_registry); i++) {
        const struct symptom_row *row = &at_registry[i];
        if (row->symptom != clue->symptom || !(row->kinds & kind_of(clue)))
            continue;
        set_reading(ret, row->stage == PULL_STAGE_API ? api : row->stage, row->cause,
                    row->alternatives, row->summary);
        if (clue->symptom == SYMPTOM_DAMAGED && clue->manifest)
            ret->stage = PULL_STAGE_MANIFEST;
        return true;
    }
    return false;
}

/* `cause` takes the first place; the cause at the registry itself comes after it. */
static void put_before(struct pull_reading *reading, enum pull_stage stage, enum cause cause,
                       const enum cause *alternatives, const char *summary)
{
    struct pull_reading inner = *reading;

    set_reading(reading, stage, cause, alternatives, summary);
    reading->inner = inner.cause;
    put_alternative(reading, inner.cause);
    for (size_t i = 0; i < inner.alternative_count; i++)
        put_alternative(reading, inner.alternatives[i]);
}

/* True if the host gave no reply at all. */
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
        [SYMPTOM_DNS_PROHIBITED] = true,  [SYMPTOM_DNS_TIMEOUT] = true,
        [SYMPTOM_TLS_CLOSED] = true,      [SYMPTOM_PLAIN_HTTP] = true,
        [SYMPTOM_HANDSHAKE] = true,       [SYMPTOM_NO_FAMILY] = true,
        [SYMPTOM_LOCAL_NETWORK] = true,
    };

    return unreachable[symptom];
}

static bool is_invalid(const struct clue *clue)
{
    return clue->symptom == SYMPTOM_HTTP_TIMEOUT || clue->symptom == SYMPTOM_HTTP_INVALID ||
           clue->symptom == SYMPTOM_NOT_REGISTRY ||
           (clue->symptom == SYMPTOM_STATUS && clue->status != 401 && clue->status != 403 &&
            clue->status != 407 && clue->status != 429);
}

static void read_at_token(const struct clue *clue, struct pull_reading *ret)
{
    bool refused = clue->symptom == SYMPTOM_STATUS && (clue->status == 401 || clue->status == 403);

    if (is_unreachable(clue->symptom))
        put_before(ret, PULL_STAGE_AUTH, CAUSE_TOKEN_SERVICE_UNREACHABLE, NOTHING,
                   realm_unreachable);
    else if (clue->symptom == SYMPTOM_CANCELLED)
        set_reading(ret, PULL_STAGE_AUTH, CAUSE_TOKEN_SERVICE_UNREACHABLE,
                    LIST(CAUSE_HTTP_TIMEOUT, CAUSE_LOCAL_ERROR), cancelled);
    else if (is_invalid(clue))
        put_before(ret, PULL_STAGE_AUTH, CAUSE_TOKEN_SERVICE_FAILED,
                   LIST(CAUSE_TOKEN_SERVICE_UNREACHABLE), realm_failed);
    else if (refused && clue->credential == CREDENTIAL_KEY)
        set_reading(ret, PULL_STAGE_AUTH, CAUSE_CREDENTIALS_REJECTED,
                    LIST(CAUSE_INSUFFICIENT_SCOPE),
                    "{host} refuses the user name or the password of the pull secret: they are "
                    "wrong or expired.");
    else if (refused)
        set_reading(ret, PULL_STAGE_AUTH, CAUSE_CREDENTIALS_MISSING,
                    LIST(CAUSE_CREDENTIALS_REJECTED, CAUSE_INSUFFICIENT_SCOPE),
                    "{image} is private, and the pull had no key for its registry.");
    ret->stage = PULL_STAGE_AUTH;
}

static void read_status_of_store(unsigned status, struct pull_reading *ret)
{
    for (size_t i = 0; i < COUNT(store_statuses); i++) {
        const struct store_row *row = &store_statuses[i];
        if (status < row->from || status > row->to)
            continue;
        set_reading(ret, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_REFUSED, row->alternatives,
                    row->summary);
        return;
    }
}

static void read_at_store(const struct clue *clue, struct pull_reading *ret)
{
    if (ret->stage == PULL_STAGE_NODE)
        return;
    if (is_unreachable(clue->symptom) || clue->symptom == SYMPTOM_HTTP_TIMEOUT)
        put_before(ret, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_UNREACHABLE, NOTHING, store_unreachable);
    else if (clue->symptom == SYMPTOM_CANCELLED)
        set_reading(ret, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_UNREACHABLE,
                    LIST(CAUSE_HTTP_TIMEOUT, CAUSE_MTU_BLACK_HOLE, CAUSE_LOCAL_ERROR), cancelled);
    else if (clue->symptom == SYMPTOM_STATUS && clue->status != 429 && clue->status != 407)
        read_status_of_store(clue->status, ret);
    else if (clue->symptom == SYMPTOM_UNAUTHORIZED)
        read_status_of_store(401, ret);
    else if (clue->symptom == SYMPTOM_NOT_FOUND)
        set_reading(ret, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_REFUSED, LIST(CAUSE_IMAGE_NOT_FOUND),
                    gone);
    else if (clue->symptom == SYMPTOM_NOT_REGISTRY)
        put_before(ret, PULL_STAGE_BLOB, CAUSE_BLOB_STORE_REFUSED, NOTHING, store_refused);
    ret->stage = PULL_STAGE_BLOB;
}

static void read_at_proxy(const struct clue *clue, struct pull_reading *ret)
{
    if (clue->symptom == SYMPTOM_PROXY_ANSWER || clue->symptom == SYMPTOM_STATUS)
        set_reading(ret, PULL_STAGE_PROXY, CAUSE_PROXY_REFUSED, NOTHING, proxy_refused);
    else
        put_before(ret, PULL_STAGE_PROXY, CAUSE_PROXY_UNREACHABLE, NOTHING, proxy_unreachable);
    /* The other causes concern the path to the registry, and the client never tried it. */
    ret->alternative_count = 0;
}

/* These need no place: the text names it. */
static bool names_its_place(enum symptom symptom)
{
    return symptom == SYMPTOM_SIGNATURE || symptom == SYMPTOM_NO_PROGRESS ||
           symptom == SYMPTOM_HELPER || symptom == SYMPTOM_PLATFORM || symptom == SYMPTOM_FORMAT ||
           symptom == SYMPTOM_POLICY;
}

bool pull_error_read(const struct clue *clue, struct pull_reading *ret)
{
    if (clue->place == PLACE_PROXY && clue->symptom != SYMPTOM_NONE) {
        if (!read_at_registry(clue, ret))
            *ret = (struct pull_reading){0};
        read_at_proxy(clue, ret);
        return true;
    }
    if (!read_at_registry(clue, ret))
        return false;
    if (names_its_place(clue->symptom))
        return true;
    if (clue->symptom == SYMPTOM_UNAUTHORIZED && !clue->manifest)
        ret->stage = PULL_STAGE_AUTH;
    /* docker login, which has a key in any case. */
    if (clue->symptom == SYMPTOM_STATUS && clue->status == 401 && clue->place == PLACE_REGISTRY &&
        clue->credential == CREDENTIAL_KEY)
        set_reading(ret, PULL_STAGE_AUTH, CAUSE_CREDENTIALS_REJECTED, NOTHING,
                    "{host} refuses the user name or the password.");
    /* The registry's answer was a redirect, as a portal's is. */
    if (clue->place == PLACE_REGISTRY && clue->elsewhere)
        put_alternative(ret, CAUSE_NOT_A_REGISTRY);
    if (clue->place == PLACE_TOKEN)
        read_at_token(clue, ret);
    else if (clue->place == PLACE_BLOB)
        read_at_store(clue, ret);
    return true;
}
