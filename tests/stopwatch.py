# SPDX-License-Identifier: MIT
"""Promises about time, held against a machine that may be busy with something else."""

import os
import threading
import time

STEP = 0.02


class Stopwatch:
    """Measures the time between begin and end of a `with` block, and how busy the machine was in it: how many
    processes shared a core, and how late it woke a sleeper at worst."""

    def __enter__(self):
        self.took, self.late, self.samples, self.ended = None, 0.0, [], threading.Event()
        self.begin = time.monotonic()
        threading.Thread(target=self.watch, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.took = time.monotonic() - self.begin
        self.ended.set()

    def watch(self):
        while True:
            before = time.monotonic()
            with open("/proc/loadavg", encoding="ascii") as file:
                self.samples.append(int(file.read().split()[3].split("/")[0]))
            if self.ended.wait(STEP):
                return
            self.late = max(self.late, time.monotonic() - before - STEP)

    def crowd(self):
        """Processes per core that wanted to run; 1 on a quiet machine."""
        samples = list(self.samples) or [1]
        return max(1.0, sum(samples) / len(samples) / len(os.sched_getaffinity(0)))

    def fair(self, seconds):
        """The longest that something may take here if it takes that many seconds on a quiet machine."""
        return seconds * self.crowd() + self.late

    def __str__(self):
        return f"{self.took:.2f} s (with {self.crowd():.1f} processes a core, {self.late:.2f} s late)"
