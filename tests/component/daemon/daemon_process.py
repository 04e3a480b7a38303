# SPDX-License-Identifier: MIT
"""A real daemon on loopback, for the tests beside this file."""

import atexit
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
from stopwatch import Stopwatch  # noqa: E402

PATIENCE = 60.0


def require(condition, text):
    if not condition:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


def await_until(condition, what, patience=PATIENCE):
    """Returns what `condition` finds. `what` is a text, or a function that makes it if time is over."""
    with Stopwatch() as watch:
        while time.monotonic() - watch.begin < watch.fair(patience):
            found = condition()
            if found:
                return found
            time.sleep(0.02)  # between two looks at the condition
    sys.exit(f"{os.path.basename(sys.argv[0])}: never {what() if callable(what) else what}")


class Daemon:
    """`configuration` is YAML; a resolver that is closed makes every run quick and failing."""

    def __init__(self, program, configuration=None, arguments=(), environment=None, **options):
        self.lines = []
        self.file = None
        if configuration is not None:
            self.folder = tempfile.TemporaryDirectory()
            atexit.register(self.folder.cleanup)
            self.file = os.path.join(self.folder.name, "tcr-probe.yaml")
            self.write(configuration)
            arguments = ["--config", self.file, *arguments]
        self.process = subprocess.Popen(
            [program, "run", "--listen", "127.0.0.1:0", *arguments], stderr=subprocess.PIPE,
            text=True, env={**os.environ, **(environment or {})}, **options)
        atexit.register(self.process.kill)  # also when a requirement is not met
        threading.Thread(target=self.read_log, daemon=True).start()
        first = await_until(lambda: self.find("listen="), "said where it listens")
        self.port = int(re.search(r"listen=\"?127\.0\.0\.1:(\d+)", first)[1])

    def write(self, configuration):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(configuration)

    def read_log(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def find(self, *parts, after=0):
        """The first line of the log from `after` on that has all the parts."""
        return next((line for line in self.lines[after:] if all(part in line for part in parts)),
                    None)

    def await_line(self, *parts, after=0):
        return await_until(lambda: self.find(*parts, after=after), f"logged {parts}: {self.lines}")

    def ask(self, path, method="GET", **headers):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, headers=headers)
        reply = connection.getresponse()
        body = reply.read().decode()
        connection.close()
        return reply.status, reply.headers, body

    def status(self, name=None):
        document = json.loads(self.ask("/status" + (f"?target={name}" if name else ""))[2])
        return document["targets"][0] if name else document

    def metric(self, name, labels=""):
        found = re.search(rf"^{name}{re.escape(labels)} ([0-9.e+-]+)$", self.ask("/metrics")[2],
                          re.MULTILINE)
        return float(found[1]) if found else None

    def await_ready(self, patience=PATIENCE):
        await_until(lambda: self.ask("/readyz")[0] == 200, "ready", patience)

    def stop(self):
        self.process.terminate()
        require(self.process.wait(PATIENCE) == 0,
                f"ended with {self.process.returncode}: {self.lines}")
