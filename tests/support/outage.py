"""A database that is away: stopped in the midst of its work, so that it holds every line and answers nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg


def postmaster(superuser_conninfo: str) -> int:
    """The process id of a server on this machine."""
    with psycopg.connect(superuser_conninfo) as connection:
        row = connection.execute("show data_directory").fetchone()
    assert row is not None
    return int((Path(row[0]) / "postmaster.pid").read_text().split()[0])


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The server of this postmaster and all its backends stand still while the block lasts."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in processes:
        with suppress(ProcessLookupError):  # a backend may end by itself meanwhile
            os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
