# SPDX-License-Identifier: MIT
"""config.toml of a node, read by a containerd that pulls as the kubelet asks it (CRI)."""

import cri
from place import HOST, IP2, Image, Registry, basic, run
from rows_node import CERTS, CONFIG, GOOD, MIRROR, REFERENCE, names, table, write
from situation import each

FILE, OTHER = "etc/containerd/config.toml", "etc/containerd/conf.d/a.toml"
HOSTS = {f"{CERTS}/{HOST}/hosts.toml": table(GOOD)}
V2 = "version = 2\n"
CRI = '[plugins."io.containerd.grpc.v1.cri"'
REGISTRY = CRI + ".registry"
BODY = CONFIG.partition("\n")[2]
PATH = 'config_path = "/etc/containerd/certs.d"\n'
IMPORT = 'imports = ["/etc/containerd/conf.d/*.toml"]\n'
SKIPS = f'{REGISTRY}.configs."{MIRROR}".tls]\ninsecure_skip_verify = true\n'


def mirrors(*endpoints, host=HOST):
    return f'{REGISTRY}.mirrors."{host}"]\nendpoint = {list(endpoints)}\n'


def auth(host, *lines):
    return f'{REGISTRY}.configs."{host}".auth]\n' + "\n".join(lines) + "\n"


BOT = ('username = "bot"', 'password = "s3cret"')


def pull(place, config, files, keys=()):
    root = write(place, {FILE: config, **files})
    results = {"probe": place.ask_probe(REFERENCE, "--profile", "node", "--host-root", str(root),
                                        *[part for key in keys for part in ("--docker-config", key)])}
    run(f"mount --bind {root}/etc/containerd /etc/containerd")
    results["containerd"] = place.ask_cri(REFERENCE)
    results["skopeo"] = {"works": results["containerd"]["works"], "why": "not asked"}
    return results


# ---- the mirror alone is there: it is used, or not ----

@each("config/mirror", [
    ("v1", "version 1", "[plugins.cri.registry]\n" + PATH, HOSTS, True),
    ("v1-name", "version 1 with the name of version 2", BODY, HOSTS, False),
    ("version-0", "version 0 is version 1", "version = 0\n" + BODY, HOSTS, False),
    ("two-paths", "two folders", CONFIG.replace("/etc", "/nowhere:/etc"), HOSTS, True),
    ("endpoint", "an endpoint", V2 + mirrors(GOOD), {}, True),
    ("endpoint-v1", "an endpoint in version 1",
     f'[plugins.cri.registry.mirrors."{HOST}"]\nendpoint = ["{GOOD}"]\n', {}, True),
    ("endpoint-bare", "an endpoint without a scheme", V2 + mirrors(MIRROR), {}, True),
    ("endpoint-all", "an endpoint for all", V2 + mirrors(GOOD, host="*"), {}, True),
    ("endpoint-slash", "an endpoint with a slash has no /v2", V2 + mirrors(GOOD + "/"), {}, False),
    ("endpoint-bad", "an endpoint before it is no URL", V2 + mirrors("https://x:y", GOOD), {}, False),
    ("beside", "mirrors beside config_path", CONFIG + mirrors(GOOD), HOSTS, False),
    ("beside-tls", "configs with tls beside config_path", CONFIG + SKIPS, HOSTS, False),
    ("import", "an import", V2 + IMPORT, {**HOSTS, OTHER: CONFIG}, True),
    ("import-relative", "a relative import", V2 + 'imports = ["conf.d/a.toml"]\n', {**HOSTS, OTHER: CONFIG}, True),
    ("import-glob", "a relative import with a star", V2 + 'imports = ["conf.d/*.toml"]\n',
     {**HOSTS, OTHER: CONFIG}, False, {"status": "unknown", "newer": "containerd 1.7 looks in the folder of the file"}),
    ("import-folder", "an import with a star for the folder", V2 + 'imports = ["/etc/containerd/*/a.toml"]\n',
     {**HOSTS, OTHER: CONFIG}, True),
    ("import-word", "an import with a star behind a word", V2 + 'imports = ["/etc/containerd/conf.d/b*.toml"]\n',
     {**HOSTS, OTHER: CONFIG}, False),
    ("import-nested", "an import of an import", V2 + 'imports = ["/etc/containerd/b.toml"]\n',
     {**HOSTS, OTHER: CONFIG, "etc/containerd/b.toml": V2 + IMPORT}, True),
    ("import-replaces", "an import without the registry replaces the plugin's table", V2 + IMPORT + BODY,
     {**HOSTS, OTHER: V2 + CRI + ']\nsandbox_image = "x"\n'}, False),
    ("import-empty", "an import with an empty config_path", V2 + IMPORT + BODY,
     {**HOSTS, OTHER: CONFIG.replace("/etc/containerd/certs.d", "")}, False),
    ("import-other", "an import with an endpoint", V2 + IMPORT + mirrors(GOOD, host="other.test"),
     {OTHER: V2 + mirrors(GOOD)}, True),
])
def mirror(place, config, files):
    names(place)
    place.serve(Registry(host=MIRROR), IP2)
    return pull(place, config, files)


# ---- the registry is there ----

REFUSED = {"status": "fail", "cause": "node_configuration_invalid"}


@each("config/refuses", [
    ("v1-name", "version 2 with the name of version 1", V2 + "[plugins.cri.registry]\n" + PATH, {}),
    ("disabled", "the plugin is disabled", 'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n' + CONFIG, {}),
    ("disabled-v1", "the plugin is disabled, as Docker's packages do", 'disabled_plugins = ["cri"]\n', {}),
    ("disabled-name", "a name of version 1 is disabled", 'disabled_plugins = ["cri"]\n' + CONFIG, {}),
    ("beside", "mirrors beside config_path", CONFIG + mirrors(GOOD), {}),
    ("endpoint-type", "an endpoint is no list", V2 + mirrors(GOOD).replace("[\'", '"').replace("\']", '"'), {}),
    ("path-type", "config_path is a number", V2 + REGISTRY + "]\nconfig_path = 5\n", {}),
    ("version-type", "version is a text", 'version = "2"\n' + BODY, {}),
    ("syntax", "no TOML", CONFIG + "[", {}),
    ("import-missing", "an import is missing", V2 + 'imports = ["/etc/containerd/none.toml"]\n', {}),
    ("import-syntax", "an import is no TOML", V2 + IMPORT, {OTHER: "x"}),
    ("folder", "a file in place of the registry's folder", CONFIG, {f"{CERTS}/{HOST}": "x"}),
    ("key-alone", "a client's key without its certificate",
     V2 + f'{REGISTRY}.configs."{HOST}".tls]\nkey_file = "/x"\n', {}),
], works=False, **REFUSED)
def refuses(place, config, files):
    names(place)
    place.serve(Registry())
    return pull(place, config, files)


# ---- keys ----

@each("config/key", [
    ("words", "user and password", auth(HOST, *BOT), True),
    ("base64", "base64", auth(HOST, f'auth = "{basic()}"'), True),
    ("path", "beside config_path", REGISTRY + "]\n" + PATH + auth(HOST, *BOT), True),
    ("auths", "registry.auths with a URL", f'{REGISTRY}.auths."https://{HOST}"]\nauth = "{basic()}"\n', True),
    ("mirror", "the key of the mirror is for all", mirrors(GOOD) + auth(MIRROR, *BOT), True),
    ("other", "of another host", auth("other.test", *BOT), False),
    ("stale", "a stale one", auth(HOST, 'username = "bot"', 'password = "old"'), False),
])
def key(place, config):
    names(place)
    image = Image()
    place.serve(Registry(auth="bearer", image=image))
    place.serve(Registry(auth="bearer", image=image, host=MIRROR), IP2)
    return pull(place, V2 + config, {})


@each("config/key-path", [("own", "each host has its own key", "", False), ("both", "and both have one", auth(HOST, *BOT), True)])
def key_path(place, more):
    """The mirror has no manifest."""
    names(place)
    place.serve(Registry(auth="bearer"))
    place.serve(Registry(auth="bearer", host=MIRROR, manifests={}), IP2)
    return pull(place, CONFIG + auth(MIRROR, *BOT) + more, HOSTS)
