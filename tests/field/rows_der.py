# SPDX-License-Identifier: MIT
"""Certificates that OpenSSL and Go read differently: their parts, names, constraints and signers."""

import base64

import rows_trust
from place import HOST, IP, Registry, run
from rows_certificates import bundle
from rows_trust import CA, chain, intermediate
from situation import each, situation

serve = rows_trust.serve

# ---- writing DER ----


def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def split(data):
    """The parts of a content, each with its head."""
    parts = []
    while data:
        length, head = data[1], 2
        if length & 0x80:
            head += length & 0x7f
            length = int.from_bytes(data[2:head], "big")
        parts.append(data[:head + length])
        data = data[head + length:]
    return parts


def content(part):
    return part[2 + (part[1] & 0x7f if part[1] & 0x80 else 0):]


def oid(text):
    first, second, *rest = (int(number) for number in text.split("."))
    data = bytes([first * 40 + second])
    for number in rest:
        septets = [number & 0x7f]
        while number := number >> 7:
            septets.insert(0, number & 0x7f | 0x80)
        data += bytes(septets)
    return der(6, data)


def extension(name, value, critical=False):
    return der(0x30, oid(name), b"\x01\x01\xff" if critical else b"", der(4, value))


def general_name(kind, value):
    return der(0x80 | kind, value)


def alternative_names(*names):
    return extension("2.5.29.17", der(0x30, *names))


def forge(place, made, change, ca_key=None):
    """Lets change(fields) rewrite what is signed, signs it again, and writes the file anew."""
    text = base64.b64decode(open(made[0]).read().split("-----")[2])
    body, algorithm, _ = split(content(text))
    fields = split(content(body))
    change(fields)
    body = der(0x30, *fields)
    (place.folder / "body").write_bytes(body)
    run(f"openssl dgst -sha256 -sign {ca_key or place.ca_key} -out {place.folder}/signature {place.folder}/body")
    signature = (place.folder / "signature").read_bytes()
    forged = base64.encodebytes(der(0x30, body, algorithm, der(3, b"\0" + signature))).decode()
    with open(made[0], "w") as file:
        file.write(f"-----BEGIN CERTIFICATE-----\n{forged}-----END CERTIFICATE-----\n")
    return made


def field(index, value):
    return lambda fields: fields.__setitem__(index, value)


def extensions(*added, without=()):
    def change(fields):
        kept = [one for one in split(content(content(fields[-1])))
                if split(content(one))[0] not in [oid(name) for name in without]]
        fields[-1] = der(0xa3, der(0x30, *kept, *added))
    return change


def names(*more):
    return extensions(alternative_names(general_name(2, HOST.encode()), *more), without=["2.5.29.17"])


def subject(tag, text):
    return der(0x30, der(0x31, der(0x30, oid("2.5.4.3"), der(tag, text))))


def dates(tag, begin, end):
    return field(4, der(0x30, der(tag, begin.encode()), der(tag, end.encode())))


def without_null(fields):
    key = split(content(fields[6]))
    fields[6] = der(0x30, der(0x30, oid("1.2.840.113549.1.1.1")), *key[1:])


# ---- what Go reads ----

NEWER = {"status": "warn", "newer": "Go 1.23 and newer do not read such a certificate"}


@each("trust/read", [
    ("twice", "an extension twice", extensions(*[extension("1.2.3.4", b"\5\0")] * 2), False),
    ("version-2", "extensions in version 2", field(0, der(0xa0, b"\2\1\1")), False),
    ("version-4", "version 4", field(0, der(0xa0, b"\2\1\3")), False),
    ("printable", "an underscore in a PrintableString", field(5, subject(0x13, b"acme_prod")), False),
    ("universal", "a UniversalString", field(5, subject(0x1c, "acme".encode("utf-32-be"))), False),
    ("bmp", "a BMPString", field(5, subject(0x1e, "acme".encode("utf-16-be"))), True),
    ("fraction", "a time with a fraction", dates(0x18, "20260101000000.5Z", "20910101000000.5Z"), False),
    ("day", "February 30", dates(0x17, "260230000000Z", "491231000000Z"), False),
    ("minutes", "times without seconds", dates(0x17, "2601010000Z", "4912310000Z"), True),
    ("length", "a length in a longer form", field(5, b"\x30\x81\0"), False),
    ("name", "UTF-8 in a DNS name beside", names(general_name(2, "\u00e9.test".encode())), False),
    ("address", "an address of five bytes beside", names(general_name(7, b"12345")), False),
    ("uri", "a URI beside whose host ends in a dot", names(general_name(6, b"https://a.test./")), False),
    ("uri-escape", "a URI beside with a broken escape", names(general_name(6, b"https://a.test/%zz")), False),
    ("uri-good", "a URI beside with a port", names(general_name(6, b"https://a.test:8443/x")), True),
    ("usage", "an extended key usage that is empty",
     extensions(extension("2.5.29.37", der(0x30)), without=["2.5.29.37"]), True),
    ("policies", "policies that are none", extensions(extension("2.5.29.32", b"\5\0")), False),
    ("serial", "a negative serial number", field(1, b"\2\1\xff"), True, NEWER),
    ("issuer-key", "a critical identifier of the issuer's key",
     extensions(extension("2.5.29.35", der(0x30, general_name(0, b"1234")), True), without=["2.5.29.35"]),
     True, NEWER),
    ("subject-key", "a critical identifier of its key",
     extensions(extension("2.5.29.14", der(4, b"1234"), True), without=["2.5.29.14"]), True, NEWER),
])
def reads(place, change):
    return serve(place, forge(place, place.certificate("own", [HOST]), change))


@situation("trust/read-key", "an RSA key without NULL", False)
def reads_key(place):
    return serve(place, forge(place, place.certificate("own", [HOST], key="rsa:2048"), without_null))


@situation("trust/read-stranger", "an unreadable certificate behind a good chain", False)
def reads_stranger(place):
    stranger = forge(place, place.certificate("stranger", ["x.test"]), field(5, subject(0x13, b"a_b")))
    return serve(place, chain(place, place.certificate("own", [HOST]), stranger[0]))


@situation("trust/read-root", "a trusted root with a negative serial number", True, "warn",
           newer="Go 1.23 and newer do not read such a certificate")
def reads_root(place):
    root = own_root(place, CA)
    forge(place, root, field(1, b"\2\1\xff"), root[1])
    return serve_under(place, root)


# ---- names of issuers, and constraints ----


@each("trust/issuer-name", [
    ("case", "the issuer's name in another case", subject(0x0c, b"field root")),
    ("type", "the issuer's name in another type of text", subject(0x13, b"Field Root")),
], works=False)
def issuer_name(place, name):
    return serve(place, forge(place, place.certificate("own", [HOST]), field(3, name)))


def constraints(permitted=(), excluded=(), critical=True):
    lists = [der(tag, *[der(0x30, one) for one in some])
             for tag, some in ((0xa0, permitted), (0xa1, excluded)) if some]
    return extension("2.5.29.30", der(0x30, *lists), critical)


DIRECTORY = der(0xa4, subject(0x13, b"x"))
TENCENT = general_name(2, b"tencentcloudcr.com")
MAIL = f"/CN={HOST}/emailAddress=a@evil.test"


@each("trust/constraint", [
    ("empty", "name constraints without any", constraints(), {}, False),
    ("directory", "directory names, not critical", constraints([DIRECTORY, TENCENT], critical=False), {}, True),
    ("dots", "a DNS constraint with two dots", constraints([TENCENT, general_name(2, b"a..b")]), {}, False),
    ("mask", "a mask with holes", constraints([general_name(7, b"\x0a\0\0\0\xff\0\xff\0")]), {}, False),
    ("subject", "the subject's e-mail address is excluded", constraints((), [general_name(1, b"evil.test")]),
     {"subject": MAIL}, True),
    ("other-name", "another name ends in a dot, and others are excluded",
     constraints((), [general_name(2, b"other.test")]), {"names": [HOST, "x.test."]}, False),
    ("address", "an address that is not permitted beside the name",
     constraints([general_name(7, b"\xc0\xa8\0\0\xff\xff\0\0")]), {"names": [HOST, IP]}, False),
])
def constraint(place, added, more):
    issuer = forge(place, intermediate(place, "between", CA), extensions(added))
    leaf = place.certificate("own", **{"names": [HOST], **more}, ca=issuer[0], ca_key=issuer[1])
    return serve(place, chain(place, leaf, issuer[0]))


@each("trust/constraint", [
    ("uri", "a URI with an address, where URIs are constrained", constraints((), [general_name(6, b".corp.test")]),
     general_name(6, b"https://10.0.0.1/x"), False),
    ("uri-good", "a URI below the permitted domain", constraints([general_name(6, b".corp.test")]),
     general_name(6, b"https://a.corp.test:80/x"), True),
    ("mail", "an e-mail address of another user", constraints([general_name(1, b"A@corp.test")]),
     general_name(1, b"a@corp.test"), False),
    ("mail-good", "an e-mail address below the permitted domain", constraints([general_name(1, b".corp.test")]),
     general_name(1, b"a@x.corp.test"), True),
])
def constraint_beside(place, added, name):
    issuer = forge(place, intermediate(place, "between", CA), extensions(added))
    leaf = place.certificate("own", [HOST], ca=issuer[0], ca_key=issuer[1])
    return serve(place, chain(place, forge(place, leaf, names(name), issuer[1]), issuer[0]))


# ---- signers ----


def own_root(place, lines, key="ec -pkeyopt ec_paramgen_curve:P-256"):
    stem = place.folder / "root"
    stem.with_suffix(".ext").write_text(lines + "\n")
    run(f"openssl req -newkey {key} -nodes -keyout {stem}.key -out {stem}.csr -subj /CN=Own")
    run(f"openssl x509 -req -in {stem}.csr -signkey {stem}.key -days 60 -extfile {stem}.ext -out {stem}.pem")
    return f"{stem}.pem", f"{stem}.key"


def serve_under(place, root):
    leaf = place.certificate("own", [HOST], ca=root[0], ca_key=root[1])
    bundle(place, open(root[0]).read())
    return serve(place, leaf)


@each("trust/root", [
    ("rsa-1000", "a root with an RSA key of 1,000 bits", "rsa:1000"),
    ("exponent", "a root with an RSA exponent of 33 bits", "rsa:2048 -pkeyopt rsa_keygen_pubexp:4294967297"),
], works=True, status="warn", newer="Go 1.24 takes no signature of such a key")
def root_key(place, key):
    return serve_under(place, own_root(place, CA, key))


@each("trust/pss", [
    ("salt", "RSA-PSS with a salt of another length", "sha256", 20, False),
    ("sha384", "RSA-PSS with SHA-384", "sha384", 48, True),
])
def pss(place, digest, salt):
    root = own_root(place, CA, "rsa:2048")
    place.ca, place.ca_key = root
    leaf = place.certificate("own", [HOST], digest=f"{digest} -sigopt rsa_padding_mode:pss"
                             f" -sigopt rsa_pss_saltlen:{salt}")
    bundle(place, open(root[0]).read())
    return serve(place, leaf)


@situation("trust/renewed", "the bundle has an earlier certificate of the same key, which signs itself", False)
def renewed(place):
    stem = place.folder / "self"
    for name in ("self", "old"):
        run(f"openssl req -x509 {'-key' if name == 'old' else '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout'}"
            f" {stem}.key -nodes -out {place.folder}/{name}.pem -days 30 -subj /CN={HOST}"
            f" -addext subjectAltName=DNS:{HOST} -addext basicConstraints=critical,CA:TRUE")
    bundle(place, open(place.folder / "old.pem").read())
    return serve(place, (f"{stem}.pem", f"{stem}.key"))


@situation("trust/deep", "ten intermediates", True)
def deep(place):
    root, sent = (place.ca, place.ca_key), []
    for number in range(10):
        place.ca, place.ca_key = intermediate(place, f"between{number}", CA)
        sent.insert(0, place.ca)
    leaf = place.certificate("own", [HOST])
    place.ca, place.ca_key = root
    return serve(place, chain(place, leaf, *sent))


@situation("trust/mapped", "the address in its IPv6-mapped form", True)
def mapped(place):
    address = general_name(7, bytes(10) + b"\xff\xff" + bytes(int(part) for part in IP.split(".")))
    place.serve_dns()
    place.serve(Registry(host=IP), certificate=forge(place, place.certificate("own", [HOST]), names(address)))
    return place.pull(IP + "/team/app:1", unpack=False)


@each("trust/pem", [
    ("blank-lines", "empty lines inside", lambda text: text.replace("\n", "\n\n"), True),
    ("no-end", "a block without an end before it", lambda text: "-----BEGIN CERTIFICATE-----\nAAAA\n" + text, True),
    ("other-end", "the end of another type", lambda text: text.replace("END CERT", "END X CERT"), False),
])
def pem(place, change):
    bundle(place, change(place.ca.read_text()))
    return serve(place, True)
