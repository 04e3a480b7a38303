/* SPDX-License-Identifier: MIT */
/* The words of warnings, of the causes that only a pull error can tell, and of success. */

#include "probes/diagnosis/words.h"

static const struct line steps_nothing[] = {
    LINE("Nothing to do."),
    LINE(NULL),
};

#define FIRST    WORDS_REST_FIRST
#define NAME(id) [CAUSE_##id - FIRST]

const struct cause_words words_rest[] = {
    NAME(CLIENTS_DIFFER) =
        {.docs = CAUSE_DOCS "clients_differ",
         .title = "containerd pulls, but another client does not.",
         .says = LINES(
             LINE("containerd can use the TLS session with {address}, but other clients probably "
                  "cannot: {session}.",
                  ALL(FACT_SOME_CLIENTS_REFUSE)),
             LINE("containerd pulls {image} from {registry}, but docker, podman and skopeo "
                  "probably do not: they ask /v2/ first, which fails ({answer}).",
                  ALL(FACT_PING_FAILS)),
             LINE("containerd pulls {image} from {registry}, but docker, podman and skopeo "
                  "probably do not: they take the authorization that /v2/ asks for, and the "
                  "manifest asks for another one.",
                  ALL(FACT_DIFFERENCE(CHALLENGE))),
             LINE("containerd pulls {image} from {registry}, but docker, podman and skopeo "
                  "probably do not: the manifest is open, and only the layers ask for "
                  "authorization.",
                  ALL(FACT_DIFFERENCE(LAYERS))),
             LINE("containerd pulls {image} from {registry}, but docker, podman and skopeo may "
                  "not: the token is asked for with a scope that is not made from the image's "
                  "name.",
                  ALL(FACT_DIFFERENCE(SCOPE))),
             LINE("The kubelet pulls {image} from {registry} with a later key: the pull with the "
                  "first entry of the docker config that fits fails. CRI-O, podman and skopeo try "
                  "one entry only, so they probably fail.",
                  ALL(FACT_DIFFERENCE(KEY_ORDER))),
             LINE("A containerd built with Go 1.19 or older pulls {image} from {registry}, but "
                  "newer clients probably do not: an answer has a header that they refuse (a "
                  "control character, a name that is no name, a wrong Content-Length), or odd "
                  "lines between its chunks.",
                  ALL(FACT_DIFFERENCE(HEADERS))),
             LINE("Clients built with Go 1.24 or newer pull from {registry} through the proxy "
                  "{proxy}. Older ones, such as containerd 1.6, fail: they do not know the scheme "
                  "of the URL in {proxy_source}, and take it for the name of the proxy.",
                  ALL(FACT_PROXY_SCHEME_NEW)),
             LINE("containerd pulls {image} from {registry}, but podman and skopeo probably do "
                  "not: the token service's answer is damaged, or does not end, behind the token.",
                  ALL(FACT_DIFFERENCE(TOKEN_END))),
             LINE("containerd pulls {image} from {registry}, but podman and skopeo probably do "
                  "not: the manifest names a URL for a layer, which fails, and containerd then "
                  "asks the registry.",
                  ALL(FACT_DIFFERENCE(URLS))),
             LINE("containerd pulls {image} from {registry}, but other clients may not: an answer "
                  "is cut off, and containerd asks for the rest of it.",
                  ALL(FACT_DIFFERENCE(CUT))),
             LINE("containerd 2 pulls {image} from {registry}, but containerd 1, podman and "
                  "skopeo probably fail at the first try: an answer was a server error (5xx), and "
                  "only newer clients ask again.",
                  ALL(FACT_DIFFERENCE(BROKEN))),
             LINE("containerd pulls {image} from {registry}, but docker, podman and skopeo "
                  "probably fail at the first try: an answer was HTTP 408, and only containerd "
                  "asks again.",
                  ALL(FACT_DIFFERENCE(LATE))),
             LINE("containerd pulls {image} from {registry}, but podman and skopeo probably do "
                  "not: the token, the manifest or a layer comes with a status other than 200, "
                  "which is all that they take.",
                  ALL(FACT_DIFFERENCE(STATUS))),
             LINE("containerd pulls {image} from {registry}, but podman and skopeo may not: the "
                  "answer of the token service has two tokens, and they take the other one.",
                  ALL(FACT_DIFFERENCE(TOKENS))),
             LINE("containerd pulls {image} from {registry}, but podman and skopeo probably do "
                  "not: the index leads to a further index.",
                  ALL(FACT_DIFFERENCE(NESTED))),
             LINE("containerd pulls {image} from {registry}, but podman and skopeo probably do "
                  "not: they want the platform in the index exactly as Go writes it, such as "
                  "linux/amd64 without a variant.",
                  ALL(FACT_DIFFERENCE(PLATFORM))),
             LINE("containerd pulls {image} from {registry}, but docker, podman and skopeo "
                  "probably do not: the registry calls the manifest one of Docker's, and a "
                  "mediaType "
                  "inside it is none of Docker's.",
                  ALL(FACT_DIFFERENCE(TYPE))),
             LINE("containerd pulls {image} from {registry}, but podman and skopeo may not: the "
                  "registry offers Basic before Bearer, and they take what comes first.",
                  ALL(FACT_DIFFERENCE(OFFER))),
             LINE("Only some clients may pull {image} from {registry}: a good token is refused at "
                  "first (HTTP 401). containerd sends it again, newer versions get another token "
                  "if the registry says why, and podman and skopeo give up.",
                  ALL(FACT_DIFFERENCE(REFUSED))),
             LINE("Only some clients may pull {image} from {registry}, because they differ in "
                  "where they send the token after a redirect: those built with Go 1.19 "
                  "send it to the next path of the same store, those with Go 1.24 to other ports "
                  "of the "
                  "registry's host, and only containerd back to the registry.",
                  ALL(FACT_DIFFERENCE(REDIRECT))),
             LINE("containerd pulls from {host}, but another client does not.")),
         .steps = STEPS(LINES(
             LINE("In the server's TLS settings allow what other clients offer: TLS 1.2 or 1.3, a "
                  "key exchange with ECDHE, and a certificate signed with SHA-256 or better. Newer "
                  "versions of containerd need it too.",
                  ALL(FACT_SOME_CLIENTS_REFUSE)),
             LINE("If you also pull with docker, podman or skopeo, let {registry} answer GET /v2/ "
                  "with 200, or with 401 and its challenge: look at the rules of the proxy or load "
                  "balancer in front of it.",
                  ALL(FACT_PING_FAILS)),
             LINE("If you also pull with docker, podman or skopeo, let {registry} send the same "
                  "challenge (realm and service) for /v2/ as for manifests.",
                  ALL(FACT_DIFFERENCE(CHALLENGE))),
             LINE("If you also pull with docker, podman or skopeo, let {registry} ask for "
                  "authorization for manifests as well as for layers, or for neither.",
                  ALL(FACT_DIFFERENCE(LAYERS))),
             LINE("If you also pull with docker, podman or skopeo, let the challenge of {registry} "
                  "name the scope of the image's path (repository:PATH:pull). A proxy that changes "
                  "paths must change the scope as well.",
                  ALL(FACT_DIFFERENCE(SCOPE))),
             LINE("Correct or remove the entry of the docker config that fails, mostly the more "
                  "specific one: then every client uses a key that works.",
                  ALL(FACT_DIFFERENCE(KEY_ORDER))),
             LINE("Find the proxy or server that writes that header, and correct it before you "
                  "update containerd.",
                  ALL(FACT_DIFFERENCE(HEADERS))),
             LINE("Write the URL in {proxy_source} with http://, https:// or socks5://, which "
                  "every "
                  "client knows.",
                  ALL(FACT_PROXY_SCHEME_NEW)),
             LINE("Let the token service send one whole JSON document, with a length that is "
                  "right. "
                  "Pulls by containerd need no change.",
                  ALL(FACT_DIFFERENCE(TOKEN_END))),
             LINE("If you also pull with podman or skopeo, let the URL of the layer work, or push "
                  "the image again without it.",
                  ALL(FACT_DIFFERENCE(URLS))),
             LINE("Find out what cuts answers off (a limit or timeout of a proxy, or of the "
                  "store), "
                  "since every pull through it is slower or fails.",
                  ALL(FACT_DIFFERENCE(CUT))),
             LINE("Look at the log of {registry}, or of the proxy in front of it, for the server "
                  "error at the time of this check. Until it is fixed, pull again if a pull fails.",
                  ALL(FACT_DIFFERENCE(BROKEN))),
             LINE("Find out why {registry}, or the proxy in front of it, closes a request as too "
                  "late (HTTP 408). Until it is fixed, pull again if a pull fails.",
                  ALL(FACT_DIFFERENCE(LATE))),
             LINE("If you also pull with podman or skopeo, let the token service and {registry} "
                  "answer with 200 where they have what was asked for.",
                  ALL(FACT_DIFFERENCE(STATUS))),
             LINE("Let the token service give the same token as token and as access_token, or only "
                  "one of them.",
                  ALL(FACT_DIFFERENCE(TOKENS))),
             LINE("If you also pull with podman or skopeo, push {image} again with an index that "
                  "lists the images themselves.",
                  ALL(FACT_DIFFERENCE(NESTED))),
             LINE("If you also pull with podman or skopeo, push {image} again with the platform as "
                  "Go writes it.",
                  ALL(FACT_DIFFERENCE(PLATFORM))),
             LINE("If you also pull with docker, podman or skopeo, push {image} again, so that "
                  "each mediaType in the manifest fits the one that the registry sends.",
                  ALL(FACT_DIFFERENCE(TYPE))),
             LINE("If you also pull with podman or skopeo, let {registry} offer Bearer alone, or "
                  "before Basic.",
                  ALL(FACT_DIFFERENCE(OFFER))),
             LINE("Find out why {registry} refuses a token that it takes a moment later: the "
                  "clocks or keys of its instances may differ.",
                  ALL(FACT_DIFFERENCE(REFUSED))),
             LINE("Let {registry} redirect only once, to a store on a host of its own that "
                  "neither wants nor refuses a token.",
                  ALL(FACT_DIFFERENCE(REDIRECT))))),
         .why = "Clients ask different questions: docker, podman and skopeo ask /v2/ first, "
                "containerd never does. So one of them can fail while another one pulls.",
         .verify = "The check shows no warning.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_PATHS | SHOW_REGISTRY},
    NAME(DNS_SLOW) =
        {.docs = CAUSE_DOCS "dns_slow",
         .title = "A resolver leaves one question without an answer, so every connection waits.",
         .says = LINES(LINE("Names that the search list makes of {host} get no answer from "
                            "{resolver}, so every connection waits {lookup_wait} for them.",
                            ALL(FACT_SEARCH_UNANSWERED)),
                       LINE("The resolver {resolver} {said} for one kind of address of {host}, so "
                            "every connection waits {lookup_wait} for it.")),
         .steps = STEPS(LINES(STEPS_UNANSWERED)),
         .why = "One question, often the one for IPv6 addresses (AAAA), is never answered. Clients "
                "ask for both kinds together and wait for both answers, so each connection starts "
                "late. They also wait for each name that the search list of /etc/resolv.conf "
                "makes, before they ask for the next one.",
         .verify = "Every dns line shows an answer.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS},
    NAME(MIRROR_UNREACHABLE) =
        {.docs = CAUSE_DOCS "mirror_unreachable",
         .title = "A mirror of the registry fails, so every pull waits for it first.",
         .says = LINES(
             LINE("{hosts_file} sends pulls of {registry} to other hosts alone, and none of them "
                  "serves: {mirrors}.",
                  ALL(FACT_MIRROR_ALONE, FACT_MIRRORS_FAIL)),
             LINE("{hosts_file} sends pulls of {registry} to another host alone, which does not "
                  "serve: {mirror}: {mirror_said}.",
                  ALL(FACT_MIRROR_ALONE)),
             LINE("This check cannot tell whether the mirror {mirror} serves: {mirror_said}.",
                  ALL(FACT_MIRROR_UNKNOWN)),
             LINE("Several mirrors fail: {mirrors}. Each request of a pull waits {mirror_wait} for "
                  "them before it goes to the next host.",
                  ALL(FACT_MIRRORS_FAIL, FACT_MIRROR_SILENT)),
             LINE("Several mirrors fail: {mirrors}. Each request of a pull asks them first, and "
                  "then the next host.",
                  ALL(FACT_MIRRORS_FAIL)),
             LINE("The mirror {mirror} fails: {mirror_said}. Each request of a pull waits "
                  "{mirror_wait} for it before it goes to the next host.",
                  ALL(FACT_MIRROR_SILENT)),
             LINE("The mirror {mirror} fails: {mirror_said}. Each request of a pull asks it first, "
                  "and then the next host.")),
         .steps = STEPS(LINES(
             LINE("Fix these mirrors, or remove them from {hosts_file} on the node. containerd "
                  "reads the file for each pull, so it needs no restart.",
                  ALL(FACT_MIRRORS_FAIL)),
             LINE("Fix the mirror, or remove it from {hosts_file} on the node. containerd reads "
                  "the file for each pull, so it needs no restart.",
                  NONE(FACT_MIRRORS_FAIL)))),
         .why = "containerd asks the mirrors of hosts.toml before the registry, for every request "
                "of a pull. A mirror that refuses or answers with an error costs one request. One "
                "that is silent costs 30 s for each. If the file names no other host, the pull "
                "fails.",
         .verify = "The mirror line shows that it serves the image.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_NODE},
    NAME(MIRROR_BROKEN) =
        {.docs = CAUSE_DOCS "mirror_broken",
         .title = "A mirror answers so that the pull ends, although the registry would serve.",
         .says = LINES(LINE("Pulls of {registry} probably end at the mirror {mirror}: it "
                            "{mirror_said}. containerd does not ask the next host then.")),
         .steps = STEPS(LINES(
             LINE("Remove the mirror from {hosts_file} on the node until it is fixed. containerd "
                  "reads the file for each pull, so it needs no restart."),
             LINE("If the mirror is a cache, empty it for this image: it keeps bytes that are not "
                  "those of the digest, or a web page."))),
         .why = "containerd asks the next host only if a mirror cannot be reached or answers with "
                "an error. A mirror that answers with success and the wrong content, or takes a "
                "request and never answers, ends the pull.",
         .verify = "The mirror line shows that it serves the image.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_NODE},
    NAME(CLIENT_HELLO_FILTERED) =
        {.docs = CAUSE_DOCS "client_hello_filtered",
         .title = "Something on the path drops a TLS ClientHello of two segments.",
         .says = LINES(
             LINE("A short ClientHello completes the TLS handshake with {endpoint}, and a long one "
                  "completes it only in small segments: the path probably loses large packets. "
                  "Clients built with Go 1.24 or newer send a long one and probably fail; older "
                  "ones pull.",
                  ALL(FACT_LONG_HELLO_IN_SEGMENTS)),
             LINE("A short ClientHello completes the TLS handshake with {endpoint}, and one of two "
                  "segments does not: something on the path probably drops or resets it. Clients "
                  "built with Go 1.24 or newer send two segments and probably fail; older ones "
                  "pull.")),
         .steps = STEPS(LINES(
             LINE("Lower the MTU of this network's interface to that of the path, or let "
                  "ICMP \"fragmentation needed\" through to this machine.",
                  ALL(FACT_LONG_HELLO_IN_SEGMENTS)),
             LINE("Ask who runs the firewall or load balancer on the path to let a ClientHello of "
                  "two TCP segments through.",
                  NONE(FACT_LONG_HELLO_IN_SEGMENTS)),
             LINE("Until then, set GODEBUG=tlsmlkem=0 in the environment of a newer containerd or "
                  "docker: its ClientHello then fits one segment."))),
         .why =
             "A ClientHello of one TCP segment completes the handshake, one of two segments does "
             "not. Clients built with Go 1.24 or newer, and with OpenSSL 3.5, send the longer "
             "one because it carries a post-quantum key share. So they fail where older clients "
             "work.",
         .verify = "The handshake completes with both sizes.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(TOKEN_HOST_NOT_LISTED) =
        {.docs = CAUSE_DOCS "token_host_not_listed",
         .title = "The token service is on another host, and the check did not send the key there.",
         .says = LINES(LINE("{registry} refuses {asked} without a key ({answer}), and the key was "
                            "not sent: insecure_skip_verify is set, so whoever answers would get "
                            "it. This check cannot tell whether pulls work.",
                            ALL(FACT_KEY_UNVERIFIED)),
                       LINE("{registry} sends clients to {realm} for a token, which refuses "
                            "without a key ({answer}). Real pulls send the key there and this "
                            "check did not, so it cannot tell whether they work.")),
         .steps = STEPS(LINES(
             LINE("If you trust the network up to {registry}, set send_key_unverified "
                  "(--send-key-unverified) and check again. A trusted certificate is better.",
                  ALL(FACT_KEY_UNVERIFIED)),
             LINE("If {realm} is the right token service of this registry, list its host in "
                  "token_hosts (--token-host {realm_host}) and check again. A hostile registry "
                  "could name any host to get the key.",
                  NONE(FACT_KEY_UNVERIFIED)),
             LINE("The key goes over https only, and never after a redirect. If {realm} is not "
                  "what the registry's challenge names, let the challenge name the https URL that "
                  "answers.",
                  NONE(FACT_KEY_UNVERIFIED)))),
         .why = "The registry names a token service on another host, by plain HTTP, or by a URL "
                "that redirects, and it refuses without a key. A hostile registry could name any "
                "host to get the key. So the check sends it over https, to the registry's own host "
                "and to those of token_hosts only. Real pulls send it wherever the registry says, "
                "so the check cannot know whether they work.",
         .verify = "With the host listed, the auth line shows accepted.",
         .check = CHECK_WITH_IMAGE | CHECK_WITH_KEY,
         .shown = SHOW_REGISTRY},
    NAME(IMAGE_NAME_INVALID) =
        {.docs = CAUSE_DOCS "image_name_invalid",
         .title = "The image reference is not a valid name.",
         .steps = STEPS(LINES(LINE("Correct the image reference in the pod: a repository in lower "
                                   "case, no blanks, no https:// in front, one tag or digest."))),
         .why = "The client refuses your reference before it asks any network. Capital letters in "
                "the repository, blanks, a leading https:// or an empty tag do this.",
         .verify = "The pod starts to pull.",
         .shown = SHOW_REGISTRY},
    NAME(IMAGE_NEVER_PULLED) =
        {.docs = CAUSE_DOCS "image_never_pulled",
         .title = "The pod may not pull (imagePullPolicy: Never), and the node lacks the image.",
         .steps = STEPS(LINES(LINE("Set imagePullPolicy to IfNotPresent or Always, or put the "
                                   "image on the node first."))),
         .why = "imagePullPolicy: Never tells the kubelet to use an image that is already on the "
                "node. It is not there, and nothing asks the registry.",
         .verify = "The pod starts to pull.",
         .shown = SHOW_REGISTRY},
    NAME(CREDENTIAL_HELPER_FAILED) =
        {.docs = CAUSE_DOCS "credential_helper_failed",
         .title = "A credential plug-in failed, so the pull got no key from it.",
         .steps = STEPS(LINES(
             LINE("Read the plug-in's own error: in the log of the kubelet on the node "
                  "(journalctl -u kubelet), for amazon-ecr-credential-helper in "
                  "~/.ecr/log/ecr-login.log."),
             LINE("Look at its configuration. Kubelet: the program is in the folder of "
                  "--image-credential-provider-bin-dir, and its name, apiVersion and matchImages "
                  "in the file of --image-credential-provider-config. Docker, podman, kaniko: "
                  "docker-credential-NAME is in PATH, and NAME in credsStore or credHelpers of "
                  "config.json."),
             LINE("Run the program by hand on the machine that pulls, as the same user. Docker's "
                  "helpers take the host: echo {registry} | docker-credential-NAME get"),
             LINE("If the registry needs no plug-in, remove its entry there and give the pod a "
                  "pull secret."))),
         .why = "The key of this registry comes from a plug-in (a credential provider of the "
                "kubelet, or a docker credential helper), and the plug-in ended with an error.",
         .verify = "The plug-in prints a key.",
         .shown = SHOW_REGISTRY},
    NAME(NODE_STORAGE_FAILED) =
        {.docs = CAUSE_DOCS "node_storage_failed",
         .title = "The machine that pulls could not store the image.",
         .steps = STEPS(LINES(
             LINE("Free or enlarge the disk of the node, or give a serverless pod a larger disk "
                  "for images."),
             LINE("If the error names chown or lchown, give the user that pulls more ids in "
                  "/etc/subuid and /etc/subgid, or keep the images on a file system that allows "
                  "other owners (not NFS)."),
             LINE("If there is room, look at the log of containerd for errors of its content store "
                  "or snapshotter."))),
         .why = "The image arrived, or a part of it, and the machine that pulls could not write "
                "it: the disk is full, read-only or out of inodes, its files may not change their "
                "owner, or containerd's store is damaged.",
         .verify = "The pod starts.",
         .shown = SHOW_REGISTRY},
    NAME(NODE_CONFIGURATION_INVALID) =
        {.docs = CAUSE_DOCS "node_configuration_invalid",
         .title = "A configuration file of the machine that pulls is broken.",
         .says =
             LINES(LINE("This check cannot see every file that decides how this node pulls: "
                        "{node_problem}.",
                        ALL(FACT_NODE_UNREAD)),
                   LINE("A file of this node is not used: {node_problem}.", ALL(FACT_NODE_IGNORES)),
                   LINE("A file of this node is broken: {node_problem}.", ALL(FACT_NODE_REFUSES)),
                   LINE("A configuration file of the machine that pulls is broken.")),
         .steps = STEPS(LINES(
             LINE("Mount the folders that the message names read-only below host_root "
                  "(kubernetes/node shows how), and let this check read them. On the node itself, "
                  "set host_root to /.",
                  ALL(FACT_NODE_UNREAD)),
             LINE("Fix the file that the message names (hosts.toml, policy.json, registries.conf, "
                  "config.toml), then pull again.",
                  NONE(FACT_NODE_UNREAD)))),
         .why = "The client stopped at a policy or configuration file of its own before it asked "
                "the registry.",
         .verify = "The pod starts to pull.",
         .shown = SHOW_NODE | SHOW_REGISTRY},
    NAME(IPV6_MISSING) =
        {.docs = CAUSE_DOCS "ipv6_missing",
         .title = "The pull tried an IPv6 address on a machine without IPv6.",
         .steps = STEPS(
             LINES(LINE("Let the name resolve to an IPv4 address as well, or give the "
                        "machine that pulls IPv6."))),
         .why = "The name has an IPv6 address, and the machine that pulls has no IPv6 address or "
                "route. If the name has IPv4 addresses too, look at the error of those first.",
         .verify = "The name resolves to an address of a family that the machine has.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS},
    NAME(LOCAL_ERROR) =
        {.docs = CAUSE_DOCS "local_error",
         .title = "This machine could not run the whole test.",
         .says = LINES(
             LINE("This check sent {asked} to {location} without a key (HTTP {status}). Clients "
                  "send the "
                  "key there, so it cannot tell whether pulls work.",
                  ALL(FACT_IMAGE_UNSEEN, FACT_IMAGE_WITHHELD)),
             LINE("The manifest of {image} is larger than the 256 KiB that this check reads, so "
                  "nothing behind it was checked. Clients read larger ones, so pulls possibly "
                  "work.",
                  ALL(FACT_IMAGE_UNSEEN)),
             LINE("The time of this check was over before it came to its end, although {registry} "
                  "answers: every step is slow. Clients wait longer, so pulls possibly work, and "
                  "take long.",
                  ALL(FACT_TIME_OVER)),
             LINE("This machine could not run the whole test of {registry}: "
                  "{local_error}. This says nothing about the registry.")),
         .steps = STEPS(LINES(
             LINE("Pull {image} by hand where it is needed (skopeo inspect, crictl pull): only a "
                  "client can tell whether it arrives.",
                  ALL(FACT_IMAGE_UNSEEN)),
             LINE("Look for the route or firewall rule of this machine that forbids it: a route of "
                  "type prohibit in \"ip route\", a rule of nftables or iptables for outgoing "
                  "packets, or a network policy. Then check again.",
                  ALL(FACT_PROHIBITED)),
             LINE("Check again with more time (--timeout 60s). Look for what is slow: the network, "
                  "a proxy, or {registry}.",
                  ALL(FACT_TIME_OVER)),
             LINE("Fix this machine first (the file named above, memory, open "
                  "files, the clock, the time limit of --timeout), then check "
                  "again.",
                  NONE(FACT_IMAGE_UNSEEN, FACT_PROHIBITED, FACT_TIME_OVER)))),
         .why = "This machine could not run the test: it ran short of memory or file descriptors, "
                "the time limit was too short, or the check does not read or ask what a client "
                "does. Such an error never counts against the registry.",
         .verify = "The check ends with another result.",
         .shown = SHOW_DNS | SHOW_PATHS | SHOW_REGISTRY},
    NAME(SOME_ADDRESSES_UNREACHABLE) =
        {.docs = CAUSE_DOCS "some_addresses_unreachable",
         .title = "Some addresses of the registry's name work and some do not.",
         .says = LINES(LINE("{host} has several addresses: {failures}, and {connected} accepts "
                            "connections.",
                            ALL(FACT_SOME_DO_NOT_CONNECT)),
                       LINE("{host} has several addresses: {address} {failure}, and another one "
                            "accepts connections.")),
         .steps =
             STEPS(LINES(LINE("Remove {failed} from the records of {host}, or repair what fails: "
                              "pulls may try that first, and lose time.",
                              ALL(FACT_SOME_DO_NOT_CONNECT)),
                         LINE("Remove {address} from the records of {host}, or repair it: "
                              "clients that try it first fail there.",
                              NONE(FACT_SOME_DO_NOT_CONNECT)))),
         .why = "The name has several addresses. At least one connects and at least one does not. "
                "Clients go on to the next address after they have waited for the silent one.",
         .verify = "Every address connects.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(SOME_RESOLVERS_UNREACHABLE) =
        {.docs = CAUSE_DOCS "some_resolvers_unreachable",
         .title = "One of the resolvers does not answer.",
         .says = LINES(LINE("The resolver {resolver} {said} for {host}, but another one answers: "
                            "clients that ask it first wait for it.")),
         .steps = STEPS(steps_resolver_access),
         .why = "One of the resolvers answers and another does not. Clients that ask the silent "
                "one first wait for it, and some give up.",
         .verify = "Every resolver answers.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_DNS},
    NAME(PUBLIC_INSTEAD_OF_PRIVATE) =
        {.docs = CAUSE_DOCS "public_instead_of_private",
         .title = "The registry works, but over a public address instead of a private one.",
         .says = LINES(LINE("{host} works, but over the public address {address} and not over a "
                            "private one as expected.")),
         .steps = STEPS(steps_private_linkage),
         .why = "The registry works over its public address, and you set expect to private. The "
                "traffic is billed and leaves the VPC, and it depends on the NAT gateway and the "
                "allowlist.",
         .verify = "The registry's name resolves to a private address.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(PRIVATE_INSTEAD_OF_PUBLIC) =
        {.docs = CAUSE_DOCS "private_instead_of_public",
         .title = "The registry works, but over a private address instead of a public one.",
         .says = LINES(LINE("{host} works, but over the {class} address {address} and not over a "
                            "public one as expected.")),
         .steps = STEPS(LINES(LINE("Nothing is broken. If private is right, change the target's "
                                   "expect setting. If not, turn off private resolution of {host} "
                                   "in this VPC."))),
         .why = "The registry works over a private address, and you set expect to public.",
         .verify = "The registry's name resolves to a public address, or expect says private.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(TLS_CERTIFICATE_EXPIRING) =
        {.docs = CAUSE_DOCS "tls_certificate_expiring",
         .title = "The certificate expires soon.",
         .says = LINES(LINE("The certificate of {endpoint} expires soon, on {not_after}.")),
         .steps = STEPS(
             LINES(LINE("Renew the certificate of {host} before {not_after}.", NONE(FACT_TENCENT)),
                   LINE("Tencent renews this certificate. If it is still this one a week before "
                        "{not_after}, open a ticket.",
                        ALL(FACT_TENCENT)))),
         .why = "The certificate's last day is nearer than certificate_warning_days.",
         .verify = "The certificate is valid for longer than that.",
         .shown = SHOW_PATHS | SHOW_CERTIFICATES},
    NAME(INTERMITTENT) =
        {.docs = CAUSE_DOCS "intermittent",
         .title = "The registry is reachable only some of the time.",
         .says = LINES(LINE("{endpoint} answers connections from some source ports only: "
                            "{trials_connected} of {trials} further ones were accepted. Probably "
                            "one of several NAT addresses is missing in the registry's "
                            "allowlist.")),
         .pulls = PULLS("dial tcp {endpoint}: i/o timeout"),
         .steps = STEPS(LINES(
             LINE("A NAT gateway with several elastic IPs uses another one for each connection: "
                  "make sure that every one of them is in the allowlist.",
                  NONE(FACT_USED_PRIVATE)),
             LINE("Compare the times of the failed runs (history in /status) with other events: "
                  "deployments, scaling, limits of connections or bandwidth on the path.",
                  NONE(FACT_SOURCE_PORTS_DIFFER)))),
         .why = "Some connections are accepted and some are not. A NAT gateway with several "
                "elastic IPs changes between them from connection to connection. If one of them is "
                "missing in the allowlist, that share of pulls fails.",
         .verify = "Every further connection is accepted, run after run.",
         .check = CHECK_WITH_PROFILE,
         .shown = SHOW_PATHS},
    NAME(VERIFICATION_SKIPPED) =
        {.docs = CAUSE_DOCS "verification_skipped",
         .title = "The check does not verify this registry, so it would not notice another server.",
         .says =
             LINES(LINE("skip_verify is set for the mirror {mirror} in {hosts_file}: containerd "
                        "would not notice another server in its place.",
                        ALL(FACT_MIRROR_SKIPS_VERIFY), NONE(FACT_VERIFICATION_SKIPPED)),
                   LINE("skip_verify is set for {registry} in {hosts_file}: containerd would "
                        "not notice another server in its place.",
                        ALL(FACT_NODE_SKIPS_VERIFY)),
                   LINE("{setting} is set for {registry}: this check, like pods with that "
                        "annotation, would not notice another server in the registry's "
                        "place.")),
         .steps = STEPS(LINES(
             LINE("Set ca to the file with the issuer's certificate in {hosts_file}, and remove "
                  "skip_verify.",
                  ALL(FACT_MIRROR_SKIPS_VERIFY)),
             LINE("Set ca to the file with the issuer's certificate in {hosts_file}, and remove "
                  "skip_verify.",
                  ALL(FACT_NODE_SKIPS_VERIFY), NONE(FACT_MIRROR_SKIPS_VERIFY)),
             LINE("This setting shows what a pod with the annotation sees. Remove it as soon as "
                  "the registry has a certificate that verifies.",
                  NONE(FACT_TENCENT, FACT_MIRROR_SKIPS_VERIFY, FACT_NODE_SKIPS_VERIFY)),
             LINE("Remove this setting, which TCR does not need, and check again. If TLS then "
                  "fails, another server answers in the registry's place.",
                  ALL(FACT_TENCENT), NONE(FACT_MIRROR_SKIPS_VERIFY, FACT_NODE_SKIPS_VERIFY)))),
         .why = "You set plain_http or insecure_skip_verify to check what a pod with the "
                "annotation registry-http-endpoint or registry-insecure-skip-verify would see. "
                "Somebody on the path could answer in the registry's place, and nobody would "
                "notice.",
         .verify = "Without the setting the check is ok.",
         .check = CHECK_WITH_IMAGE,
         .shown = SHOW_PATHS},
    NAME(OK_PRIVATE) =
        {.docs = CAUSE_DOCS "ok_private",
         .title = "The registry works over a private address.",
         .says =
             LINES(LINE("The mirror {mirror} serves pulls of {registry} over a private address.",
                        ALL(FACT_MIRROR_SERVES, FACT_MIRROR_PRIVATE), NONE(FACT_HEALTHY)),
                   LINE("{host} is reachable through the proxy {proxy} and answers as a registry.",
                        ALL(FACT_PROXIED)),
                   LINE("{host} is reachable over the {class} address {address} and answers as "
                        "a registry.")),
         .steps = STEPS(steps_nothing),
         .why = "Every phase that was reached is fine, over a private or provider address.",
         .verify = "A fixed private path looks like this.",
         .shown = SHOW_PATHS | SHOW_REGISTRY},
    NAME(OK_PUBLIC) = {.docs = CAUSE_DOCS "ok_public",
                       .title = "The registry works over a public address.",
                       .says = LINES(
                           LINE("The mirror {mirror} serves pulls of {registry} over a public "
                                "address.",
                                ALL(FACT_MIRROR_SERVES, FACT_MIRROR_PUBLIC), NONE(FACT_HEALTHY)),
                           LINE("{host} is reachable through the proxy {proxy} and answers as a "
                                "registry.",
                                ALL(FACT_PROXIED)),
                           LINE("{host} is reachable over the public address {address} and answers "
                                "as a registry.")),
                       .steps = STEPS(steps_nothing),
                       .why = "Every phase that was reached is fine, over a public address.",
                       .verify = "A fixed public path looks like this.",
                       .shown = SHOW_PATHS | SHOW_REGISTRY},
};
