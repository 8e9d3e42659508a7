"""Which process is meant by a pid file: proof against pids that were given to somebody else meanwhile."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def start_mark(pid: int) -> str | None:
    """What tells one process from all others that ever had its pid; None when there is no such process.

    On Linux the boot's id and the start time in clock ticks, which no clock step changes; elsewhere the
    start time that psutil reports.
    """
    try:
        if _BOOT_ID.exists():
            # The command name is in brackets and may hold anything; the start time is field 22.
            ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
            return f"{_BOOT_ID.read_text().strip()}:{ticks}"
        return f"{psutil.Process(pid).create_time():.2f}"
    except (OSError, psutil.Error):
        return None


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """What a pid file holds: enough to prove that a running process is the one that we started."""

    name: str
    pid: int
    started: str
    executable: str
    folder: str
    """A path that stands in the process's command line."""

    @classmethod
    def of(cls, name: str, pid: int, folder: Path) -> ProcessRecord:
        """Describe a process that was just started.

        Raises:
            psutil.Error: if it is gone already.
        """
        started = start_mark(pid)
        if started is None:
            raise psutil.NoSuchProcess(pid)
        return cls(name, pid, started, psutil.Process(pid).exe(), str(folder))

    def is_running(self) -> bool:
        """Tell whether that very process still runs: same pid, start, executable and folder."""
        if start_mark(self.pid) != self.started:
            return False
        try:
            process = psutil.Process(self.pid)
            return (
                process.status() != psutil.STATUS_ZOMBIE
                and process.exe().removesuffix(" (deleted)") == self.executable
                and any(self.folder in argument for argument in process.cmdline())
            )
        except psutil.Error:
            return False

    def write(self, path: Path) -> None:
        """Write the pid file, whole or not at all."""
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> ProcessRecord | None:
        """Read a pid file; None when it is not there or not one of ours."""
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None
