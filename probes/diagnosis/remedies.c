/* What a person does about each cause, step by step, as the consoles name things. */

#include "probes/diagnosis/texts.h"

#define STEP(text)                 \
    {                              \
        FACT_NONE, FACT_NONE, text \
    }
#define STEP_WHEN(fact, text) \
    {                         \
        fact, FACT_NONE, text \
    }
#define STEP_UNLESS(fact, text) \
    {                           \
        FACT_NONE, fact, text   \
    }
#define END                                   \
    {                                         \
        FACT_NONE, FACT_NONE, (const char *)0 \
    }
#define TCR(text)     STEP_WHEN(FACT_TCR, text)
#define NEUTRAL(text) STEP_UNLESS(FACT_TCR, text)

/* ---- the vendor's two ways in ---- */

static const struct step private_linkage[] = {
    STEP_WHEN(FACT_LITERAL,
              "Check the name that image references use instead of its address: whether a private "
              "linkage is there, and whether the name resolves to it, shows only by name."),
    TCR("Recommended, private network: in the TCR console open Network ACL > Private network, "
        "select the region and the instance {instance}, and click Create."),
    TCR("In \"Create a private network access linkage\" choose the VPC and the subnet of this "
        "cluster, and confirm with OK."),
    TCR("Wait until the linkage shows a private IP; the next switch stays grey until then."),
    TCR("On the linkage's row turn on private domain name resolution for {host} in this VPC; "
        "without it the name keeps resolving to a public address."),
    NEUTRAL("Recommended where the registry has a private endpoint: make it reachable from this "
            "VPC and let its name resolve to its private address here."),
    END,
};

static const struct step private_resolution[] = {
    TCR("In the TCR console open Network ACL > Private network, select the region and the instance "
        "{instance}, and find the linkage of this VPC ({linkage})."),
    TCR("If it shows no private IP yet, wait for it; then turn on private domain name resolution "
        "for {host}. The -vpc name alone is not enough: image references use {host}."),
    NEUTRAL("Add a private zone record in this VPC: {host} to {linkage}."),
    STEP("Check again: {host} must resolve to {linkage} from the resolvers that pulls use."),
    END,
};

static const struct step public_entry[] = {
    TCR("Or over the public network: in the TCR console open Network ACL > Public network, select "
        "the region and the instance {instance}, and enable public network access."),
    TCR("Add {egress} to its allowlist, and every other elastic IP of the NAT gateway. 0.0.0.0/0 "
        "is a trial value only."),
    END,
};

static const struct step allowlist[] = {
    TCR("In the TCR console open Network ACL > Public network, select the region and the instance "
        "{instance}, and make sure that public network access is enabled."),
    TCR("Add {egress} to its allowlist, and every other elastic IP of the NAT gateway. 0.0.0.0/0 "
        "is a trial value only."),
    NEUTRAL("Allow {egress} at the registry: its firewall or source address list turns this "
            "network away."),
    STEP_UNLESS(FACT_EGRESS_KNOWN, "The egress address was not measured; the VPC console shows the "
                                   "gateway's elastic IP, or set egress_address_url."),
    END,
};

static const struct step nat_gateway[] = {
    STEP("In the VPC console create a NAT gateway with an elastic IP in this cluster's VPC, if "
         "there is none (pods of a serverless cluster have no internet access by default)."),
    STEP("Add a route 0.0.0.0/0 to that NAT gateway in a route table, and associate the cluster's "
         "subnet with that route table."),
    STEP("Check that the pod's security group and the subnet's network ACL let TCP port {port} "
         "out."),
    END,
};

static const struct step tell_apart[] = {
    STEP_UNLESS(FACT_INTERNET_TRIED,
                "To tell a missing NAT gateway from a missing allowlist entry, check again with "
                "--control internet=HOST:PORT (a place that must answer) or with --profile "
                "tke-serverless."),
    END,
};

static const struct step nat_alternative[] = {
    STEP_UNLESS(
        FACT_VPC_TRIED,
        "A security group or network ACL that lets nothing out looks the same; check again with "
        "--control vpc=HOST:PORT (a place in this VPC that must answer) to tell them apart."),
    END,
};

/* ---- the rest ---- */

static const struct step egress_security[] = {
    STEP("Check the outbound rules of the pod's security group (annotation "
         "eks.tke.cloud.tencent.com/security-group-id) and the subnet's network ACL: UDP and TCP "
         "53, and TCP {port}, must be allowed."),
    STEP("Check the route table of the pod's subnet."),
    END,
};

static const struct step resolver_access[] = {
    STEP("Check that {resolver} is the resolver you mean (/etc/resolv.conf, or the annotation "
         "eks.tke.cloud.tencent.com/resolv-conf for image pulls) and that it runs."),
    STEP("Allow UDP and TCP port 53 to it in the pod's security group; a resolver on the internet "
         "needs a NAT gateway as well."),
    STEP("The resolvers of a Tencent VPC are 183.60.83.19 and 183.60.82.98."),
    END,
};

static const struct step resolver_failure[] = {
    STEP("Look at the log of {resolver}: {rcode} for {host} comes from it or from its upstream."),
    STEP("If it forwards, check the forward rule for this domain and that its upstream answers."),
    END,
};

static const struct step name_check[] = {
    STEP("Check the spelling of {host} in the image reference."),
    TCR("In the TCR console check that the instance {instance} exists and is running, and its "
        "access domain."),
    STEP("Look for a private zone in this VPC that covers the domain and lacks this name: add the "
         "record, or turn on recursion for the zone."),
    END,
};

static const struct step bogus[] = {
    STEP_UNLESS(
        FACT_LITERAL,
        "Look for what makes {host} resolve to {address}: a hosts entry, a private zone, or a "
        "filtering resolver ({resolver})."),
    STEP_WHEN(FACT_LITERAL, "Give the registry's name, or an address that can be reached."),
    STEP_WHEN(FACT_LOOPBACK_ANSWER, "If a registry on loopback is meant, say so with "
                                    "--private-range 127.0.0.0/8."),
    END,
};

static const struct step answers_differ[] = {
    STEP("Image pulls follow {view}; the evidence lists what each resolver said."),
    STEP("Give both the same source of truth: remove the stub domain or private zone that only one "
         "of them has, or point eks.tke.cloud.tencent.com/resolv-conf at the right resolver."),
    END,
};

static const struct step private_path[] = {
    TCR("In the TCR console open Network ACL > Private network and check that the instance "
        "{instance} still has a linkage with the private IP {address} for this VPC."),
    STEP("If {address} belongs to another VPC, connect the two by CCN or peering, with routes both "
         "ways."),
    STEP("Allow TCP port {port} to {address} in the pod's security group and the subnet's network "
         "ACL."),
    TCR("If there is no linkage for this VPC, create one there with Create, choose this VPC and "
        "subnet, wait for its private IP, and turn on private domain name resolution."),
    END,
};

static const struct step refused[] = {
    STEP("Check that {address} is the registry's address (a stale record or hosts entry?) and that "
         "it listens on port {port}."),
    STEP("If a load balancer or proxy stands there, check its listener and its backends."),
    END,
};

static const struct step handshake[] = {
    STEP("Try again from another network: if it works there, something between this pod and "
         "{address} holds back or cuts TLS (proxy, firewall, MTU, SNI filter)."),
    STEP("In one-shot mode the check repeats the handshake with small segments and with another "
         "SNI; the evidence shows what came of it."),
    END,
};

static const struct step mtu[] = {
    STEP("Lower the MTU of the pod's interface (now {interface_mtu}) to that of the path, or clamp "
         "the MSS on the gateway (iptables -t mangle ... -j TCPMSS --clamp-mss-to-pmtu)."),
    STEP("Let ICMP \"fragmentation needed\" and \"packet too big\" through security groups and "
         "firewalls on the way."),
    STEP("Or set the sysctl net.ipv4.tcp_mtu_probing=1 (annotation "
         "eks.tke.cloud.tencent.com/host-sysctls for the host that pulls)."),
    END,
};

static const struct step sni[] = {
    STEP("Ask who runs the firewall or proxy on the way to {address} to allow the name {host}."),
    TCR("The private network linkage goes around it: Network ACL > Private network in the TCR "
        "console."),
    END,
};

static const struct step plain_http[] = {
    STEP("Add this annotation to the PodTemplate: eks.tke.cloud.tencent.com/registry-http-endpoint:"
         " \"{registry}\""),
    STEP("Several registries are separated by commas; all means every registry of the pod."),
    STEP("Better: serve the registry over HTTPS."),
    END,
};

static const struct step untrusted[] = {
    STEP("Add this annotation to the PodTemplate: "
         "eks.tke.cloud.tencent.com/registry-insecure-skip-verify: \"{registry}\""),
    STEP("Several registries are separated by commas; all means every registry of the pod."),
    STEP("Or give the registry a certificate of a public authority. To check against a private "
         "one, mount its certificate and name it with --ca-file."),
    TCR("TCR's own certificate is publicly trusted: look for a proxy that intercepts TLS on the "
        "way."),
    END,
};

static const struct step name_mismatch[] = {
    STEP("Pull by one of the names of the certificate: {names}."),
    STEP("Or give the registry a certificate for {host}; check too that {address} is the registry "
         "and not a proxy or another site."),
    END,
};

static const struct step certificate_dates[] = {
    STEP("Renew the certificate of {host} and reload what serves it."),
    STEP("Compare the clock of this machine with a reliable one: a wrong clock looks the same."),
    END,
};

static const struct step handshake_failed[] = {
    STEP("Check what serves {endpoint}: it must speak TLS 1.2 or later with a common cipher "
         "({tls_detail})."),
    END,
};

static const struct step clock_steps[] = {
    STEP("Set the clock of this machine (NTP, chrony); in a serverless pod re-create the pod."),
    END,
};

static const struct step not_registry[] = {
    STEP("Check host and port: {endpoint} serves something else, or a proxy or captive portal "
         "answers in its place."),
    END,
};

static const struct step unavailable[] = {
    TCR("In the TCR console check the state of the instance {instance}, and Tencent Cloud's status "
        "page."),
    NEUTRAL("Look at the registry's own log and at the proxy in front of it."),
    STEP("Pulls are retried; if it lasts, open a ticket with the time and the status {status}."),
    END,
};

static const struct step rate[] = {
    STEP("Wait {retry_after} and pull less at once: use an image cache, or spread the start of the "
         "pods."),
    TCR("Raise the limit by a larger edition of the instance {instance}."),
    END,
};

static const struct step forbidden[] = {
    TCR("In the TCR console check Network ACL of the instance {instance}: a policy there may turn "
        "this network away."),
    STEP("Look for a proxy or web application firewall that answers in the registry's place "
         "(server: {server})."),
    END,
};

static const struct step http_steps[] = {
    STEP("Try again; if it stays, look at the proxy or load balancer that serves {endpoint}."),
    END,
};

/* ---- above /v2/ ---- */

static const struct step give_the_key[] = {
    STEP("If pulls do have a key, give it to this check as well: --docker-config FILE, the "
         ".dockerconfigjson of the image pull secret."),
    END,
};

static const struct step three_reasons[] = {
    STEP("One of three things is wrong: the namespace of the image does not exist in the "
         "registry, the key is incorrect, or the key is not for the image being pulled."),
    TCR("In the TCR console check that the namespace exists in the instance {instance}, and that "
        "the key is an access credential of this instance that has not expired."),
    END,
};

static const struct step access_credential[] = {
    TCR("For a fresh key: in the TKE console click the name of the serverless cluster, then "
        "Namespace on the left, then Create."),
    TCR("Select Auto release TCR enterprise access credential for the instance {instance}, and "
        "click Create Namespace."),
    TCR("Create the workload in that namespace and select this image access credential for it "
        "(imagePullSecrets)."),
    NEUTRAL("Make an image pull secret for exactly {registry} (kubectl create secret "
            "docker-registry --docker-server={registry}) and name it in imagePullSecrets."),
    END,
};

static const struct step remote_handshake[] = {
    STEP_WHEN(FACT_REMOTE_HANDSHAKE,
              "{endpoint} connects and its TLS fails: look for a proxy that intercepts TLS on the "
              "way, or give that host a certificate for its name that is trusted here."),
    END,
};

static const struct step realm_access[] = {
    STEP("{realm} must be reachable too: allow its host and port in the pod's security group and "
         "the subnet's network ACL, and check that its name resolves where pulls resolve it."),
    STEP_WHEN(FACT_REALM_PUBLIC, "{endpoint} is a public address: the subnet needs a NAT gateway "
                                 "with an elastic IP and a route to it, even where the registry "
                                 "itself is reached privately."),
    STEP_WHEN(FACT_REALM_INTERNAL, "{endpoint} is an internal address and needs no NAT gateway: "
                                   "look at routes, peering and security groups."),
    STEP("Or let the registry name a token service that this network reaches."),
    END,
};

static const struct step realm_failed[] = {
    TCR("In the TCR console check the state of the instance {instance}, and Tencent Cloud's status "
        "page; if it lasts, open a ticket with the time and the answer."),
    NEUTRAL("Look at the log of the token service {realm}."),
    STEP("If a proxy stands in between, make sure that it passes {realm} through unchanged."),
    END,
};

static const struct step token_refused[] = {
    STEP("Compare the clocks of the registry, of its token service and of this machine: a token is "
         "valid for minutes only."),
    NEUTRAL("Check that the token service signs with a key that the registry trusts, and that "
            "issuer and service (audience) are the same in both configurations."),
    TCR("If it lasts, open a ticket with the time and the message."),
    END,
};

static const struct step not_found[] = {
    STEP_WHEN(FACT_OTHER_PLATFORM,
              "An index lists a manifest for each platform: build and push {image} for this one as "
              "well (docker buildx build --platform ...), or run the pod where it is for."),
    STEP("Check repository and tag of {image}, letter by letter; tags may have been cleaned up or "
         "never pushed. Some registries say so too of what the key may not see."),
    TCR("In the TCR console look for it in the image repositories of the instance {instance}; a "
        "replica may not have it yet."),
    END,
};

static const struct step policy[] = {
    TCR("In the TCR console open the namespace of the image in the instance {instance} and look "
        "at its blocking of high-risk images: scan the image, mend what it found, or add an "
        "exception."),
    NEUTRAL("Look at the policy of the image's project (vulnerabilities, signatures)."),
    END,
};

static const struct step store_access[] = {
    STEP_WHEN(FACT_BLOB_PUBLIC,
              "{endpoint} is a public address: reaching it needs a NAT gateway with an elastic IP "
              "and a route to it, even where the registry itself is reached privately."),
    STEP_WHEN(FACT_BLOB_PUBLIC,
              "Within a region {store} resolves to an internal address by the VPC's resolvers "
              "(183.60.83.19, 183.60.82.98): if another resolver is set by "
              "eks.tke.cloud.tencent.com/resolv-conf, let it forward this name to them; a store in "
              "another region is public in any case."),
    STEP_WHEN(FACT_BLOB_INTERNAL,
              "{endpoint} is an internal address and needs no NAT gateway: allow it in the pod's "
              "security group and the subnet's network ACL, and look at the routes."),
    STEP("Check that {store} resolves where pulls resolve it, and that its port is allowed out."),
    END,
};

static const struct step store_refused[] = {
    STEP("Compare the clock of this machine with a reliable one: signed links are valid for "
         "minutes."),
    STEP("A proxy that changes host or port breaks the signature of the link: let {store} through "
         "unchanged."),
    TCR("If it lasts, check the bucket of the instance {instance}, or open a ticket with the time "
        "and the status {status}."),
    NEUTRAL("Look at the log of the store and at what the registry's own key may do there."),
    END,
};

static const struct step list_token_host[] = {
    STEP("If {realm} is the right token service of this registry, name its host in token_hosts "
         "(--token-host {realm_host}) and check again; a hostile registry could name any host "
         "here to get the key."),
    STEP("The key goes over https only, and never after a redirect: if {realm} is not what the "
         "registry's challenge names, let it name the https URL that answers."),
    END,
};

static const struct step verify_again[] = {
    STEP("It is meant for checking what a pod with the annotation sees; take it out of the "
         "settings as soon as the registry has a certificate that verifies."),
    END,
};

static const struct step local_steps[] = {
    STEP("Mend this machine first (a file that is named above, memory, open files, the clock, the "
         "time allowed by --timeout), then check again."),
    END,
};

static const struct step some_addresses[] = {
    STEP("Remove {address} from the records of {host}, or bring it back: clients that try it first "
         "wait for it."),
    END,
};

static const struct step expect_public[] = {
    STEP("Nothing is broken. If private is right, change the target's expect setting; else turn "
         "off private resolution of {host} in this VPC."),
    END,
};

static const struct step expiring[] = {
    STEP("Renew the certificate of {host} before {not_after}."),
    END,
};

static const struct step intermittent[] = {
    STEP_UNLESS(FACT_USED_PRIVATE,
                "A NAT gateway with several elastic IPs leaves by another one for each connection: "
                "make sure that every one of them is in the allowlist."),
    STEP("Compare the times of the failed runs (history in /status) with what else happened then: "
         "deployments, scaling, limits of connections or bandwidth on the way."),
    END,
};

static const struct step nothing[] = {
    STEP("Nothing to do."),
    END,
};

#define LISTS(...) ((const struct step *const[]){__VA_ARGS__, (const struct step *)0})

static const struct step *const *const remedies[CAUSE_COUNT] = {
    [CAUSE_POD_NETWORK_BLOCKED] = LISTS(egress_security),
    [CAUSE_DNS_TIMEOUT] = LISTS(resolver_access),
    [CAUSE_DNS_SERVER_FAILURE] = LISTS(resolver_failure),
    [CAUSE_DNS_NAME_NOT_FOUND] = LISTS(name_check),
    [CAUSE_DNS_NO_ADDRESS] = LISTS(name_check),
    [CAUSE_DNS_BOGUS_ADDRESS] = LISTS(bogus),
    [CAUSE_DNS_ANSWERS_DIFFER] = LISTS(answers_differ),
    [CAUSE_PRIVATE_DNS_NOT_ENABLED] = LISTS(private_resolution),
    [CAUSE_PRIVATE_LINKAGE_MISSING] = LISTS(private_linkage, public_entry, nat_gateway),
    [CAUSE_NAT_MISSING] = LISTS(private_linkage, public_entry, nat_gateway, nat_alternative),
    [CAUSE_ALLOWLIST_MISSING] = LISTS(private_linkage, allowlist, nat_gateway),
    [CAUSE_PUBLIC_PATH_BLOCKED] = LISTS(private_linkage, public_entry, nat_gateway, tell_apart),
    [CAUSE_PRIVATE_PATH_BLOCKED] = LISTS(private_path),
    [CAUSE_CONNECTION_REFUSED] = LISTS(refused),
    [CAUSE_TLS_TIMEOUT] = LISTS(handshake),
    [CAUSE_MTU_BLACK_HOLE] = LISTS(mtu),
    [CAUSE_SNI_FILTERED] = LISTS(sni),
    [CAUSE_TLS_CONNECTION_CLOSED] = LISTS(handshake),
    [CAUSE_TLS_PLAIN_HTTP] = LISTS(plain_http),
    [CAUSE_TLS_UNTRUSTED_ISSUER] = LISTS(untrusted),
    [CAUSE_TLS_NAME_MISMATCH] = LISTS(name_mismatch),
    [CAUSE_TLS_CERTIFICATE_EXPIRED] = LISTS(certificate_dates),
    [CAUSE_TLS_CERTIFICATE_NOT_YET_VALID] = LISTS(certificate_dates),
    [CAUSE_TLS_HANDSHAKE_FAILED] = LISTS(handshake_failed),
    [CAUSE_CLOCK_SKEW] = LISTS(clock_steps),
    [CAUSE_NOT_A_REGISTRY] = LISTS(not_registry),
    [CAUSE_REGISTRY_UNAVAILABLE] = LISTS(unavailable),
    [CAUSE_RATE_LIMITED] = LISTS(rate),
    [CAUSE_API_FORBIDDEN] = LISTS(forbidden),
    [CAUSE_HTTP_TIMEOUT] = LISTS(http_steps),
    [CAUSE_HTTP_INVALID] = LISTS(http_steps),
    [CAUSE_TOKEN_SERVICE_UNREACHABLE] = LISTS(remote_handshake, realm_access),
    [CAUSE_TOKEN_SERVICE_FAILED] = LISTS(realm_failed),
    [CAUSE_TOKEN_REJECTED] = LISTS(token_refused),
    [CAUSE_CREDENTIALS_MISSING] = LISTS(give_the_key, three_reasons, access_credential),
    [CAUSE_CREDENTIALS_REJECTED] = LISTS(three_reasons, access_credential),
    [CAUSE_INSUFFICIENT_SCOPE] = LISTS(three_reasons, access_credential),
    [CAUSE_IMAGE_NOT_FOUND] = LISTS(not_found),
    [CAUSE_IMAGE_BLOCKED_BY_POLICY] = LISTS(policy),
    [CAUSE_BLOB_STORE_UNREACHABLE] = LISTS(remote_handshake, store_access),
    [CAUSE_BLOB_STORE_REFUSED] = LISTS(store_refused),
    [CAUSE_TOKEN_HOST_NOT_LISTED] = LISTS(list_token_host),
    [CAUSE_LOCAL_ERROR] = LISTS(local_steps),
    [CAUSE_SOME_ADDRESSES_UNREACHABLE] = LISTS(some_addresses),
    [CAUSE_SOME_RESOLVERS_UNREACHABLE] = LISTS(resolver_access),
    [CAUSE_PUBLIC_INSTEAD_OF_PRIVATE] = LISTS(private_linkage),
    [CAUSE_PRIVATE_INSTEAD_OF_PUBLIC] = LISTS(expect_public),
    [CAUSE_TLS_CERTIFICATE_EXPIRING] = LISTS(expiring),
    [CAUSE_INTERMITTENT] = LISTS(intermittent),
    [CAUSE_VERIFICATION_SKIPPED] = LISTS(verify_again),
    [CAUSE_OK_PRIVATE] = LISTS(nothing),
    [CAUSE_OK_PUBLIC] = LISTS(nothing),
};

const struct step *const *remedy_of(enum cause cause)
{
    return (size_t)cause < CAUSE_COUNT ? remedies[cause] : (const struct step *const *)0;
}
