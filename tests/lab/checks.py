"""What must be true of a scenario once it is built."""

import json
import subprocess
import time

from network import pod

TIMEOUT = 3.0
START_ALLOWANCE = 0.5
STATUSES = {"ok": 0, "warn": 1, "fail": 2, "unknown": 3}


def check(name, scenario, probe, folder):
    """Says what the probe found, and what of it is wrong."""
    options = ["--ca-file", str(folder / "ca.pem"), "--timeout", f"{int(TIMEOUT)}s",
               *scenario.get("options", [])]
    begin = time.monotonic()
    result = pod([probe, "check", "--format", "json", *options, "acme-prod"], capture_output=True,
                 text=True)
    took = time.monotonic() - begin
    try:
        target = json.loads(result.stdout)["targets"][0]
    except (ValueError, KeyError, IndexError):
        return name, "no report", took, [f"no report: {result.stderr.strip()}"]
    wrong = []
    if target["cause"] != scenario["cause"]:
        wrong.append(f"cause {target['cause']}, not {scenario['cause']}")
    if target["status"] != scenario["status"] or result.returncode != STATUSES[scenario["status"]]:
        wrong.append(f"status {target['status']} ({result.returncode}), not {scenario['status']}")
    saved = folder / "report.json"
    saved.write_text(result.stdout)
    again = subprocess.run([probe, "check", "--format", "json", "--replay", str(saved)],
                           capture_output=True, text=True)
    if not again.stdout or json.loads(again.stdout)["targets"][0]["findings"] != target["findings"]:
        wrong.append(f"--replay finds something else {again.stderr.strip()}")
    # The run's own time is the promise; from outside, the start of the program on a busy machine
    # is in it too.
    if target["duration_seconds"] > TIMEOUT * 1.1 or took > TIMEOUT * 1.1 + START_ALLOWANCE:
        wrong.append(f"{target['duration_seconds']:.2f} s ({took:.2f} s from outside), more than "
                     "timeout + 10 %")
    return name, target["cause"], took, wrong
