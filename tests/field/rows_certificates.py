# SPDX-License-Identifier: MIT
"""Further names, extensions, signatures and bundles as Go takes them."""

import ssl
from place import HOST, IP, Registry, run
from situation import each, situation
import rows_trust
from rows_trust import intermediate, chain, CA, tls12

serve = rows_trust.serve


@each(
    "trust/names",
    [
        ("cn", "no subject alternative name", None, False),
        ("partial", "acme*.tencentcloudcr.com", ["acme*.tencentcloudcr.com"], False),
        ("wild", "*.tencentcloudcr.com", ["*.tencentcloudcr.com"], True),
        ("wild-two", "*.com", ["*.com"], False),
        ("upper", "a name in capitals", [HOST.upper()], True),
        ("dot", "a name with a dot at its end", [HOST + "."], False),
        ("wild-upper", "*.TENCENTCLOUDCR.COM", ["*.TENCENTCLOUDCR.COM"], True),
        ("second", "the third of three names", ["a.test", "b.test", HOST], True),
        ("middle", "acme-prod.*.com", ["acme-prod.*.com"], False),
        ("ip", "the address in place of the name", [IP], False),
    ],
)
def names(place, san):
    if san is None:
        stem = place.folder / "own"
        run(
            f"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {stem}.key -out {stem}.csr -subj /CN={HOST}"
        )
        run(
            f"openssl x509 -req -in {stem}.csr -CA {place.ca} -CAkey {place.ca_key} -CAcreateserial -CAserial {stem}.srl -days 60 -out {stem}.pem"
        )
        return serve(place, (f"{stem}.pem", f"{stem}.key"))
    return serve(place, place.certificate("own", san))


@each(
    "trust/address",
    [
        ("good", "an address as host, in the certificate", [IP], True),
        ("dns", "the address as a DNS name", ["DNS"], False),
    ],
)
def address(place, san):
    place.serve_dns()
    if san == ["DNS"]:
        stem = place.folder / "own"
        stem.with_suffix(".ext").write_text(f"subjectAltName=DNS:{IP}\n")
        run(
            f"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {stem}.key -out {stem}.csr -subj /CN={IP}"
        )
        run(
            f"openssl x509 -req -in {stem}.csr -CA {place.ca} -CAkey {place.ca_key} -CAcreateserial -CAserial {stem}.srl -days 60 -extfile {stem}.ext -out {stem}.pem"
        )
        cert = (f"{stem}.pem", f"{stem}.key")
    else:
        cert = place.certificate("own", san)
    place.serve(Registry(host=IP), certificate=cert)
    return place.pull(IP + "/team/app:1", unpack=False)


@each(
    "trust/dates",
    [
        ("over", "a certificate of long ago", "20240101000000Z", "20240201000000Z",
         {"cause": "tls_certificate_expired"}),
        ("early", "a certificate of the future", "20900101000000Z", "20910101000000Z",
         {"cause": "tls_certificate_not_yet_valid"}),
        ("backwards", "one that ends before it begins", "20900101000000Z", "20240101000000Z"),
    ],
    works=False,
    status="fail",
)
def dates(place, begin, end):
    return serve(place, place.certificate_of_dates("own", begin, end))


@each(
    "trust/extension",
    [
        ("policy", "critical certificate policies", "certificatePolicies=critical,1.2.3.4", True),
        (
            "constraints",
            "critical policy constraints",
            "policyConstraints=critical,requireExplicitPolicy:3",
            False,
            {"status": "fail", "newer": "Go 1.24 knows this extension"},
        ),
        (
            "inhibit",
            "critical inhibitAnyPolicy",
            "inhibitAnyPolicy=critical,2",
            False,
            {"status": "fail", "newer": "Go 1.24 knows this extension"},
        ),
        ("must-staple", "must-staple", "tlsfeature=status_request", True),
        (
            "crl",
            "a CRL distribution point and OCSP",
            "crlDistributionPoints=URI:http://silent.corp.test/x.crl\nauthorityInfoAccess=OCSP;URI:http://silent.corp.test/ocsp",
            True,
        ),
        ("eku-many", "server and client", "extendedKeyUsage=serverAuth,clientAuth", True),
        ("eku-sgc", "Netscape SGC", "extendedKeyUsage=nsSGC", False),
        ("eku-critical", "critical server usage", "extendedKeyUsage=critical,serverAuth", True),
        (
            "ku-encipher",
            "key encipherment only, with a key on P-256",
            "keyUsage=keyEncipherment",
            True,
        ),
        (
            "nc-leaf",
            "name constraints in a leaf",
            "nameConstraints=critical,permitted;DNS:other.test",
            True,
        ),
        (
            "san-critical",
            "a critical alternative name",
            "subjectAltName=critical,DNS:" + HOST,
            True,
        ),
        ("unknown", "an unknown extension", "1.2.3.4=ASN1:UTF8String:x", True),
        (
            "ski-twice",
            "the same extension twice",
            "1.2.3.4=ASN1:UTF8String:x\n1.2.3.5=ASN1:UTF8String:x",
            True,
        ),
    ],
)
def extension(place, lines):
    return serve(place, place.certificate("own", [HOST], extensions=lines))


@each(
    "trust/ca",
    [
        ("pathlen", "a path length that is exceeded", CA + ",pathlen:0", CA, False),
        ("pathlen-ok", "a path length that is enough", CA + ",pathlen:1", CA, True),
        (
            "excluded",
            "an excluded name",
            CA + "\nnameConstraints=critical,excluded;DNS:tencentcloudcr.com",
            None,
            False,
        ),
        (
            "excluded-other",
            "another excluded name",
            CA + "\nnameConstraints=critical,excluded;DNS:other.test",
            None,
            True,
        ),
        (
            "dot",
            "a constraint with a dot in front",
            CA + "\nnameConstraints=critical,permitted;DNS:.tencentcloudcr.com",
            None,
            True,
        ),
        (
            "ip",
            "a constraint on addresses only",
            CA + "\nnameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0",
            None,
            True,
        ),
        (
            "dir",
            "a critical constraint on directory names",
            CA + "\nnameConstraints=critical,permitted;dirName:dn\n[dn]\nC=XX",
            None,
            False,
        ),
        (
            "email",
            "a constraint on e-mail",
            CA + "\nnameConstraints=critical,permitted;email:corp.test",
            None,
            True,
        ),
        (
            "any-eku",
            "any usage in the CA",
            CA + "\nextendedKeyUsage=anyExtendedKeyUsage",
            None,
            True,
        ),
        (
            "policy",
            "policy constraints in the CA, critical",
            CA + "\npolicyConstraints=critical,requireExplicitPolicy:0",
            None,
            False,
        ),
        (
            "not-critical",
            "basic constraints that are not critical",
            "basicConstraints=CA:TRUE",
            None,
            True,
        ),
        ("ku", "certificate signing", CA + "\nkeyUsage=critical,keyCertSign,cRLSign", None, True),
        ("ku-cert-only", "no CRL signing", CA + "\nkeyUsage=keyCertSign", None, True),
    ],
)
def ca(place, lines, second):
    issuer = intermediate(place, "one", lines)
    sent = [issuer[0]]
    if second:
        place.ca, place.ca_key, saved = (issuer[0], issuer[1], (place.ca, place.ca_key))
        issuer = intermediate(place, "two", second)
        place.ca, place.ca_key = saved
        sent.append(issuer[0])
    leaf = place.certificate("own", [HOST], ca=issuer[0], ca_key=issuer[1])
    return serve(place, chain(place, leaf, *sent))


@each(
    "trust/sign",
    [
        (
            "rsa-pss",
            "signed with RSA-PSS",
            "rsa:2048",
            "sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32",
            True,
        ),
        ("sha512", "signed with RSA and SHA-512", "rsa:2048", "sha512", True),
        ("sha224", "signed with SHA-224", "rsa:2048", "sha224", False),
        ("md5", "signed with MD5", "rsa:2048", "md5", False),
        ("p384", "signed by a key on P-384", "ec -pkeyopt ec_paramgen_curve:P-384", "sha384", True),
        ("p521", "signed by a key on P-521", "ec -pkeyopt ec_paramgen_curve:P-521", "sha512", True),
        ("rsa-1024", "signed by an RSA key of 1,024 bits", "rsa:1024", "sha256", True),
        ("ec-sha1", "ECDSA with SHA-1", "ec -pkeyopt ec_paramgen_curve:P-256", "sha1", False),
        ("ec-sha512", "P-256 with SHA-512", "ec -pkeyopt ec_paramgen_curve:P-256", "sha512", True),
        (
            "k256",
            "signed by a key on secp256k1",
            "ec -pkeyopt ec_paramgen_curve:secp256k1",
            "sha256",
            False,
        ),
    ],
)
def sign(place, key, digest):
    stem = place.folder / "signer"
    stem.with_suffix(".ext").write_text(CA + "\n")
    run(f"openssl req -newkey {key} -nodes -keyout {stem}.key -out {stem}.csr -subj /CN=signer")
    run(
        f"openssl x509 -req -in {stem}.csr -CA {place.ca} -CAkey {place.ca_key} -CAcreateserial -CAserial {stem}.srl -days 60 -extfile {stem}.ext -out {stem}.pem"
    )
    leaf = place.certificate("own", ca=f"{stem}.pem", ca_key=f"{stem}.key", digest=digest)
    return serve(place, chain(place, leaf, f"{stem}.pem"))


def bundle(place, text):
    path = place.folder / "bundle.pem"
    path.write_text(text)
    place.ca = path
    place.options = ["--ca-file", str(path)]


@each(
    "trust/chain",
    [
        ("root-sent", "the root is sent too", lambda p, i: [i[0], str(p.ca)], True),
        ("twice", "an intermediate twice", lambda p, i: [i[0], i[0]], True),
        ("reversed", "root before the intermediate", lambda p, i: [str(p.ca), i[0]], True),
        (
            "stranger",
            "a stranger between",
            lambda p, i: [p.certificate("stranger", ["x.test"])[0], i[0]],
            True,
        ),
    ],
)
def chains(place, others):
    issuer = intermediate(place, "between", CA)
    leaf = place.certificate("own", ca=issuer[0], ca_key=issuer[1])
    return serve(place, chain(place, leaf, *others(place, issuer)))


@each(
    "trust/bundle",
    [
        (
            "text",
            "text between certificates",
            lambda p, c: "# Field Root\nhello\n" + c + "\nbye\n",
            True,
        ),
        ("crlf", "CRLF line ends", lambda p, c: c.replace("\n", "\r\n"), True),
        (
            "trusted",
            "TRUSTED CERTIFICATE",
            lambda p, c: c.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
            False,
        ),
        (
            "x509",
            "X509 CERTIFICATE",
            lambda p, c: c.replace("CERTIFICATE", "X509 CERTIFICATE"),
            False,
        ),
        (
            "headers",
            "a PEM header",
            lambda p, c: c.replace(
                "-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nX: y\n\n"
            ),
            False,
        ),
        (
            "broken-first",
            "a broken one first",
            lambda p, c: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + c,
            True,
        ),
        ("key-first", "a key before it", lambda p, c: p.ca_key.read_text() + c, True),
        (
            "one-line",
            "base64 in one line",
            lambda p, c: "-----BEGIN CERTIFICATE-----\n"
            + "".join(c.split("\n")[1:-2])
            + "\n-----END CERTIFICATE-----\n",
            True,
        ),
        ("no-newline", "no newline at the end", lambda p, c: c.rstrip("\n"), True),
        (
            "indented",
            "blanks before each line",
            lambda p, c: "".join(("  " + x + "\n" for x in c.strip().split("\n"))),
            False,
        ),
        ("empty", "an empty file", lambda p, c: "", False),
    ],
)
def bundles(place, make):
    bundle(place, make(place, place.ca.read_text()))
    return serve(place, True)


@situation("trust/anchor", "the bundle has only the intermediate", True)
def anchor(place):
    issuer = intermediate(place, "between", CA)
    leaf = place.certificate("own", ca=issuer[0], ca_key=issuer[1])
    bundle(place, open(issuer[0]).read())
    return serve(place, leaf)


@situation("trust/anchor-leaf", "the bundle has the server's certificate itself", True)
def anchor_leaf(place):
    leaf = place.certificate("own")
    bundle(place, open(leaf[0]).read())
    return serve(place, leaf)


@situation("trust/self-signed", "a self-signed certificate, which is in the bundle", True)
def self_signed(place):
    stem = place.folder / "self"
    run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {stem}.key -out {stem}.pem -days 30 -subj /CN={HOST} -addext subjectAltName=DNS:{HOST}"
    )
    bundle(place, open(f"{stem}.pem").read())
    return serve(place, (f"{stem}.pem", f"{stem}.key"))


@situation("trust/root-eku", "the root is for clients only", False)
def root_eku(place):
    stem = place.folder / "root"
    run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {stem}.key -out {stem}.pem -days 30 -subj /CN=R -addext extendedKeyUsage=clientAuth"
    )
    leaf = place.certificate("own", ca=f"{stem}.pem", ca_key=f"{stem}.key")
    bundle(place, open(f"{stem}.pem").read())
    return serve(place, leaf)


@situation("trust/root-v1", "the root is a certificate of version 1", True)
def root_v1(place):
    stem = place.folder / "root"
    run(
        f"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {stem}.key -out {stem}.csr -subj /CN=R"
    )
    run(f"openssl x509 -req -in {stem}.csr -signkey {stem}.key -days 30 -out {stem}.pem")
    leaf = place.certificate("own", ca=f"{stem}.pem", ca_key=f"{stem}.key")
    bundle(place, open(f"{stem}.pem").read())
    return serve(place, leaf)


@situation("trust/root-expired", "an expired root and a cross-signed one", True)
def cross(place):
    new = place.folder / "new"
    run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {new}.key -out {new}.pem -days 30 -subj /CN=New"
    )
    run(f"openssl req -new -key {new}.key -out {new}.csr -subj /CN=New")
    new.with_suffix(".ext").write_text(CA + "\n")
    stranger = place.folder / "old"
    run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {stranger}.key -out {stranger}.pem -days 30 -subj /CN=Old"
    )
    run(
        f"openssl x509 -req -in {new}.csr -CA {stranger}.pem -CAkey {stranger}.key -CAcreateserial -CAserial {new}.srl -days 20 -extfile {new}.ext -out {new}-cross.pem"
    )
    leaf = place.certificate("own", ca=f"{new}.pem", ca_key=f"{new}.key")
    bundle(place, open(f"{new}.pem").read())
    return serve(place, chain(place, leaf, f"{new}-cross.pem"))


def versions(low, high):
    def tune(context):
        context.minimum_version, context.maximum_version = (low, high)
        context.set_ciphers("ALL:@SECLEVEL=0")

    return tune


T = ssl.TLSVersion


@each("trust/version", [("1.3", "TLS 1.3 only", versions(T.TLSv1_3, T.TLSv1_3), True)])
def version(place, tune):
    return serve(place, True, tune)


@each(
    "trust/cipher",
    [
        (
            "ecdsa-cbc",
            "ECDSA with CBC",
            "ec -pkeyopt ec_paramgen_curve:P-256",
            "ECDHE-ECDSA-AES128-SHA",
            True,
        ),
        (
            "ecdsa-384",
            "ECDSA with CBC and SHA-384",
            "ec -pkeyopt ec_paramgen_curve:P-256",
            "ECDHE-ECDSA-AES256-SHA384",
            False,
        ),
        ("camellia", "Camellia", "rsa:2048", "CAMELLIA128-SHA", False),
        ("null", "no encryption", "rsa:2048", "NULL-SHA256", False),
        ("rsa-cbc256", "RSA with CBC and SHA-256", "rsa:2048", "AES128-SHA256", False),
        ("anon", "no certificate", "rsa:2048", "AECDH-AES128-SHA", False),
        ("psk", "PSK", "rsa:2048", "PSK-AES128-GCM-SHA256", False),
    ],
)
def cipher(place, key, name):
    return serve(place, place.certificate("own", key=key), tls12(name))


@situation("trust/client-certificate", "a client certificate is required", False)
def client_certificate(place):
    def tune(context):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(str(place.ca))

    return serve(place, True, tune)


@situation("trust/client-certificate-12", "a client certificate is required in TLS 1.2", False)
def client_certificate_12(place):
    def tune(context):
        context.maximum_version = T.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(str(place.ca))

    return serve(place, True, tune)


@situation("trust/client-certificate-optional", "a client certificate is welcome", True)
def client_certificate_optional(place):
    def tune(context):
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(str(place.ca))

    return serve(place, True, tune)


@situation("trust/alpn", "the server speaks h2 alone, by ALPN", True)
def alpn(place):
    return serve(place, True, lambda context: context.set_alpn_protocols(["h2"]))
