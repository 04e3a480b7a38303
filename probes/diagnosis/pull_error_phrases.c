/* The phrases of kubelet, containerd, docker, skopeo and Go that pull errors are made of. */

#include "probes/diagnosis/pull_error_table.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define START    (PHRASE_START)
#define FOREIGN  (PHRASE_START | PHRASE_FOREIGN)
#define FAILURE  (PHRASE_OPENING | PHRASE_FAILURE)
#define TOKEN    (PHRASE_OPENING | PHRASE_TOKEN)
#define BLOB     (PHRASE_OPENING | PHRASE_BLOB)
#define MANIFEST (PHRASE_OPENING | PHRASE_MANIFEST)
#define STATUS   (PHRASE_OPENING | PHRASE_SYMPTOM | PHRASE_STATUS)
#define WORD     PHRASE_WORD
#define WEAK     PHRASE_WEAK

#define SAY(text, flags)                  \
    {                                     \
        text, (flags), SYMPTOM_NONE, 0, 0 \
    }
#define DOES(text, operation)                                        \
    {                                                                \
        text, PHRASE_OPENING, SYMPTOM_NONE, 0, OPERATION_##operation \
    }
#define SYMPTOM(text, name)                        \
    {                                              \
        text, PHRASE_SYMPTOM, SYMPTOM_##name, 0, 0 \
    }
#define SYMPTOM_IF(text, name, ops)                    \
    {                                                  \
        text, PHRASE_SYMPTOM, SYMPTOM_##name, (ops), 0 \
    }
#define SYMPTOM_AS(text, name, how)                        \
    {                                                      \
        text, PHRASE_SYMPTOM | (how), SYMPTOM_##name, 0, 0 \
    }
#define OP(name) OPERATION_##name

/* clang-format off */
const struct phrase phrases[] = {
    /* ---- where a message begins ---- */
    SAY("probe failed", FOREIGN),
    SAY("warning unhealthy", FOREIGN),
    SAY("warning failedmount", FOREIGN),
    SAY("mountvolume.", FOREIGN),
    SAY("warning failedattachvolume", FOREIGN),
    SAY("failed calling webhook", FOREIGN),
    SAY("failed to call webhook", FOREIGN),
    SAY("failed to setup network for sandbox", FOREIGN),
    SAY("warning failedscheduling", FOREIGN),
    SAY("poststarthook", FOREIGN),
    SAY("failed to pull image", START | FAILURE | PHRASE_IMAGE),
    SAY("back-off pulling image", START | PHRASE_OPENING | PHRASE_IMAGE),
    SAY("error syncing pod", START),
    SAY("pulling image \"", START | PHRASE_IMAGE),
    SAY("pullimage \"", START | PHRASE_OPENING | PHRASE_IMAGE),
    SAY("warning failed", START),
    SAY("warning backoff", START),
    SAY("normal pulling", START),
    SAY("normal backoff", START),
    SAY("time=\"", START),
    SAY("level=", START),
    SAY("{\"log\":", START),
    SAY("fata[", START),
    SAY("erro[", START),

    /* ---- what was under way ---- */
    SAY("failed to pull and unpack image", FAILURE | PHRASE_IMAGE),
    SAY("failed to resolve reference", MANIFEST | PHRASE_FAILURE | PHRASE_IMAGE),
    SAY("failed to resolve image", MANIFEST | PHRASE_FAILURE | PHRASE_IMAGE),
    SAY("error response from daemon", FAILURE),
    SAY("rpc error: code =", PHRASE_OPENING),
    SAY("errors: ", PHRASE_OPENING | PHRASE_LIST),
    SAY("failed to do request", PHRASE_OPENING),
    SAY("pinging container registry", FAILURE | PHRASE_PING),
    SAY("determining manifest mime type", MANIFEST | PHRASE_FAILURE),
    SAY("reading manifest", MANIFEST | PHRASE_FAILURE),
    SAY("docker://", PHRASE_IMAGE),
    SAY("manifest for ", MANIFEST | PHRASE_IMAGE),
    SAY("failed to authorize", TOKEN | PHRASE_FAILURE),
    SAY("fetch anonymous token", TOKEN),
    SAY("fetch oauth token", TOKEN),
    SAY("requesting bearer token", TOKEN),
    SAY("retrieve auth token", TOKEN),
    SAY("bearer token", TOKEN),
    SAY("failed to copy:", BLOB | PHRASE_FAILURE),
    SAY("httpreadseeker", BLOB | PHRASE_FAILURE),
    SAY("error pulling image configuration", BLOB | PHRASE_FAILURE),
    SAY("reading blob", BLOB | PHRASE_FAILURE),
    SAY("fetching blob", BLOB | PHRASE_FAILURE),
    SAY("reading config blob", BLOB | PHRASE_FAILURE),
    SAY("parsing image configuration", BLOB | PHRASE_FAILURE),
    SAY("failed to fetch layer", BLOB | PHRASE_FAILURE),
    SAY("failed commit on ref \"layer", BLOB | PHRASE_FAILURE),
    SAY("failed to extract layer", BLOB | PHRASE_FAILURE),
    SAY("failed to register layer", BLOB | PHRASE_FAILURE),
    SAY("https://", PHRASE_OPENING | PHRASE_URL),
    SAY("http://", PHRASE_OPENING | PHRASE_URL),
    SAY("net/http:", PHRASE_OPENING),
    SAY("tls: failed to verify", PHRASE_OPENING),
    SAY("x509:", PHRASE_OPENING),
    SAY("head \"", PHRASE_OPENING),
    SAY("get \"", PHRASE_OPENING),
    SAY("post \"", PHRASE_OPENING),
    DOES("dial tcp", DIAL),
    DOES("dial udp", LOOKUP),
    DOES("lookup ", LOOKUP),
    DOES("read udp", LOOKUP),
    DOES("read tcp", READ),
    DOES("write tcp", READ),

    /* ---- names ---- */
    SYMPTOM("no such host", NO_SUCH_HOST),
    SYMPTOM("server misbehaving", DNS_FAILURE),
    SYMPTOM("cannot unmarshal dns message", DNS_FAILURE),
    SYMPTOM("temporary failure in name resolution", DNS_TIMEOUT),
    SYMPTOM("no suitable address found", NO_ADDRESS),
    SYMPTOM("no answer from dns server", NO_ADDRESS),

    /* ---- connections ---- */
    SYMPTOM_IF("i/o timeout", DNS_TIMEOUT, OP(LOOKUP)),
    SYMPTOM_IF("i/o timeout", HTTP_TIMEOUT, OP(READ)),
    SYMPTOM("i/o timeout", CONNECT_TIMEOUT),
    SYMPTOM_IF("connection timed out", HTTP_TIMEOUT, OP(READ)),
    SYMPTOM_IF("connection timed out", CONNECT_TIMEOUT, OP(DIAL)),
    SYMPTOM_IF("operation timed out", CONNECT_TIMEOUT, OP(DIAL)),
    SYMPTOM_IF("connection refused", DNS_TIMEOUT, OP(LOOKUP)),
    SYMPTOM("connect: connection refused", REFUSED),
    SYMPTOM_IF("connection refused", REFUSED, OP(DIAL)),
    SYMPTOM_IF("connection reset by peer", REFUSED, OP(DIAL)),
    SYMPTOM("connection reset by peer", TLS_CLOSED),
    SYMPTOM_IF("broken pipe", TLS_CLOSED, OP(READ)),
    SYMPTOM_IF("no route to host", DNS_TIMEOUT, OP(LOOKUP)),
    SYMPTOM_IF("network is unreachable", DNS_TIMEOUT, OP(LOOKUP)),
    SYMPTOM("no route to host", UNREACHABLE),
    SYMPTOM("network is unreachable", UNREACHABLE),
    SYMPTOM("host is unreachable", UNREACHABLE),
    SYMPTOM_IF("connect: operation not permitted", DNS_TIMEOUT, OP(LOOKUP)),
    SYMPTOM_IF("connect: permission denied", DNS_TIMEOUT, OP(LOOKUP)),
    SYMPTOM_IF("connect: operation not permitted", PROHIBITED, OP(DIAL)),
    SYMPTOM_IF("connect: permission denied", PROHIBITED, OP(DIAL)),
    SYMPTOM_IF("context deadline exceeded", DNS_TIMEOUT, OP(LOOKUP)),
    SYMPTOM_IF("context deadline exceeded", CONNECT_TIMEOUT, OP(DIAL)),
    SYMPTOM_IF("context deadline exceeded", HTTP_TIMEOUT, OP(READ)),

    /* ---- TLS ---- */
    SYMPTOM("TLS handshake timeout", TLS_TIMEOUT),
    SYMPTOM("server gave http response to https client", PLAIN_HTTP),
    SYMPTOM("certificate signed by unknown authority", UNTRUSTED),
    SYMPTOM("self-signed certificate", UNTRUSTED),
    SYMPTOM("self signed certificate", UNTRUSTED),
    SYMPTOM("certificate is not authorized to sign other certificates", UNTRUSTED),
    SYMPTOM("certificate is valid for", NAME_MISMATCH),
    SYMPTOM("certificate is not valid for any names", NAME_MISMATCH),
    SYMPTOM("it doesn't contain any ip sans", NAME_MISMATCH),
    SYMPTOM("certificate relies on legacy common name field", NAME_MISMATCH),
    SYMPTOM_AS("certificate has expired or is not yet valid", DATES, PHRASE_OPEN),
    SYMPTOM("remote error: tls:", HANDSHAKE),
    SYMPTOM("first record does not look like a tls handshake", HANDSHAKE),
    SYMPTOM("tls: handshake failure", HANDSHAKE),
    SYMPTOM("server selected unsupported protocol version", HANDSHAKE),
    SYMPTOM("tls: oversized record received", HANDSHAKE),
    SYMPTOM("failed to parse certificate from server", HANDSHAKE),
    SYMPTOM_AS(": EOF", TLS_CLOSED, WEAK | WORD),

    /* ---- HTTP ---- */
    SYMPTOM("timeout awaiting response headers", HTTP_TIMEOUT),
    SYMPTOM("request canceled while waiting for connection", TIMEOUT),
    SYMPTOM("client.timeout exceeded", TIMEOUT),
    SYMPTOM_AS("context deadline exceeded", TIMEOUT, WEAK),
    SYMPTOM("malformed http", HTTP_INVALID),
    SYMPTOM("transport connection broken", HTTP_INVALID),
    SYMPTOM("server did not include a token in the response", HTTP_INVALID),
    SYMPTOM_AS("unexpected EOF", HTTP_INVALID, WEAK | WORD),
    SYMPTOM_AS("stream error: stream id", HTTP_INVALID, WEAK),
    SYMPTOM("missing or empty content-type header", NOT_REGISTRY),
    SYMPTOM("looking for beginning of value", NOT_REGISTRY),
    SYMPTOM("reference for unknown type: text/html", NOT_REGISTRY),
    SAY("error parsing http", STATUS),
    SAY("unexpected status", STATUS),
    SAY("failed with status code", STATUS),
    SAY("unexpected http status", STATUS),
    SAY("invalid status code from registry", STATUS),
    SAY("invalid http response code", STATUS),
    SAY("invalid http status code", STATUS),
    SAY("returned status code", STATUS | WEAK),
    SAY("response status code", STATUS | WEAK),

    /* ---- answers ---- */
    SYMPTOM("projectpolicyviolation", POLICY),
    SYMPTOM("cannot be pulled due to configured policy", POLICY),
    SYMPTOM("insufficient_scope", SCOPE),
    SYMPTOM("requested access to the resource is denied", SCOPE),
    SYMPTOM("unauthorized to access repository", SCOPE),
    SYMPTOM("does not exist or no pull access", SCOPE),
    SYMPTOM_AS("pull access denied for ", SCOPE, PHRASE_IMAGE),
    SYMPTOM("server message: invalid_token", TOKEN_INVALID),
    SYMPTOM("error=\"invalid_token\"", TOKEN_INVALID),
    SYMPTOM("incorrect username or password", KEY_REJECTED),
    SYMPTOM("invalid username/password", KEY_REJECTED),
    SYMPTOM("unauthorized: authentication failed", KEY_REJECTED),
    SYMPTOM("no basic auth credentials", NO_KEY),
    SYMPTOM("unauthorized: authentication required", UNAUTHORIZED),
    SYMPTOM("unable to retrieve some image pull secrets", NO_KEY),
    SYMPTOM_AS(": denied", SCOPE, WEAK | WORD),
    SYMPTOM("toomanyrequests", RATE),
    SYMPTOM("too many requests", RATE),
    SYMPTOM("signaturedoesnotmatch", SIGNATURE),
    SYMPTOM("requesttimetooskewed", SIGNATURE),
    SYMPTOM("request has expired", SIGNATURE),
    SYMPTOM("manifest unknown", NOT_FOUND),
    SYMPTOM("manifest_unknown", NOT_FOUND),
    SYMPTOM("name unknown", NOT_FOUND),
    SYMPTOM("repository name not known to registry", NOT_FOUND),
    SYMPTOM_AS("blob unknown", NOT_FOUND, PHRASE_BLOB),
    SYMPTOM_AS(": not found", NOT_FOUND, WEAK | WORD),
    SYMPTOM_AS("no match for platform", PLATFORM, 0),
    SYMPTOM_AS("no matching manifest for", PLATFORM, 0),
    SYMPTOM_AS("pull access denied, repository does not exist or may require authorization",
               SCOPE_MAYBE, PHRASE_OPEN),
    SYMPTOM_AS("unexpected commit digest", DIGEST, PHRASE_BLOB),
    SYMPTOM_AS("filesystem layer verification failed", DIGEST, PHRASE_BLOB),
    SYMPTOM_AS("digest did not match", DIGEST, PHRASE_BLOB | WEAK),

    /* ---- this machine ---- */
    SYMPTOM_AS("no space left on device", LOCAL_STORAGE, WEAK),
    SYMPTOM_AS("too many open files", LOCAL_NETWORK, WEAK),
    SYMPTOM_AS("cannot allocate memory", LOCAL_NETWORK, WEAK),
    SYMPTOM_IF("cannot assign requested address", LOCAL_NETWORK, OP(DIAL)),
};
/* clang-format on */
const size_t phrase_count = COUNT(phrases);
