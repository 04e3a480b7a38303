# SPDX-License-Identifier: MIT
"""What a row of the table is."""

import dataclasses
from typing import Callable

SITUATIONS = []
KEYS = {"status", "cause", "exception", "newer"}
CLIENTS_DIFFER = {"status": "warn", "cause": "clients_differ"}  # containerd pulls, and others do not


@dataclasses.dataclass
class Situation:
    name: str  # kind/short-name
    title: str
    works: bool  # containerd pulls
    status: str  # of the probe; "": whatever follows from the clients
    cause: str  # of the probe; "": any
    exception: str  # why the probe may differ, in a sentence; "": it may not
    newer: str  # why containerd 1.7 does otherwise than 1.6, which needs a status; "": it does not
    build: Callable  # build(place) -> results of place.pull()


def situation(name, title, works, status="", cause="", exception="", newer=""):
    """Decorates build(place)."""
    def keep(build):
        SITUATIONS.append(Situation(name, title, works, status, cause, exception, newer, build))
        return build
    return keep


def each(name, rows, works=None, **more):
    """Decorates build(place, *values): one situation per row (suffix, title, *values). A dict at the
    end is what more situation() takes. Without `works` the last value before it says that."""
    def keep(build):
        for suffix, title, *values in rows:
            own = dict(more)
            if values and isinstance(values[-1], dict) and values[-1] and set(values[-1]) <= KEYS:
                own.update(values.pop())
            pulls = values.pop() if works is None else works
            situation(f"{name}-{suffix}", title, pulls, **own)(
                lambda place, values=values: build(place, *values))
        return build
    return keep
