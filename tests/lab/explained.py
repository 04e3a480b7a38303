# SPDX-License-Identifier: MIT
"""Compares `explain` of a failed client's words with the scenario."""

import json
import shlex
import subprocess

# The lab's own words, for a client that has said nothing yet and for one that found nothing wrong.
NOT_AN_ERROR = ("still waiting", "it got something else")


def explain(probe, said):
    result = subprocess.run([probe, "explain", "--format", "json"], input=said, text=True,
                            capture_output=True)
    return result.returncode, json.loads(result.stdout)["errors"]


def differences(probe, scenario, host, said):
    """A list of reasons why the result of explain does not fit the cause of the scenario."""
    if said.startswith(NOT_AN_ERROR) or "unexplained" in scenario:
        return []
    status, errors = explain(probe, said)
    if status != 0 or len(errors) != 1:
        return [f"explain ended with {status} and {len(errors)} errors of: {said}"]
    error = errors[0]
    wrong = []
    if scenario["cause"] not in (error["cause"], *error["alternatives"]):
        wrong.append(f"explain finds {error['cause']} or {error['alternatives']} in: {said}")
    # An error about a layer often names its store alone.
    if error["stage"] == "blob" and error["check"] is None:
        return wrong
    if not error["check"] or shlex.split(error["check"])[-1].split("/")[0] != host:
        wrong.append(f"explain would check {error['check']}, not {host}")
    return wrong
