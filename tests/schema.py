#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""schema.py [--from PROGRAM] [FILE|FOLDER...]: JSON documents are as docs/report.schema.json describes them.

PROGRAM is test_report, which writes a report with every field to $TCR_PROBE_TEST_REPORT. Every property
must have a description. Other tests load this file and call faults()."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parent.parent / "docs/report.schema.json").read_text())


def validator(kind):
    """For one kind of document, so that a fault is told where it is: report, explanation, ..."""
    return jsonschema.Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{kind}"}]})


def deepest(error):
    """The fault inside of an alternative that comes closest to it."""
    while error.context:
        error = jsonschema.exceptions.best_match(error.context)
    return error


def faults(document, kind="report"):
    """Lines such as "targets.0.dns.1: ..."; none if the document is valid."""
    found = []
    for error in validator(kind).iter_errors(document):
        fault = deepest(error)
        found.append(f"{'.'.join(map(str, fault.absolute_path))}: {fault.message[:300]}")
    return found


def undescribed(schema, place="schema"):
    """Properties without a description of their own or of what they refer to."""
    for name, property_ in schema.get("properties", {}).items():
        if "description" not in property_ and "$ref" not in property_:
            yield f"{place}.{name}"
        yield from undescribed(property_, f"{place}.{name}")
    if "items" in schema:
        yield from undescribed(schema["items"], f"{place}[]")
    for alternative in schema.get("anyOf", []):
        yield from undescribed(alternative, place)


def written_by(program, folder):
    path = os.path.join(folder, "report.json")
    subprocess.run([program], check=True, env={**os.environ, "TCR_PROBE_TEST_REPORT": path}, capture_output=True)
    return path


def main(paths, folder):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    wrong = [f"{place} has no description" for name, part in SCHEMA["$defs"].items()
             for place in undescribed(part, name)]
    if paths and paths[0] == "--from":
        paths[:2] = [written_by(paths[1], folder)]
    files = [file for path in map(pathlib.Path, paths)
             for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    for file in files:
        wrong += [f"{file}: {fault}" for fault in faults(json.loads(file.read_text()))]
    print("\n".join(wrong[:20]) or f"{len(files)} documents are as docs/report.schema.json describes them")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(sys.argv[1:], temporary)
