/* SPDX-License-Identifier: MIT */
/* The words of the causes that the registry, its token service and its store give. */

#include "probes/diagnosis/words.h"

#define DENIED                                                                     \
    "pull access denied, repository does not exist or may require authorization: " \
    "server message: "
#define TOKEN "failed to authorize: failed to fetch "
#define HEAD  "unexpected status from HEAD request to {manifest_url}: "
#define STORE "failed to copy: httpReadSeeker: failed open: "

static const struct line steps_access_credential[] = {
    LINE("For a fresh key open the TKE console, click the name of the serverless cluster, then "
         "Namespace on the left, then Create.",
         ALL(FACT_TCR)),
    LINE("Select \"Auto release TCR enterprise access credential\" for the instance {instance}, "
         "and click Create Namespace.",
         ALL(FACT_TCR)),
    LINE("Create the workload in that namespace and select this image access credential for it "
         "(imagePullSecrets).",
         ALL(FACT_TCR)),
    LINE("Make an image pull secret for exactly {registry} (kubectl create secret docker-registry "
         "--docker-server={docker_server}) and name it in imagePullSecrets.",
         NONE(FACT_TCR)),
    LINE(NULL),
};

#define THREE_REASONS                                                                          \
    "Find out which of three reasons it is: the namespace of the image does not exist in the " \
    "registry, the key is wrong, or the key is not for this image."
#define NAMESPACE                                                                            \
    "In the TCR console check that the namespace exists in the instance {instance}: a push " \
    "does not create it."

static const struct line steps_key[] = {
    LINE("Under Access Credential check that the key is of this instance and has not expired. A "
         "service account is for one namespace only, and a temporary key lasts an hour.",
         ALL(FACT_TCR)),
    LINE(NULL),
};

static const struct line steps_remote_handshake[] = {
    LINE("This pod or node has no route to {endpoint} ({family}): let {remote} resolve to an "
         "address of the other family as well, or give this pod or node a route.",
         ALL(FACT_REMOTE_NO_ROUTE)),
    LINE("{endpoint} connects, but its TLS fails. Look for a proxy that intercepts TLS on the "
         "path.",
         ALL(FACT_REMOTE_HANDSHAKE)),
    LINE("If that host is yours, give it a certificate for its name that is trusted here.",
         ALL(FACT_REMOTE_HANDSHAKE), NONE(FACT_TENCENT)),
    LINE(NULL),
};

#define READ_AGAIN                                                                   \
    "Check again. If the answer stays the same, look at the proxy or load balancer " \
    "that serves {answerer}."

#define FIRST    WORDS_REGISTRY_FIRST
#define NAME(id) [CAUSE_##id - FIRST]

const struct cause_words words_registry[] = {
    NAME(NOT_A_REGISTRY) =
        {.docs = CAUSE_DOCS "not_a_registry",
         .title = "The server that answers is not a registry.",
         .says = LINES(
             LINE("{endpoint} sends GET /v2/ on to {api_location} (HTTP {status}), which a "
                  "registry does not.",
                  ALL(FACT_API_REDIRECTED)),
             LINE("{endpoint} answers GET /v2/ with HTTP {status} (content type {content_type}, "
                  "server {server}), which a registry does not.")),
         .pulls = PULLS("failed to resolve reference: unexpected status code: {status}",
                        "missing or empty Content-Type header"),
         .steps = STEPS(LINES(
             LINE("Check the host and the port of the image reference: {endpoint} serves "
                  "something else."),
             LINE("If they are right, look for a proxy or a login page of the network (captive "
                  "portal) that answers in the registry's place."))),
         .why = "The answer to GET /v2/ is neither a registry's nor a challenge: it comes from "
                "another site, a proxy, or a captive portal.",
         .verify = "GET /v2/ gets 200, or 401 with a challenge.",
         .shown = SHOW_PATHS},
    NAME(REGISTRY_UNAVAILABLE) =
        {.docs = CAUSE_DOCS "registry_unavailable",
         .title = "The registry answers with a server error.",
         .says = LINES(
             LINE("The registry answers GET /v2/, but no connection for the manifest of {image} "
                  "was made.",
                  ALL(FACT_MANIFEST_UNREACHED), NONE(FACT_REDIRECTED)),
             LINE("The registry sends the request for the manifest of {image} on to {location}, "
                  "which cannot be reached.",
                  ALL(FACT_MANIFEST_UNREACHED)),
             LINE("{answerer} answers {asked} with HTTP {status}: it is not serving.")),
         .pulls = PULLS(HEAD "503 Service Unavailable"),
         .steps = STEPS(LINES(
             LINE("In the TCR console check the state of the instance {instance} (one in arrears "
                  "is isolated after 24 hours), and look at Tencent Cloud's status page.",
                  ALL(FACT_TCR)),
             LINE("Look at the registry's own log and at the proxy in front of it.",
                  NONE(FACT_TCR)),
             LINE("Pulls are retried. If the error lasts, open a ticket with the time and the "
                  "answer ({answer}).",
                  ALL(FACT_TCR)))),
         .why = "The registry, or the proxy in front of it, answers with a server error (5xx).",
         .verify = "GET /v2/ gets 200, or 401 with a challenge.",
         .shown = SHOW_PATHS | SHOW_REGISTRY},
    NAME(RATE_LIMITED) =
        {.docs = CAUSE_DOCS "rate_limited",
         .title = "The registry limits the rate of requests.",
         .says = LINES(
             LINE("{answerer} limits the rate of requests: it answers {asked} with {answer} and "
                  "asks you to wait {retry_after}.",
                  ALL(FACT_RETRY_AFTER)),
             LINE("{answerer} limits the rate of requests: it answers {asked} with {answer}.")),
         .pulls = PULLS(HEAD "429 Too Many Requests", "toomanyrequests"),
         .steps = STEPS(
             LINES(LINE("Wait {retry_after} before you pull again.", ALL(FACT_RETRY_AFTER)),
                   LINE("Pull less at once: use an image cache, or spread the start of the pods."),
                   LINE("A larger edition of the instance {instance} has a higher limit.",
                        ALL(FACT_TCR)))),
         .why = "The registry answers 429: more requests came from your network or with your key "
                "than it allows in the time.",
         .verify = "GET /v2/ gets 200, or 401 with a challenge.",
         .shown = SHOW_PATHS | SHOW_REGISTRY},
    NAME(API_FORBIDDEN) =
        {.docs = CAUSE_DOCS "api_forbidden",
         .title = "The registry answers 403 before it asks for a key.",
         .says = LINES(LINE("{endpoint} answers GET /v2/ with HTTP {status} ({detail}) before it "
                            "asks for a key, and names no client address.")),
         .pulls = PULLS(HEAD "403 Forbidden"),
         .steps = STEPS(LINES(
             LINE("In the TCR console look at Access Control (in some consoles \"Network ACL\") of "
                  "the instance {instance}: a rule there may turn this network away.",
                  ALL(FACT_TCR)),
             LINE("Look for a proxy or web application firewall that answers in the registry's "
                  "place (server: {server})."))),
         .why = "The registry, or a server in front of it, answers 403 before any key was asked "
                "for: a network rule, a web application firewall, or a proxy.",
         .verify = "GET /v2/ gets 200, or 401 with a challenge.",
         .shown = SHOW_PATHS},
    NAME(HTTP_TIMEOUT) =
        {.docs = CAUSE_DOCS "http_timeout",
         .title = "The registry accepts the request and does not answer in time.",
         .says = LINES(LINE("{answerer} accepts the connection and then does not answer {asked} in "
                            "time: it is probably overloaded, or answers are lost on the path.")),
         .pulls = PULLS("net/http: timeout awaiting response headers", "context deadline exceeded"),
         .steps = STEPS(LINES(LINE(READ_AGAIN))),
         .why = "TLS works, the request was sent, and no answer came in time: an overloaded "
                "registry or proxy, or large packets that are lost on the path.",
         .verify = "The api part of the path shows registry.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS | SHOW_REGISTRY},
    NAME(HTTP_INVALID) =
        {.docs = CAUSE_DOCS "http_invalid",
         .title = "The answer is not valid HTTP, or ends too early.",
         .says = LINES(LINE("{answerer} does not answer {asked} as a registry must ({detail}): "
                            "something on the path probably alters or cuts the answer.")),
         .pulls = PULLS("net/http: HTTP/1.x transport connection broken: malformed HTTP response",
                        "net/http: HTTP/1.x transport connection broken: unexpected EOF",
                        "Get \"{registry_url}/v2/\": EOF"),
         .steps = STEPS(LINES(LINE(READ_AGAIN))),
         .why = "The answer is not valid HTTP, is cut short, or was altered on the path: a proxy, "
                "or a port that serves another protocol.",
         .verify = "The api part of the path shows registry.",
         .shown = SHOW_PATHS | SHOW_REGISTRY},
    NAME(TOKEN_SERVICE_UNREACHABLE) =
        {.docs = CAUSE_DOCS "token_service_unreachable",
         .title = "The registry answers, but its token service cannot be reached.",
         .says = LINES(LINE("{registry} sends clients to {realm} for a token, and {remote} "
                            "{failure}.")),
         .pulls = PULLS(TOKEN "oauth token: Post \"{realm}\": {error}",
                        TOKEN "anonymous token: Get \"{realm}\": {error}"),
         .steps = STEPS(
             steps_remote_handshake,
             LINES(LINE("Allow {remote} and its port in the outbound rules of the pod's security "
                        "group and in the network ACL of its subnet, and check that its name "
                        "resolves at the resolvers that pulls ask.",
                        NONE(FACT_REMOTE_HANDSHAKE, FACT_REMOTE_MISNAMED, FACT_REMOTE_BOGUS,
                             FACT_REMOTE_LITERAL, FACT_REMOTE_NO_ROUTE)),
                   LINE("Check how {remote} resolves at the resolvers that pulls ask.",
                        ALL(FACT_REMOTE_MISNAMED)),
                   LINE("The registry names an address ({remote}) at which no client can reach a "
                        "token service: "
                        "set its realm to the name of the right one.",
                        ALL(FACT_REMOTE_LITERAL, FACT_REMOTE_BOGUS)),
                   LINE("Allow {endpoint} in the outbound rules of the pod's security group and in "
                        "the network ACL of its subnet.",
                        ALL(FACT_REMOTE_LITERAL),
                        NONE(FACT_REMOTE_BOGUS, FACT_REMOTE_HANDSHAKE, FACT_REMOTE_NO_ROUTE)),
                   LINE("{endpoint} is a public address: the subnet needs a NAT gateway with an "
                        "elastic IP and a route to it, even if the registry itself is private.",
                        ALL(FACT_REALM_PUBLIC),
                        NONE(FACT_REMOTE_HANDSHAKE, FACT_INTERNET_REACHED, FACT_REMOTE_NO_ROUTE)),
                   LINE("{endpoint} is an internal address and needs no NAT gateway: look at "
                        "routes, peering and security groups.",
                        ALL(FACT_REALM_INTERNAL),
                        NONE(FACT_REMOTE_HANDSHAKE, FACT_REMOTE_NO_ROUTE)),
                   LINE("Or configure the registry to name a token service that this network "
                        "reaches.",
                        NONE(FACT_TENCENT)))),
         .why = "The registry's challenge sends clients to another host for a token (the realm). "
                "From here that host does not resolve, does not connect, or fails its handshake, "
                "so no image can be pulled although the registry itself is fine.",
         .verify = "The auth line shows accepted.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(TOKEN_SERVICE_FAILED) =
        {.docs = CAUSE_DOCS "token_service_failed",
         .title = "The token service gives no token that a client can use.",
         .says = LINES(
             LINE("The token service {realm} of {registry} answers with more than this check "
                  "reads, so it cannot tell whether pulls get a token.",
                  ALL(FACT_TOKEN_TOO_LARGE)),
             LINE("{registry} asks for authorization but names no token service that can be used "
                  "({reply}).",
                  NONE(FACT_REALM_NAMED)),
             LINE("The token service {realm} of {registry} gives no token that a client can use "
                  "({reply}).")),
         .pulls = PULLS(TOKEN "oauth token: unexpected status from POST request to {realm}: 503 "
                              "Service Unavailable",
                        TOKEN "oauth token: authorization server did not include a token in the "
                              "response"),
         .steps = STEPS(LINES(
             LINE("In the TCR console check the state of the instance {instance}, and look at "
                  "Tencent Cloud's status page. If the error lasts, open a ticket with the time "
                  "and the answer.",
                  ALL(FACT_TCR)),
             LINE("Look at the log of the token service {realm}.", NONE(FACT_TCR)),
             LINE("If a proxy is on the path, make sure that it passes {realm} through "
                  "unchanged."))),
         .why = "The token service was reached and gave nothing that a client can use: an error "
                "status, something other than JSON with a token, or no whole answer in time. A "
                "challenge that names no usable realm counts too.",
         .verify = "The auth line shows accepted.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(TOKEN_REJECTED) =
        {.docs = CAUSE_DOCS "token_rejected",
         .title = "The registry refuses the token that its own token service gave.",
         .says = LINES(LINE("The registry refuses for {image} the token that its own token service "
                            "{realm} gave ({detail}): the two disagree about the audience, the "
                            "signing key or the time.")),
         .pulls = PULLS(DENIED "invalid_token: authorization failed"),
         .steps = STEPS(LINES(
             LINE("Compare the clocks of the registry, of its token service and of this machine: a "
                  "token is valid for minutes only.",
                  NONE(FACT_TCR)),
             LINE("Check that the token service signs with a key that the registry trusts, and "
                  "that issuer and service (audience) are the same in both configurations.",
                  NONE(FACT_TCR)),
             LINE("Compare the clock of this machine with a reliable one: a token is valid for "
                  "minutes only.",
                  ALL(FACT_TCR)),
             LINE("If the error lasts, open a ticket with the time and the message.",
                  ALL(FACT_TCR)))),
         .why = "The token service granted a token, and the registry refuses it: they disagree "
                "about the signing key, the issuer, the audience or the time.",
         .verify = "The manifest line shows found.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(CREDENTIALS_MISSING) =
        {.docs = CAUSE_DOCS "credentials_missing",
         .title = "The registry refuses the image without a key, and none was given for it.",
         .says = LINES(
             LINE("This check was given no key, and the registry refuses {asked}{others} without "
                  "one ({answer}), so it cannot tell whether pulls work.",
                  ALL(FACT_NO_KEY_GIVEN)),
             LINE("The registry refuses {asked}{others} without a good key ({answer}). The docker "
                  "config names credential helpers, which the kubelet never asks and this check "
                  "did not ask either.",
                  ALL(FACT_HELPERS_NOT_ASKED)),
             LINE("The registry refuses {asked}{others} without a key ({answer}), and the docker "
                  "config's entry for it has no user name or no password. The kubelet uses nothing "
                  "else of an entry.",
                  ALL(FACT_KEY_INCOMPLETE)),
             LINE("The registry refuses {asked}{others} without a key ({answer}), and no entry of "
                  "the docker config is for it.")),
         .pulls = PULLS(DENIED "insufficient_scope: authorization failed",
                        TOKEN "anonymous token: unexpected status from GET request to {realm}: 401 "
                              "Unauthorized"),
         .steps = STEPS(
             LINES(LINE("Give the key that pulls use to this check too: --docker-config FILE, the "
                        ".dockerconfigjson of the image pull secret.",
                        ALL(FACT_NO_KEY_GIVEN)),
                   LINE("If pulls use another secret, give that one to this check: "
                        "--docker-config FILE.",
                        NONE(FACT_NO_KEY_GIVEN)),
                   LINE("If pulls have no key either, continue with the next steps.",
                        ALL(FACT_NO_KEY_GIVEN))),
             LINES(LINE(THREE_REASONS), LINE(NAMESPACE, ALL(FACT_TCR))), steps_key,
             steps_access_credential),
         .why =
             "Neither the token service nor the registry gives this image to a client without a "
             "key. Images are private by default: your workload needs an image access credential. "
             "If you gave the check no docker config at all, it cannot know whether your pulls "
             "have a key, so the result is unknown.",
         .verify = "With the key given, the auth line shows accepted and the manifest line found.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(CREDENTIALS_REJECTED) =
        {.docs = CAUSE_DOCS "credentials_rejected",
         .title = "The key is refused: it is wrong, expired, or of another instance.",
         .says = LINES(
             LINE("{realm} refuses the key for {registry} whatever the image ({answer}): the key "
                  "is wrong, expired, or of another instance.",
                  ALL(FACT_REALM_NAMED)),
             LINE("{registry} refuses the key whatever the image ({answer}): the key is wrong, "
                  "expired, or of another registry.")),
         .pulls = PULLS(TOKEN "oauth token: unexpected status from POST request to {realm}: 401 "
                              "Unauthorized",
                        HEAD "401 Unauthorized"),
         .steps = STEPS(LINES(LINE(THREE_REASONS, NONE(FACT_KEY_REJECTED)),
                              LINE("A pull is usually refused because the namespace of the image "
                                   "does not exist in the registry, the key is wrong, or the key "
                                   "is not for this image. Here the key is wrong.",
                                   ALL(FACT_KEY_REJECTED)),
                              LINE(NAMESPACE, ALL(FACT_TCR), NONE(FACT_KEY_REJECTED))),
                        steps_key, steps_access_credential),
         .why = "The token service refuses the key even to a request that asks for no image at "
                "all: it is misspelled, expired, revoked, or of another instance. Temporary "
                "credentials are valid for an hour.",
         .verify = "The auth line shows accepted.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(INSUFFICIENT_SCOPE) =
        {.docs = CAUSE_DOCS "insufficient_scope",
         .title = "The key is good, but not for this image.",
         .says = LINES(LINE("The key is good, but not for {image}{others} "
                            "({answer}; the token grants {granted}).")),
         .pulls = PULLS(DENIED "insufficient_scope: authorization failed", HEAD "403 Forbidden"),
         .steps =
             STEPS(LINES(LINE(THREE_REASONS, NONE(FACT_SCOPE_REFUSED)),
                         LINE("A pull is usually refused because the namespace of the image does "
                              "not exist in the registry, the key is wrong, or the key is not for "
                              "this image. Here the key itself is right.",
                              ALL(FACT_SCOPE_REFUSED)),
                         LINE(NAMESPACE, ALL(FACT_TCR))),
                   steps_key, steps_access_credential),
         .why =
             "Your key is good, and the registry or its token service refuses this repository to "
             "it. The namespace may not exist in the registry, the account may have no right to "
             "it, or the key may be meant for other images.",
         .verify = "The manifest line shows found.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(IMAGE_NOT_FOUND) =
        {.docs = CAUSE_DOCS "image_not_found",
         .title = "The registry says that the image does not exist.",
         .says = LINES(LINE("The registry says that {image} does not exist ({reply}).")),
         .pulls = PULLS("code = NotFound desc = failed to pull and unpack image \"{image}\": "
                        "failed to resolve reference \"{image}\": {image}: not found"),
         .steps = STEPS(LINES(
             LINE("Check the repository and the tag of {image}, letter by letter. The tag may have "
                  "been cleaned up or never pushed."),
             LINE("In the TCR console look for it in the repositories of the instance {instance}. "
                  "A replica may not have it yet.",
                  ALL(FACT_TCR)),
             LINE("Some registries also answer like this if the key may not see the image: check "
                  "its rights.",
                  NONE(FACT_TCR)))),
         .why =
             "Your network and key are fine, and the registry says that the repository or the tag "
             "does not exist. Some registries answer like this too if the key may not see the "
             "image.",
         .verify = "The manifest line shows found.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(IMAGE_BLOCKED_BY_POLICY) =
        {.docs = CAUSE_DOCS "image_blocked_by_policy",
         .title = "A policy of the registry blocks the image.",
         .says = LINES(LINE("The registry has {image}, but a policy blocks its pull ("
                            "{reply}).")),
         .pulls = PULLS(HEAD "412 Precondition Failed"),
         .steps = STEPS(LINES(
             LINE("In the TCR console open Deployment security of the instance {instance} and look "
                  "at the rule for the namespace of the image.",
                  ALL(FACT_TCR)),
             LINE("Scan the image, fix what the scan finds, and push it again, or add an exception "
                  "to the rule.",
                  ALL(FACT_TCR)),
             LINE("Look at the policy of the image's project (vulnerabilities, signatures).",
                  NONE(FACT_TCR)))),
         .why = "The image is there, and the registry refuses to give it because of a policy of "
                "its namespace, such as the blocking of images with high-risk vulnerabilities "
                "(HTTP 412).",
         .verify = "The manifest line shows found.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(IMAGE_PLATFORM_MISSING) =
        {.docs = CAUSE_DOCS "image_platform_missing",
         .title = "The image exists, but not for the platform of the machine that pulls.",
         .says = LINES(LINE("The registry has {image}, but not for the platform of this machine "
                            "({detail}).")),
         .pulls = PULLS("no match for platform in manifest: not found"),
         .steps = STEPS(LINES(
             LINE("Build and push {image} for this platform as well (docker buildx build "
                  "--platform ...), or run the pod on a machine of a platform that it has."))),
         .why = "The tag is an index of manifests for several operating systems and processors, "
                "and none of them fits the machine that pulls for you.",
         .verify = "The manifest line shows found.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(IMAGE_DAMAGED) =
        {.docs = CAUSE_DOCS "image_damaged",
         .title = "The registry gives other bytes than the manifest or the digest promises.",
         .says = LINES(LINE("{answerer} gives other bytes of {image} than its manifest or digest "
                            "promises ({detail}).")),
         .pulls = PULLS("failed commit on ref: unexpected commit digest"),
         .steps = STEPS(LINES(
             LINE("If a proxy or cache is on the path, clear its copy of {image} or go around "
                  "it."),
             LINE("Push {image} again: the stored copy is damaged or incomplete."))),
         .why = "The manifest, the config or a layer arrived with another digest or size than was "
                "promised, or a web page came in its place. A damaged store, a cache or a proxy "
                "that alters answers does this.",
         .verify = "The manifest line shows found, and the blob line ok.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(IMAGE_FORMAT_UNSUPPORTED) =
        {.docs = CAUSE_DOCS "image_format_unsupported",
         .title = "The image has a format that containerd does not run.",
         .says = LINES(LINE("The registry has {image} in a format that containerd does not run "
                            "({detail}).")),
         .pulls = PULLS("unsupported media type"),
         .steps = STEPS(
             LINES(LINE("Build and push {image} again with a current tool: containerd runs neither "
                        "schema 1 images nor artifacts that are no images."))),
         .why = "The manifest is there, and its media type is none that containerd takes: a schema "
                "1 manifest, an artifact that is no image, or a page that a proxy sent in its "
                "place.",
         .verify = "The manifest line shows found.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(BLOB_STORE_UNREACHABLE) =
        {.docs = CAUSE_DOCS "blob_store_unreachable",
         .title = "The manifest arrives, but the host that serves the layers cannot be reached.",
         .says = LINES(LINE("The layers of {image} come from {remote}, which {failure}.")),
         .pulls = PULLS(STORE "failed to do request: Get \"{location}\": {error}"),
         .steps = STEPS(
             steps_remote_handshake,
             LINES(LINE("{endpoint} is a public address: the subnet needs a NAT gateway with an "
                        "elastic IP and a route to it, even if the registry itself is private.",
                        ALL(FACT_BLOB_PUBLIC),
                        NONE(FACT_REMOTE_HANDSHAKE, FACT_INTERNET_REACHED, FACT_REMOTE_NO_ROUTE)),
                   LINE("Within a region {remote} has an internal address at the resolvers of the "
                        "VPC (183.60.83.19, 183.60.82.98). If pulls ask another resolver, let it "
                        "forward this name to them. A store in another region is always public.",
                        ALL(FACT_BLOB_PUBLIC, FACT_TCR),
                        NONE(FACT_REMOTE_HANDSHAKE, FACT_VENDOR_RESOLVER)),
                   LINE("{endpoint} is an internal address and needs no NAT gateway: allow it in "
                        "the outbound rules of the pod's security group and in the network ACL of "
                        "its subnet, and look at the routes.",
                        ALL(FACT_BLOB_INTERNAL), NONE(FACT_REMOTE_HANDSHAKE, FACT_REMOTE_NO_ROUTE)),
                   LINE("Allow {endpoint} in the outbound rules of the pod's security group and in "
                        "the network ACL of its subnet.",
                        ALL(FACT_BLOB_PUBLIC), NONE(FACT_REMOTE_HANDSHAKE, FACT_REMOTE_NO_ROUTE)),
                   LINE("Check how {remote} resolves at the resolvers that pulls ask.",
                        ALL(FACT_REMOTE_MISNAMED)),
                   LINE("The registry sends clients to an address ({remote}) at which none can "
                        "reach a store: set "
                        "the address of its store to one that its clients reach.",
                        ALL(FACT_REMOTE_LITERAL, FACT_REMOTE_BOGUS)),
                   LINE(READ_AGAIN,
                        NONE(FACT_REMOTE_HANDSHAKE, FACT_BLOB_PUBLIC, FACT_BLOB_INTERNAL,
                             FACT_REMOTE_MISNAMED, FACT_REMOTE_BOGUS)))),
         .why = "The manifest comes from the registry, the layers from a store that it redirects "
                "to (COS for TCR), which has addresses of its own. From here that host does not "
                "resolve, does not connect, does not complete TLS, or does not answer. The class "
                "of its address tells you whether you need a NAT gateway.",
         .verify = "The blob line shows ok.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(BLOB_STORE_REFUSED) =
        {.docs = CAUSE_DOCS "blob_store_refused",
         .title = "The manifest arrives, but the host that serves the layers refuses them.",
         .says = LINES(LINE("The layers of {image} come from {remote}, which does not give them "
                            "({reply}).")),
         .pulls = PULLS(STORE "unexpected status code {location}: 403 Forbidden"),
         .steps = STEPS(LINES(
             LINE("Compare the clock of this machine with a reliable one: signed links are valid "
                  "for minutes.",
                  ALL(FACT_BLOB_ELSEWHERE)),
             LINE("If a proxy is on the path, let {remote} through unchanged: a proxy that changes "
                  "host or port breaks the signature of the link.",
                  ALL(FACT_BLOB_ELSEWHERE)),
             LINE(READ_AGAIN, NONE(FACT_BLOB_ELSEWHERE)),
             LINE("If the error lasts, check the bucket of the instance {instance}, or open a "
                  "ticket with the time and the answer ({answer}).",
                  ALL(FACT_TCR)),
             LINE("Look at the log of the store, and at the rights of the registry's own key "
                  "there.",
                  NONE(FACT_TCR)))),
         .why = "The host that has the layers was reached and answers with an error or with "
                "something that is no layer. Signed links fail like this if a clock is wrong or a "
                "proxy changes them.",
         .verify = "The blob line shows ok.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
};
