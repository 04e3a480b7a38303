# SPDX-License-Identifier: MIT
"""What a program shows on a terminal of a given size."""

import fcntl
import os
import pty
import struct
import subprocess
import termios


def read_to_end(outside):
    """All that was written to the other end. read(2) may say that it is closed before it gives out what was
    written there at last, so only the second such answer is the end."""
    shown, ends = b"", 0
    while ends < 2:
        try:
            piece = os.read(outside, 65536)
        except OSError:
            piece = b""
        ends = 0 if piece else ends + 1
        shown += piece
    return shown


def show(arguments, environment, columns, rows=24, streams=("stdout",)):
    """(what is shown, exit status). These streams go to the terminal, and nowhere the others."""
    outside, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    ends = {name: inside if name in streams else subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
    with subprocess.Popen(arguments, env=environment, **ends) as process:
        os.close(inside)
        shown = read_to_end(outside)
    os.close(outside)
    return shown, process.returncode
