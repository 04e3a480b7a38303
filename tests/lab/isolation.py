# SPDX-License-Identifier: MIT
"""Work in namespaces of its own, in a child that has all modules loaded: an exec of Python costs more than the rest."""

import ctypes
import json
import os
import selectors
import signal
import sys
import traceback

NEW_MOUNT, NEW_USER, NEW_PID, NEW_NET = 0x20000, 0x10000000, 0x20000000, 0x40000000
RECURSIVE, PRIVATE = 0x4000, 1 << 18
DIE_WITH_PARENT = 1

libc = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    if getattr(libc, function)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{function}: {os.strerror(ctypes.get_errno())}")


def mount(kind, place, flags=0, options=None):
    call("mount", kind.encode(), os.fsencode(place), kind.encode(), flags, options and options.encode())


def isolate():
    """Like `unshare -Urnmpf --kill-child --mount-proc`: returns in the first process of new namespaces only."""
    user, group = os.geteuid(), os.getegid()
    call("prctl", DIE_WITH_PARENT, signal.SIGKILL)
    call("unshare", NEW_USER | NEW_MOUNT | NEW_NET | NEW_PID)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    mount("none", "/", RECURSIVE | PRIVATE)
    child = os.fork()
    if child != 0:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os._exit(status if status >= 0 else 128 - status)
    call("prctl", DIE_WITH_PARENT, signal.SIGKILL)
    mount("proc", "/proc")


def start(work, *arguments):
    """Runs work(*arguments) isolated. Returns the child's process id and a descriptor from which its result comes as
    JSON, or nothing if it failed: then its reasons are on standard error."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child != 0:
        os.close(writing)
        return child, reading
    status = 1
    try:
        os.close(reading)
        isolate()
        result = json.dumps(work(*arguments)).encode()
        with os.fdopen(writing, "wb") as output:
            output.write(result)
        status = 0
    except SystemExit as error:
        print(error, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)  # the modules' own ends cost more than what they do


def run(work, *arguments):
    """The result of work(*arguments), isolated; None if it failed."""
    return next(run_all(work, [arguments], 1))[1]


def run_all(work, calls, at_once):
    """(arguments, result) of each call as it ends; calls may grow meanwhile."""
    running, poll = {}, selectors.DefaultSelector()
    while calls or running:
        while calls and len(running) < at_once:
            arguments = calls.pop(0)
            child, reading = start(work, *arguments)
            running[reading] = (child, arguments, [])
            poll.register(reading, selectors.EVENT_READ)
        for key, _ in poll.select():
            child, arguments, parts = running[key.fd]
            if part := os.read(key.fd, 1 << 16):
                parts.append(part)
                continue
            poll.unregister(key.fd)
            os.close(key.fd)
            os.waitpid(child, 0)
            del running[key.fd]
            yield arguments, json.loads(b"".join(parts) or "null")
