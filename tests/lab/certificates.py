# SPDX-License-Identifier: MIT
"""The lab's certificate authority, and the registry's certificate as a scenario wants it."""

import datetime
import subprocess

from network import ADDRESSES, run

NAME = "acme-prod.tencentcloudcr.com"
OTHER = "registry.example.net"  # a registry that is not Tencent's
MANY = [f"mirror-of-registry-number-{number:03}.tencentcloudcr.com" for number in range(60)]
DATES = {
    "expired": ("20200101000000Z", "20210101000000Z"),
    "not-yet-valid": ("20990101000000Z", "20991231000000Z"),
}
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
RSA = ["-newkey", "rsa:2048", "-nodes"]

CONFIG = """
[ca]
default_ca = lab
[lab]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
default_days = 90
policy = any
[any]
commonName = supplied
[leaf]
{names}
[intermediate]
basicConstraints = critical, CA:TRUE
keyUsage = keyCertSign
"""


def names_of(kind):
    if kind == "wrong-name":
        return ["DNS:wrong.example.net"]
    names = [f"DNS:{name}" for name in (NAME, "*.tencentcloudcr.com", OTHER)]
    if kind == "large":
        names += [f"DNS:{name}" for name in MANY]
    return names + [f"IP:{ADDRESSES[name]}" for name in ("private", "public", "public6")]


def dates_of(kind):
    if kind == "expiring":
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
        return ["-enddate", end.strftime("%Y%m%d%H%M%SZ")]
    start, end = DATES.get(kind, (None, None))
    return ["-startdate", start, "-enddate", end] if start else []


def issue(folder, stem, names):
    """<stem>.pem and <stem>.key, signed by the CA of make_certificates(), if they are not there yet."""
    if (folder / f"{stem}.pem").exists():
        return
    run("openssl", "req", "-x509", *CURVE, "-days", "90", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-subj", f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(
            f"DNS:{name}" for name in names), "-keyout", f"{stem}.key", "-out", f"{stem}.pem",
        cwd=folder, stderr=subprocess.DEVNULL)


def make_certificates(folder, kind):
    """ca.pem, which the probe and the clients trust; cert.pem and key.pem of the registry. Good ones that are there
    already stay."""
    if kind == "good" and (folder / "cert.pem").exists():
        return
    # A name in the subject alone is no name: clients stopped reading it there long ago.
    names = "" if kind == "common-name-only" else f"subjectAltName = {','.join(names_of(kind))}"
    (folder / "ca.cnf").write_text(CONFIG.format(folder=folder, names=names))
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("1000\n")
    quiet = {"stderr": subprocess.DEVNULL, "cwd": folder}

    def self_sign(subject, key, certificate, *extensions):
        run("openssl", "req", "-x509", *CURVE, "-days", "90", "-subj", f"/CN={subject}",
            *extensions, "-keyout", key, "-out", certificate, **quiet)

    def sign(subject, extensions, key, certificate, issuer, issuer_key, dates):
        run("openssl", "req", *(RSA if kind == "rsa" else CURVE), "-subj", f"/CN={subject}",
            "-keyout", key, "-out", "csr.pem", **quiet)
        run("openssl", "ca", "-config", "ca.cnf", "-batch", "-notext", "-extensions", extensions,
            "-cert", issuer, "-keyfile", issuer_key, "-in", "csr.pem", "-out", certificate, *dates,
            **quiet)

    if not (folder / "ca.pem").exists():
        self_sign("Lab CA", "ca.key", "ca.pem")
    issuer, issuer_key = "ca.pem", "ca.key"
    if kind == "self-signed":
        self_sign(NAME, "key.pem", "cert.pem", "-addext", f"subjectAltName=DNS:{NAME}")
        return
    if kind == "private-ca":  # an authority that nobody trusts
        self_sign("Another CA", "other.key", "other.pem")
        issuer, issuer_key = "other.pem", "other.key"
    if kind == "chain-incomplete":  # the server keeps the intermediate to itself
        sign("Lab Intermediate", "intermediate", "int.key", "int.pem", issuer, issuer_key, [])
        issuer, issuer_key = "int.pem", "int.key"
    sign(NAME, "leaf", "key.pem", "cert.pem", issuer, issuer_key, dates_of(kind))
