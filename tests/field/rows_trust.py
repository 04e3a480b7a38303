# SPDX-License-Identifier: MIT
"""Certificates and handshakes as Go's crypto/x509 and crypto/tls take them."""

import ssl

from place import HOST, Registry, run
from situation import each, situation


def serve(place, certificate, tune=None):
    place.serve_dns()
    place.serve(Registry(), certificate=certificate, tune=tune)
    return place.pull(unpack=False)


@each("trust/key", [
    ("rsa-1024", "an RSA key of 1,024 bits", "rsa:1024"),
    ("p521", "a key on P-521", "ec -pkeyopt ec_paramgen_curve:P-521"),
    ("ed25519", "an Ed25519 key", "ed25519"),
], works=True)
def key(place, kind):
    return serve(place, place.certificate("own", key=kind))


@each("trust/no-key", [
    ("p224", "a key on P-224", "ec -pkeyopt ec_paramgen_curve:P-224"),
    ("k256", "a key on secp256k1", "ec -pkeyopt ec_paramgen_curve:secp256k1"),
    ("ed448", "an Ed448 key", "ed448"),
    ("pss", "an RSA-PSS key", "rsa-pss -pkeyopt rsa_keygen_bits:2048"),
], works=False)
def no_key(place, kind):
    return serve(place, place.certificate("own", key=kind))


@each("trust/extension", [
    ("key-usage", "a key usage that allows no server", "keyUsage=critical,cRLSign"),
    ("any-usage", "any extended key usage", "extendedKeyUsage=anyExtendedKeyUsage"),
    ("ca", "a server's certificate that is a CA", "basicConstraints=critical,CA:TRUE"),
    ("path-length", "a path length without CA", "basicConstraints=CA:FALSE,pathlen:3"),
    ("key-id", "the key identifier of another CA",
     "authorityKeyIdentifier=none\n2.5.29.35=DER:30:06:80:04:01:02:03:04"),
], works=True)
def extension(place, lines):
    return serve(place, place.certificate("own", extensions=lines))


@each("trust/bad-extension", [
    ("client", "extended key usage of a client", "extendedKeyUsage=clientAuth"),
    ("critical", "an unknown critical extension", "1.2.3.4=critical,ASN1:UTF8String:x"),
], works=False)
def bad_extension(place, lines):
    return serve(place, place.certificate("own", extensions=lines))


@situation("trust/sha1", "a certificate signed with SHA-1", False)
def sha1(place):
    return serve(place, place.certificate("own", digest="sha1"))


def intermediate(place, name, extensions, subject=None):
    """A CA below the CA: (certificate, key)."""
    stem = place.folder / name
    stem.with_suffix(".ext").write_text(extensions + "\n")
    run(f"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {stem}.key"
        f" -out {stem}.csr -subj '{subject or '/CN=' + name}'")
    run(f"openssl x509 -req -in {stem}.csr -CA {place.ca} -CAkey {place.ca_key} -CAcreateserial"
        f" -CAserial {stem}.srl -days 60 -extfile {stem}.ext -out {stem}.pem")
    return f"{stem}.pem", f"{stem}.key"


def chain(place, leaf, *others):
    path = place.folder / "chain.pem"
    path.write_text("".join(open(each).read() for each in (leaf[0], *others)))
    return str(path), leaf[1]


CA = "basicConstraints=critical,CA:TRUE"


@each("trust/between", [
    ("sent", "an intermediate that is sent", CA),
    ("names", "name constraints that allow the name",
     CA + "\nnameConstraints=critical,permitted;DNS:tencentcloudcr.com,permitted;DNS:corp.test"),
], works=True)
def between(place, lines):
    issuer = intermediate(place, "between", lines)
    leaf = place.certificate("own", [HOST], ca=issuer[0], ca_key=issuer[1])
    return serve(place, chain(place, leaf, issuer[0]))


@each("trust/bad-between", [
    ("no-ca", "an intermediate that is no CA", "basicConstraints=CA:FALSE"),
    ("no-constraints", "an intermediate without basic constraints", "keyUsage=keyCertSign"),
    ("no-signing", "an intermediate that may not sign", CA + "\nkeyUsage=digitalSignature"),
    ("client", "an intermediate for clients", CA + "\nextendedKeyUsage=clientAuth"),
    ("names", "name constraints that forbid the name",
     CA + "\nnameConstraints=critical,permitted;DNS:other.test"),
], works=False)
def bad_between(place, lines):
    issuer = intermediate(place, "between", lines)
    leaf = place.certificate("own", [HOST], ca=issuer[0], ca_key=issuer[1])
    return serve(place, chain(place, leaf, issuer[0]))


@situation("trust/between-missing", "an intermediate that is not sent", False, "fail",
           "tls_untrusted_issuer")
def between_missing(place):
    issuer = intermediate(place, "between", CA)
    return serve(place, place.certificate("own", ca=issuer[0], ca_key=issuer[1]))


@situation("trust/twins", "two intermediates of one name, the wrong one first", True)
def twins(place):
    right = intermediate(place, "right", CA, "/CN=Twin")
    wrong = intermediate(place, "wrong", CA, "/CN=Twin")
    leaf = place.certificate("own", ca=right[0], ca_key=right[1])
    return serve(place, chain(place, leaf, wrong[0], right[0]))


def tls12(ciphers):
    def tune(context):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
    return tune


@each("trust/cipher", [
    ("ecdhe-cbc", "TLS 1.2 with ECDHE and CBC only", "ECDHE-RSA-AES256-SHA"),
    ("ecdhe-gcm", "TLS 1.2 with ECDHE and GCM only", "ECDHE-RSA-AES128-GCM-SHA256"),
], works=True)
def cipher(place, name):
    return serve(place, place.certificate("own", key="rsa:2048"), tls12(name))


@each("trust/rsa-exchange", [
    ("cbc", "RSA key exchange only, which skopeo does not offer", "AES128-SHA"),
    ("gcm", "the same with GCM", "AES256-GCM-SHA384"),
], works=True, status="warn", cause="clients_differ",
    newer="Go 1.22 and newer do not offer it")
def rsa_exchange(place, name):
    return serve(place, place.certificate("own", key="rsa:2048"), tls12(name))


@each("trust/no-cipher", [
    ("dhe", "finite-field DH only", "DHE-RSA-AES256-GCM-SHA384"),
    ("cbc-sha256", "CBC with SHA-256 only", "ECDHE-RSA-AES128-SHA256"),
    ("ccm", "CCM only", "AES128-CCM"),
], works=False)
def no_cipher(place, name):
    return serve(place, place.certificate("own", key="rsa:2048"), tls12(name))


@each("trust/group", [
    ("p384", "P-384 only", "secp384r1"), ("p521", "P-521 only", "secp521r1"),
], works=True)
def group(place, name):
    return serve(place, True, lambda context: context.set_ecdh_curve(name))


@situation("trust/no-group", "a group that Go does not offer", False)
def no_group(place):
    return serve(place, True, lambda context: context.set_ecdh_curve("secp256k1"))


@each("trust/variable", [
    ("file", "SSL_CERT_FILE names the CA beside a hashed folder", "SSL_CERT_FILE", "ca.pem"),
    ("folder", "SSL_CERT_DIR names a folder without hashed names", "SSL_CERT_DIR", "plain"),
], works=True)
def variable(place, name, value):
    (place.folder / "plain").mkdir()
    (place.folder / "plain" / "corp.pem").write_text(place.ca.read_text())
    place.options = []
    place.environment = {"SSL_CERT_FILE": "", name: str(
        place.ca if value == "ca.pem" else place.folder / value)}
    return serve(place, True)


@situation("trust/nowhere", "the CA is nowhere", False, "fail", "tls_untrusted_issuer")
def nowhere(place):
    place.options = []
    place.environment = {"SSL_CERT_FILE": ""}
    return serve(place, True)


@each("trust/long-hello", [
    ("drop", "a middlebox drops a ClientHello of two segments", "drop"),
    ("reset", "a middlebox resets it", "reject with tcp reset"),
], works=True, status="warn", cause="client_hello_filtered",
    newer="Go 1.24 sends two segments, for the key share of X25519MLKEM768")
def long_hello(place, meet):
    run("ip link set lo mtu 1500")
    run(f"nft add rule inet t o tcp dport 443 @th,256,8 0x16 @th,280,16 \\> 1416 {meet}")
    return serve(place, True)
