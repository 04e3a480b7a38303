#include "probes/diagnosis/guide_table.h"

#define PATH  CHECK_WITH_PROFILE
#define IMAGE CHECK_WITH_IMAGE
#define KEY   (CHECK_WITH_IMAGE | CHECK_WITH_KEY)

static const struct guide guides[CAUSE_COUNT] = {
    [CAUSE_POD_NETWORK_BLOCKED] =
        {.why = "No control connects, and no resolver answers or a control inside the VPC is among "
                "those that fail: traffic does not leave the pod at all, so nothing can be said "
                "of the registry. A security group without outbound rules, a network ACL of the "
                "subnet, or a broken route table do this.",
         .verify = "At least one control must connect and one resolver must answer.",
         .check = PATH},
    [CAUSE_DNS_TIMEOUT] =
        {.why = "Every question to every resolver of the deciding view stayed without an answer, "
                "or its port is closed. The resolver is down, its address is wrong, port 53 is "
                "blocked, or it is on the internet and the subnet has no way there.",
         .verify = "The dns lines must show an address from the resolvers that pulls use.",
         .check = PATH},
    [CAUSE_DNS_SERVER_FAILURE] =
        {.why = "The resolver answered, and its answer is that it cannot or will not: SERVFAIL, "
                "REFUSED, FORMERR, NOTIMP, or a message that cannot be read. Go programs, "
                "containerd among them, print \"server misbehaving\" for all of these; the check "
                "says which it is.",
         .verify = "The dns lines must show noerror and an address.",
         .check = PATH},
    [CAUSE_DNS_NAME_NOT_FOUND] =
        {.why = "The resolver says that the name does not exist (NXDOMAIN): a typing error in the "
                "image reference, an instance that was deleted, or a private zone that covers the "
                "domain in this VPC without this name in it.",
         .verify = "The dns lines must show noerror and an address.",
         .check = PATH},
    [CAUSE_DNS_NO_ADDRESS] =
        {.why = "The resolver knows the name and has no address record for it (NODATA). A private "
                "zone with the name but without its record does this; Go programs print \"no such "
                "host\" for it as for a name that does not exist.",
         .verify = "The dns lines must show an address.",
         .check = PATH},
    [CAUSE_DNS_BOGUS_ADDRESS] =
        {.why = "Every answer is an address where no registry can be: loopback, unspecified, "
                "multicast, documentation. A hosts entry, a filtering resolver or a private zone "
                "with a placeholder gives such answers. They are never dialled.",
         .verify = "The dns lines must show a private, provider or public address.",
         .check = PATH},
    [CAUSE_DNS_ANSWERS_DIFFER] =
        {.why = "Image pulls of serverless pods are made by the pod's host with the host's "
                "resolvers, not with the pod's /etc/resolv.conf. The two views, or two resolvers "
                "of one view, give different kinds of address, or one gives none: a stub domain, a "
                "private zone or a custom resolver that only one of them has. It fails pulls where "
                "the deciding view leads to a path that fails.",
         .verify = "Every resolver must give the same kind of address.",
         .check = PATH},
    [CAUSE_PRIVATE_DNS_NOT_ENABLED] =
        {.why = "A private linkage is there (the -vpc name answers a private address, or the "
                "configured linkage address accepts connections), but the name in the image "
                "reference resolves to a public address in every view, and that path fails. "
                "Private resolution is a switch of its own, and the API's default turns it on for "
                "the -vpc name only.",
         .verify = "The registry's own name must resolve to the linkage's private address.",
         .check = PATH},
    [CAUSE_PRIVATE_LINKAGE_MISSING] =
        {.why = "The setting expect says private, the name resolves to a public address in every "
                "view, that path fails, and nothing shows a private linkage: the -vpc name gives "
                "no private address and no linkage address answers.",
         .verify = "The registry's name must resolve to a private address that connects.",
         .check = PATH},
    [CAUSE_NAT_MISSING] =
        {.why = "The registry's address is public and silent, no internet control connects either, "
                "and the VPC itself is reachable. Pods of a serverless cluster have no way to the "
                "internet by default: it takes a NAT gateway with an elastic IP and a route to it "
                "from the pods' subnet, or a private linkage that needs neither.",
         .verify = "Either an internet control and the registry connect, or the registry's name "
                   "resolves to a private address that does.",
         .check = PATH},
    [CAUSE_ALLOWLIST_MISSING] =
        {.why = "The registry's public address is silent while every internet control connects, or "
                "it answers 403 and quotes this network's address. A TCR instance refuses every "
                "source on its public entry until the source is in the allowlist; a closed public "
                "entry looks the same from a pod.",
         .verify = "The registry's public address must connect and answer at /v2/.",
         .check = PATH},
    [CAUSE_PUBLIC_PATH_BLOCKED] =
        {.why = "The registry's public address is silent or unreachable, and the controls do not "
                "tell why: there are none, or only some of them connect. No NAT gateway, no "
                "allowlist entry, and a closed public entry all look like this.",
         .verify = "The controls of the profile tell the three apart; mended, the address "
                   "connects.",
         .check = PATH},
    [CAUSE_PRIVATE_PATH_BLOCKED] =
        {.why = "The name resolves to a private or provider address, and connecting to it times "
                "out or is unreachable: the linkage belongs to another VPC that is not peered with "
                "this one, a security group or network ACL drops the traffic, or the linkage was "
                "deleted and its record was left behind.",
         .verify = "The private address must connect and answer at /v2/.",
         .check = PATH},
    [CAUSE_CONNECTION_REFUSED] =
        {.why = "Something at the address answers, and says that nothing listens on the port: a "
                "stale record or hosts entry, a load balancer without a listener, the wrong port. "
                "A missing NAT gateway or allowlist entry does not look like this.",
         .verify = "The address must connect.",
         .check = PATH},
    [CAUSE_TLS_TIMEOUT] =
        {.why =
             "The connection stands, and the TLS handshake gets no answer in time. Large packets "
             "that are lost on the way, a filter on the server name, or an overloaded proxy do "
             "this; the check tries small segments and another server name to tell them apart.",
         .verify = "The tls part of the path must say ok.",
         .check = PATH},
    [CAUSE_MTU_BLACK_HOLE] =
        {.why = "The handshake stalls with segments of the usual size and completes with small "
                "ones: a link on the way has a smaller MTU, and the ICMP message that would say so "
                "is dropped. Small exchanges pass, certificates do not.",
         .verify = "The handshake must complete without small segments.",
         .check = PATH},
    [CAUSE_SNI_FILTERED] =
        {.why = "The same address answers a handshake for another server name and not for this "
                "one: a firewall or proxy on the way reads the name in the ClientHello and stalls "
                "or resets the connection.",
         .verify = "The handshake must complete with the registry's own name.",
         .check = PATH},
    [CAUSE_TLS_CONNECTION_CLOSED] =
        {.why = "The connection is closed or reset in the handshake: a filter on the way, a load "
                "balancer without a healthy backend, or a port that serves another protocol.",
         .verify = "The tls part of the path must say ok.",
         .check = PATH},
    [CAUSE_TLS_PLAIN_HTTP] =
        {.why = "The port answers a TLS handshake in plain HTTP. Serverless clusters pull over "
                "HTTPS unless an annotation names the registry as one that speaks HTTP.",
         .verify = "With the annotation set the pull goes through; the check says so of a registry "
                   "that serves HTTPS."},
    [CAUSE_TLS_UNTRUSTED_ISSUER] =
        {.why = "The certificate is self-signed or from an authority that the trust store does not "
                "have; a proxy that intercepts TLS looks the same. Serverless clusters verify "
                "certificates unless an annotation names the registry as one to trust.",
         .verify = "With the right --ca-file, or a certificate of a public authority, tls must say "
                   "ok."},
    [CAUSE_TLS_NAME_MISMATCH] =
        {.why = "The certificate is valid for other names than the one in the image reference: a "
                "custom domain without its certificate, an address in place of a name, the -vpc "
                "name in place of the usual one, or another server altogether.",
         .verify = "The names of the certificate must include the registry's host."},
    [CAUSE_TLS_CERTIFICATE_EXPIRED] =
        {.why = "The certificate's last day is over, and the clock here agrees with the peer's.",
         .verify = "The certificate must be valid until a later day."},
    [CAUSE_TLS_CERTIFICATE_NOT_YET_VALID] =
        {.why = "The certificate's first day is still to come, and the clock here agrees with the "
                "peer's.",
         .verify = "The certificate must be valid from an earlier day."},
    [CAUSE_TLS_HANDSHAKE_FAILED] =
        {.why = "The handshake ends in an alert, in a protocol version or cipher that is too weak, "
                "or the peer sends bytes that are not TLS.",
         .verify = "The tls part of the path must say ok."},
    [CAUSE_CLOCK_SKEW] =
        {.why = "The peer's Date and the clock here differ by more than a minute. It fails pulls "
                "where it makes a good certificate look expired or not yet valid; tokens and "
                "signed storage addresses suffer too.",
         .verify = "The two clocks must agree to the minute."},
    [CAUSE_NOT_A_REGISTRY] =
        {.why = "What answers GET /v2/ is neither a registry's answer nor a challenge: another "
                "site, a proxy, or a captive portal.",
         .verify = "GET /v2/ must be answered as a registry does (200, or 401 with a challenge)."},
    [CAUSE_REGISTRY_UNAVAILABLE] =
        {.why = "The registry, or the proxy in front of it, answers with a server error (5xx).",
         .verify = "GET /v2/ must be answered as a registry does (200, or 401 with a challenge)."},
    [CAUSE_RATE_LIMITED] =
        {.why = "The registry answers 429: more requests came from this network or with this key "
                "than it allows in the time.",
         .verify = "GET /v2/ must be answered as a registry does (200, or 401 with a challenge)."},
    [CAUSE_API_FORBIDDEN] =
        {.why = "The registry, or what stands in front of it, answers 403 before any key was "
                "asked for: a network policy, a web application firewall, or a proxy.",
         .verify = "GET /v2/ must be answered as a registry does (200, or 401 with a challenge)."},
    [CAUSE_HTTP_TIMEOUT] =
        {.why = "TLS stands, the request was sent, and no answer came in time: an overloaded "
                "registry or proxy, or large packets that are lost on the way.",
         .verify = "The api part of the path must say registry.",
         .check = PATH},
    [CAUSE_HTTP_INVALID] =
        {.why =
             "The answer is not valid HTTP, is cut short, or was altered on the way: a proxy, or "
             "a port that serves another protocol.",
         .verify = "The api part of the path must say registry."},
    [CAUSE_TOKEN_SERVICE_UNREACHABLE] =
        {.why = "The registry answers, and its challenge sends clients to another host for a token "
                "(the realm). That host does not resolve, does not connect, or fails its handshake "
                "from here, so no image can be pulled although the registry itself is fine.",
         .verify = "The auth line must show accepted.",
         .check = KEY},
    [CAUSE_TOKEN_SERVICE_FAILED] =
        {.why = "The token service was reached and gave nothing that a client can use: a status "
                "that is no answer, something else than JSON with a token, or no whole answer "
                "before the time ran out. A challenge that names no usable realm counts too.",
         .verify = "The auth line must show accepted.",
         .check = KEY},
    [CAUSE_TOKEN_REJECTED] =
        {.why = "The token service granted a token and the registry refuses it: they disagree "
                "about the signing key, the issuer, the audience or the time.",
         .verify = "The manifest line must show found.",
         .check = KEY},
    [CAUSE_CREDENTIALS_MISSING] =
        {.why = "Neither the token service nor the registry gives this image to a client without a "
                "key, and no key for this host was given to the check. Images are private by "
                "default: a workload needs an image access credential.",
         .verify =
             "With the key given, the auth line must show accepted and the manifest line found.",
         .check = KEY},
    [CAUSE_CREDENTIALS_REJECTED] =
        {.why = "The token service refuses the key even to a request that asks for no image at "
                "all: it is mistyped, expired, revoked, or of another instance. Temporary "
                "credentials are valid for hours only.",
         .verify = "The auth line must show accepted.",
         .check = KEY},
    [CAUSE_INSUFFICIENT_SCOPE] =
        {.why = "The key is good, and the registry or its token service refuses this repository to "
                "it. The namespace may not exist in the registry, the key may be of an account "
                "without rights on it, or it may be meant for other images.",
         .verify = "The manifest line must show found.",
         .check = KEY},
    [CAUSE_IMAGE_NOT_FOUND] =
        {.why =
             "Network and key are fine and the registry says that the repository or the tag "
             "does not exist. Some registries say so too for what a key may not see. Or the tag is "
             "there and is an index of manifests for other operating systems and processors "
             "only.",
         .verify = "The manifest line must show found.",
         .check = KEY},
    [CAUSE_IMAGE_BLOCKED_BY_POLICY] =
        {.why =
             "The image is there and the registry refuses to give it because of a policy of its "
             "namespace, such as the blocking of images with high-risk vulnerabilities (HTTP 412).",
         .verify = "The manifest line must show found.",
         .check = KEY},
    [CAUSE_BLOB_STORE_UNREACHABLE] =
        {.why = "The manifest comes from the registry, the layers from a store that it redirects "
                "to (COS for TCR), with addresses of its own. From here that host does not "
                "resolve, does not connect, does not complete TLS, or does not answer. The class "
                "of its address says whether a NAT gateway is needed.",
         .verify = "The blob line must show ok.",
         .check = KEY},
    [CAUSE_BLOB_STORE_REFUSED] =
        {.why = "The host that has the layers was reached and answers with a refusal or with "
                "something that is no layer. Signed links fail like this when a clock is wrong or "
                "a proxy changes them.",
         .verify = "The blob line must show ok.",
         .check = KEY},
    [CAUSE_TOKEN_HOST_NOT_LISTED] =
        {.why =
             "The registry names a token service on another host, by plain HTTP, or by a URL that "
             "redirects, and it refuses without a key. "
             "A hostile registry could name any host to get the key, so the check sends it to "
             "the registry's own host and to those of token_hosts only, over https, and not "
             "after a redirect. Real pulls send it "
             "wherever the registry says, so whether they work is not known.",
         .verify = "With the host listed, the auth line must show accepted.",
         .check = KEY},
    [CAUSE_LOCAL_ERROR] =
        {.why = "This machine could not run the test: memory or descriptors ran short, or the "
                "time allowed was too short. It is never counted against the registry.",
         .verify = "The check must come to a verdict."},
    [CAUSE_SOME_ADDRESSES_UNREACHABLE] =
        {.why = "The name has several addresses; at least one connects and at least one does not. "
                "Clients go on to the next address, after waiting for the one that is silent.",
         .verify = "Every address must connect.",
         .check = PATH},
    [CAUSE_SOME_RESOLVERS_UNREACHABLE] =
        {.why =
             "One of the resolvers answers and another does not. Clients that ask the silent one "
             "first wait for it, and some give up.",
         .verify = "Every resolver must answer.",
         .check = PATH},
    [CAUSE_PUBLIC_INSTEAD_OF_PRIVATE] =
        {.why = "The registry works, over its public address, while expect says private: traffic "
                "is billed and leaves the VPC, and it breaks with the NAT gateway or the "
                "allowlist.",
         .verify = "The registry's name must resolve to a private address.",
         .check = PATH},
    [CAUSE_PRIVATE_INSTEAD_OF_PUBLIC] =
        {.why = "The registry works, over a private address, while expect says public.",
         .verify = "The registry's name must resolve to a public address, or expect must say "
                   "private.",
         .check = PATH},
    [CAUSE_TLS_CERTIFICATE_EXPIRING] =
        {.why = "The certificate's last day is nearer than certificate_warning_days.",
         .verify = "The certificate must be valid for longer than that."},
    [CAUSE_INTERMITTENT] =
        {.why = "Some connects go through and some do not. A NAT gateway with several elastic IPs "
                "uses another one from connect to connect; where one of them is missing in the "
                "allowlist, that share of pulls fails.",
         .verify = "Every further connect must go through, run after run.",
         .check = PATH},
    [CAUSE_VERIFICATION_SKIPPED] =
        {.why = "The target has plain_http or insecure_skip_verify set, to check what a pod with "
                "the annotation registry-http-endpoint or registry-insecure-skip-verify would see. "
                "Whoever stands in between could answer in the registry's place, and nobody would "
                "notice.",
         .verify = "Without the setting the check must be ok.",
         .check = IMAGE},
    [CAUSE_OK_PRIVATE] =
        {.why = "Every phase that was reached is fine, over a private or provider address.",
         .verify = "It is what a mended path looks like."},
    [CAUSE_OK_PUBLIC] = {.why = "Every phase that was reached is fine, over a public address.",
                         .verify = "It is what a mended path looks like."},
};

const struct guide *guide_of(enum cause cause)
{
    return &guides[cause];
}
