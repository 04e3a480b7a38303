/* What keys, tokens, manifests and layers lead to, once the registry answers at /v2/. */

#include "tests/unit/diagnosis/scenario.h"

#define UP           .dns = {POD(GIVES_PRIVATE)}, .paths = {PRIVATE(VIEW_POD, WORKS)}
#define KEY          .has_key = true, .key_sent = true, .host_listed = true, .key_status = 200
#define ACCEPTED     .outcome = AUTH_ACCEPTED, .realm = REALM, .scope_status = 200
#define WITHHELD     .has_key = true, .remote = {.host = "auth.example.com"}
#define GOOD_KEY     (ACCEPTED, KEY)
#define ANONYMOUS    (ACCEPTED)
#define FOUND        .outcome = MANIFEST_FOUND, .status = 200, .digest = DIGEST
#define BLOB(...)    FOUND, .blob = {.digest = DIGEST, __VA_ARGS__}
#define LESS(status) .outcome = AUTH_GRANTED_LESS_THAN_ASKED, .realm = REALM, .scope_status = status
#define FINE         "ok_private ok certain"
#define VENDOR       "Auto release TCR enterprise access credential", "namespace of the image"
#define REASONS      "key is incorrect", "key is not for the image"
#define PATH_TO(class_, address_, ...)                                                 \
    {                                                                                  \
        .address = address_, .address_class = (class_), .views = VIEW_POD, __VA_ARGS__ \
    }

const struct scenario scenarios_pull[] = {
    /* ---- fine ---- */
    {"a good key, an image, a store", FINE, UP, .says = {"manifest: " IMAGE " found", "120 s ago"},
     PULL(GOOD_KEY, BLOB(.outcome = BLOB_OK, .status = 206))},
    {"no challenge", FINE, UP,
     PULL((.outcome = AUTH_NOT_REQUIRED), BLOB(.outcome = BLOB_NOT_REDIRECTED))},
    {"less granted than asked, and yet found", FINE, UP, PULL((LESS(200), KEY), FOUND)},
    {"an anonymous token, the key withheld, found", FINE, UP, PULL((ACCEPTED, WITHHELD), FOUND)},
    {"nothing asked", FINE, UP, PULL((.outcome = AUTH_SKIPPED), .outcome = MANIFEST_SKIPPED)},
    {"a manifest elsewhere", FINE, UP, PULL(GOOD_KEY, .outcome = MANIFEST_REDIRECTED)},
    {"too large a manifest", FINE, UP, PULL(GOOD_KEY, .outcome = MANIFEST_TOO_LARGE)},

    /* ---- the token service ---- */
    {"realm silent", "token_service_unreachable fail likely", UP,
     .says = {REALM, "public address 43.132.7.9:8443 ends in timeout", "NAT gateway",
              "dial tcp 43.132.7.9:8443: i/o timeout"},
     .never = {"internal address", "{", "}"},
     PULL((.outcome = AUTH_REALM_UNREACHABLE, .realm = REALM,
           .remote = REMOTE("auth.example.com", DNS_NOERROR,
                            PATH_TO(CLASS_PUBLIC, PUBLIC_ADDRESS, TCP(TCP_TIMEOUT)))),
          .outcome = MANIFEST_SKIPPED)},
    {"realm private and refusing", "token_service_unreachable fail likely", UP,
     .says = {"connection refused", "needs no NAT gateway"}, .never = {"needs a NAT gateway"},
     PULL((.outcome = AUTH_REALM_UNREACHABLE, .realm = REALM,
           .remote = REMOTE("auth.example.com", DNS_NOERROR,
                            PATH_TO(CLASS_PRIVATE, PRIVATE_ADDRESS, TCP(TCP_REFUSED)))),
          .outcome = MANIFEST_SKIPPED)},
    {"realm does not resolve", "token_service_unreachable fail likely", UP,
     .says = {"nxdomain", "lookup auth.example.com: no such host"}, .never = {"NAT gateway"},
     PULL((.outcome = AUTH_REALM_UNREACHABLE, .realm = REALM,
           .remote = {.host = "auth.example.com", .dns = DNS_NXDOMAIN}),
          .outcome = MANIFEST_SKIPPED)},
    {"realm answers 500", "token_service_failed fail certain", UP, .says = {"HTTP 500", REALM},
     PULL((.outcome = AUTH_FAILED, .realm = REALM, .scope_status = 500),
          .outcome = MANIFEST_SKIPPED)},
    {"realm answers no token", "token_service_failed fail certain", UP, .says = {"not JSON"},
     PULL((.outcome = AUTH_MALFORMED, .realm = REALM, .reason = "not JSON", .key_status = 200),
          .outcome = MANIFEST_SKIPPED)},
    {"realm stalls", "token_service_failed fail likely", UP, .says = {"stalled"},
     PULL((.outcome = AUTH_STALLED, .realm = REALM), .outcome = MANIFEST_SKIPPED)},
    {"realm answers too much", "token_service_failed warn certain; " FINE, UP,
     PULL((.outcome = AUTH_TOO_LARGE, .realm = REALM), .outcome = MANIFEST_SKIPPED)},
    {"realm limits", "rate_limited fail certain", UP, .says = {REALM, "Wait 7 s"},
     PULL((.outcome = AUTH_RATE_LIMITED, .realm = REALM, .scope_status = 429, .retry_after = 7),
          .outcome = MANIFEST_SKIPPED)},

    /* ---- keys ---- */
    {"no key, refused by the realm", "credentials_missing fail certain", UP,
     .says = {VENDOR, REASONS, "--docker-config", "HTTP 401", "insufficient_scope"},
     PULL((.outcome = AUTH_NO_CREDENTIALS, .realm = REALM, .scope_status = 401),
          .outcome = MANIFEST_SKIPPED)},
    {"no key, refused by the registry", "credentials_missing fail certain", UP,
     .says = {NAME "/" IMAGE},
     PULL(ANONYMOUS, .outcome = MANIFEST_INSUFFICIENT_SCOPE, .status = 401)},
    {"no key, refused without a word", "credentials_missing fail certain", UP,
     PULL((.outcome = AUTH_NOT_REQUIRED), .outcome = MANIFEST_UNAUTHORIZED)},
    {"no key, less granted and nothing asked further", "credentials_missing fail certain", UP,
     PULL((LESS(403)), .outcome = MANIFEST_SKIPPED)},
    {"the key withheld, refused by the realm", "token_host_not_listed unknown certain", UP,
     .says = {"token_hosts", "--token-host auth.example.com", "the key withheld"},
     PULL((WITHHELD, .realm = REALM, .outcome = AUTH_NO_CREDENTIALS), .outcome = MANIFEST_SKIPPED)},
    {"the key withheld, refused by the registry", "token_host_not_listed unknown certain", UP,
     PULL((ACCEPTED, WITHHELD), .outcome = MANIFEST_INSUFFICIENT_SCOPE)},
    {"a bad key", "credentials_rejected fail certain", UP, .says = {VENDOR, REASONS, "HTTP 401"},
     PULL((.outcome = AUTH_REJECTED, .realm = REALM, .key_sent = true, .has_key = true,
           .host_listed = true, .key_status = 401),
          .outcome = MANIFEST_SKIPPED)},
    {"a good key for something else", "insufficient_scope fail certain", UP,
     .says = {VENDOR, REASONS, NAME "/" IMAGE, "grants nothing", "insufficient_scope: auth"},
     PULL((LESS(200), KEY), .outcome = MANIFEST_INSUFFICIENT_SCOPE, .status = 401)},
    {"a good key, the scope refused by the realm", "insufficient_scope fail certain", UP,
     .says = {NAME "/" IMAGE}, .never = {"the image ("},
     PULL((LESS(403), KEY), .outcome = MANIFEST_SKIPPED)},
    {"a good key, refused without a word", "insufficient_scope fail certain", UP,
     PULL(GOOD_KEY, .outcome = MANIFEST_UNAUTHORIZED, .grant = GRANT_UNKNOWN)},
    {"what was granted is refused", "token_rejected fail certain", UP,
     PULL(GOOD_KEY, .outcome = MANIFEST_UNAUTHORIZED, .grant = GRANT_PULL)},
    {"the token is invalid", "token_rejected fail certain", UP, .says = {"invalid_token", REALM},
     PULL(GOOD_KEY, .outcome = MANIFEST_INVALID_TOKEN, .status = 401)},

    /* ---- images ---- */
    {"not found", "image_not_found fail certain", UP,
     .says = {NAME "/" IMAGE " does not exist there", "MANIFEST_UNKNOWN", "code = NotFound"},
     PULL(GOOD_KEY, .outcome = MANIFEST_NOT_FOUND, .status = 404,
          .detail = "MANIFEST_UNKNOWN: manifest unknown")},
    {"blocked", "image_blocked_by_policy fail certain", UP, .says = {"412", "high-risk"},
     PULL(GOOD_KEY, .outcome = MANIFEST_BLOCKED_BY_POLICY, .status = 412)},
    {"a limit at the manifest", "rate_limited fail certain", UP,
     .says = {"the request for the manifest of " NAME "/" IMAGE, "Wait 30 s"},
     PULL(GOOD_KEY, .outcome = MANIFEST_RATE_LIMITED, .status = 429, .retry_after = 30)},
    {"unavailable at the manifest", "registry_unavailable fail certain", UP, .says = {"HTTP 503"},
     PULL(GOOD_KEY, .outcome = MANIFEST_UNAVAILABLE, .status = 503)},
    {"no connection for the manifest", "registry_unavailable fail certain", UP,
     .says = {"unreachable"}, PULL(GOOD_KEY, .outcome = MANIFEST_UNREACHABLE)},
    {"the manifest stalls", "http_timeout fail likely", UP, .says = {"the manifest of"},
     PULL(GOOD_KEY, .outcome = MANIFEST_STALLED)},
    {"a strange status", "http_invalid fail likely", UP, .says = {"unexpected"},
     PULL(GOOD_KEY, .outcome = MANIFEST_UNEXPECTED, .status = 418)},
    {"no manifest", "http_invalid fail likely", UP, .says = {"malformed: not JSON"},
     PULL(GOOD_KEY, .outcome = MANIFEST_MALFORMED, .status = 200, .detail = "not JSON")},

    /* ---- layers ---- */
    {"public store silent", "blob_store_unreachable fail likely", UP,
     .says = {STORE, "public address 43.132.7.9:8443", "needs a NAT gateway", "httpReadSeeker",
              "https://" STORE "/layer"},
     .never = {"needs no NAT", "{", "}"},
     PULL(GOOD_KEY,
          BLOB(.outcome = BLOB_UNREACHABLE, .location = "https://" STORE "/layer",
               .remote = REMOTE(STORE, DNS_NOERROR,
                                PATH_TO(CLASS_PUBLIC, PUBLIC_ADDRESS, TCP(TCP_TIMEOUT)))))},
    {"provider store silent", "blob_store_unreachable fail likely", UP,
     .says = {"provider address 169.254.0.47:8443", "needs no NAT gateway"},
     .never = {"needs a NAT"},
     PULL(GOOD_KEY,
          BLOB(.outcome = BLOB_UNREACHABLE,
               .remote = REMOTE(STORE, DNS_NOERROR,
                                PATH_TO(CLASS_PROVIDER, V4(169, 254, 0, 47), TCP(TCP_TIMEOUT)))))},
    {"store with another certificate", "blob_store_unreachable fail likely", UP,
     .says = {"TLS handshake with the private address", "name_mismatch"},
     PULL(GOOD_KEY,
          BLOB(.outcome = BLOB_UNREACHABLE,
               .remote = REMOTE(STORE, DNS_NOERROR,
                                PATH_TO(CLASS_PRIVATE, PRIVATE_ADDRESS, TLS(TLS_NAME_MISMATCH)))))},
    {"store stalls", "blob_store_unreachable fail likely", UP, .says = {"timeout awaiting"},
     PULL(GOOD_KEY, BLOB(.outcome = BLOB_STALLED, .remote = {.host = STORE}))},
    {"store refuses", "blob_store_refused fail certain", UP, .says = {STORE, "HTTP 403"},
     PULL(GOOD_KEY, BLOB(.outcome = BLOB_REFUSED, .status = 403, .remote = {.host = STORE}))},
    {"store answers garbage", "blob_store_refused fail certain", UP,
     PULL(GOOD_KEY, BLOB(.outcome = BLOB_MALFORMED, .remote = {.host = STORE}))},
    {"store limits", "rate_limited fail certain", UP, .says = {STORE},
     PULL(GOOD_KEY, BLOB(.outcome = BLOB_RATE_LIMITED, .status = 429, .remote = {.host = STORE}))},

    /* ---- this machine, and what was asked for ---- */
    {"the docker config cannot be read", "local_error unknown certain", UP,
     .says = {"docker config"},
     PULL((.outcome = AUTH_LOCAL, .reason = "docker config /k: no such file"),
          .outcome = MANIFEST_SKIPPED)},
    {"memory short at the manifest", "local_error unknown certain", UP,
     PULL(GOOD_KEY, .outcome = MANIFEST_LOCAL)},
    {"memory short at the layer", "local_error unknown certain", UP,
     PULL(GOOD_KEY, BLOB(.outcome = BLOB_LOCAL))},
    {"cancelled at the realm", "local_error unknown possible", UP,
     PULL((.outcome = AUTH_CANCELLED), .outcome = MANIFEST_SKIPPED)},
    {"verification off", "verification_skipped warn certain; " FINE, UP,
     .insecure_skip_verify = true, .says = {"insecure_skip_verify"}},
    {"plain http on purpose", "verification_skipped warn certain; " FINE, .plain_http = true,
     .says = {"plain_http"}, .dns = {POD(GIVES_PRIVATE)},
     .paths = {PRIVATE(VIEW_POD, TCP(TCP_OK), .api.outcome = API_REGISTRY)}},
    {"plain http on purpose, failing",
     "registry_unavailable fail certain; verification_skipped warn certain", .plain_http = true,
     .dns = {POD(GIVES_PRIVATE)},
     .paths = {PRIVATE(VIEW_POD, TCP(TCP_OK), .api.outcome = API_SERVER_ERROR)}},
    {"the network fails while the last answer stands",
     "private_path_blocked fail likely; insufficient_scope fail certain",
     .dns = {POD(GIVES_PRIVATE)}, .paths = {PRIVATE(VIEW_POD, TCP(TCP_TIMEOUT))},
     PULL((LESS(200), KEY), .outcome = MANIFEST_INSUFFICIENT_SCOPE, .status = 401)},
};
const size_t scenarios_pull_count = sizeof(scenarios_pull) / sizeof(scenarios_pull[0]);
