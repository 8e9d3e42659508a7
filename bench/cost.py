"""What processes cost: processor seconds and memory, as the kernel counts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

import msgspec
import psutil

MIB: Final = 1 << 20


class Cost(msgspec.Struct, frozen=True):
    """Processor seconds, user and system, and resident memory in MiB of one process or a group of them."""

    cpu_s: float
    rss_mib: float

    def since(self, earlier: Self) -> float:
        """Processor seconds spent since then."""
        return self.cpu_s - earlier.cpu_s


Pids = Mapping[str, int]
"""Name → process id of what is watched; ``postgres`` stands for the server and all its backends."""


def costs(pids: Pids) -> dict[str, Cost]:
    """The present cost of each; of ``postgres`` and ``postgres_*`` with their children. Who is gone is left out."""
    found: dict[str, Cost] = {}
    for name, pid in pids.items():
        try:
            process = psutil.Process(pid)
            family = [process, *process.children()] if name == "postgres" else [process]
            found[name] = _sum(family)
        except psutil.NoSuchProcess:
            continue
    return found


def _sum(processes: list[psutil.Process]) -> Cost:
    cpu_s = memory = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
            # A backend that ended is in its parent's account.
            cpu_s += times.user + times.system + times.children_user + times.children_system
            memory += process.memory_info().rss / MIB
        except psutil.NoSuchProcess:
            continue
    return Cost(cpu_s, round(memory, 1))
