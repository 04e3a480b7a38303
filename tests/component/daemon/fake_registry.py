# SPDX-License-Identifier: MIT
"""A registry on loopback over TLS, with certificates made for the test."""

import http.server
import os
import ssl
import subprocess
import threading


def make_certificate(folder, name, subject="/CN=127.0.0.1", days=90,
                     alternative="IP:127.0.0.1,DNS:localhost"):
    """(certificate, key): a self-signed one, which is its own CA."""
    certificate, key = (os.path.join(folder, f"{name}.{kind}") for kind in ("crt", "key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days), "-subj", subject,
                    "-addext", f"subjectAltName={alternative}", "-out", certificate, "-keyout",
                    key], check=True, capture_output=True)
    return certificate, key


class Registry:
    """`status` and `headers` of GET /v2/ may be changed while it serves."""

    def __init__(self, certificate, key, address="127.0.0.1", port=0):
        registry = self
        self.status = 401
        self.software = "test"  # in the Server header
        self.headers = {"WWW-Authenticate": 'Basic realm="test"',
                        "Docker-Distribution-Api-Version": "registry/2.0"}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(registry.status)
                for name, value in registry.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def version_string(self):
                return registry.software

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 1024

            def handle_error(self, request, client_address):
                pass  # a client that does not trust the certificate ends the handshake

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = Server((address, port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
