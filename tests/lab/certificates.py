"""The lab's certificate authority."""

import subprocess

from network import run

NAME = "acme-prod.tencentcloudcr.com"


def make_certificates(folder, kind):
    """A CA, and the registry's certificate as the scenario wants it."""
    names = "registry.example.net" if kind == "wrong-name" else f"{NAME},DNS:*.tencentcloudcr.com"
    start, end = {"expired": ("20200101000000Z", "20210101000000Z"),
                  "not-yet-valid": ("20990101000000Z", "20991231000000Z")}.get(kind, (None, None))
    (folder / "ca.cnf").write_text(f"""
[ca]
default_ca = lab
[lab]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
default_days = 90
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
subjectAltName = DNS:{names}
""")
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("1000\n")
    quiet = {"stderr": subprocess.DEVNULL, "cwd": folder}
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run("openssl", "req", "-x509", *curve, "-days", "90", "-subj", "/CN=Lab CA", "-keyout",
        "ca.key", "-out", "ca.pem", **quiet)
    if kind == "self-signed":
        run("openssl", "req", "-x509", *curve, "-days", "90", "-subj", f"/CN={NAME}", "-addext",
            f"subjectAltName=DNS:{names}", "-keyout", "key.pem", "-out", "cert.pem", **quiet)
        return
    run("openssl", "req", *curve, "-subj", f"/CN={NAME}", "-keyout", "key.pem", "-out", "leaf.csr",
        **quiet)
    dates = ["-startdate", start, "-enddate", end] if start else []
    run("openssl", "ca", "-config", "ca.cnf", "-batch", "-notext", "-cert", "ca.pem", "-keyfile",
        "ca.key", "-in", "leaf.csr", "-out", "cert.pem", *dates, **quiet)
