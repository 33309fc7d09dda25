"""Processor time, of everything that takes part: database, web server, load generator.

On a machine that others use at the same time rates say little; the processor time of one event stays what it is, and
where both sides keep all cores busy the ratio of rates is the inverse ratio of processor times.
"""

from __future__ import annotations

import os

import psutil


def spent_seconds(postmaster_pid: int) -> float:
    """Processor seconds so far of this process, the server, and the children of both, those that ended included."""
    total = 0.0
    for root in (psutil.Process(os.getpid()), psutil.Process(postmaster_pid)):
        for process in (root, *root.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue  # it ended just now, and its parent has its time
            total += times.user + times.system + times.children_user + times.children_system
    return total
