"""Ends what a killed run left behind, if it is proven ours."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import structlog

from anxin.embedded.proof import ProcessRecord

_log = structlog.get_logger(__name__)

_POLL_S = 0.05
_PATIENCE_S = 3.0
_FIRST_SIGNAL = {"postgres": signal.SIGINT}
"""PostgreSQL takes SIGINT as "fast shutdown"; everything else ends by SIGTERM."""


async def end_leftovers(pid_folder: Path, report: Callable[[str], None]) -> list[str]:
    """End every process that a pid file names and proves; returns their names.

    Roles first, then broker and database, so that nobody loses what they stand on. Pid files whose
    process is gone, or is somebody else by now, are removed without touching any process.
    """
    records = [(path, ProcessRecord.read(path)) for path in sorted(pid_folder.glob("*.pid"))]
    ended: list[str] = []
    for path, record in sorted(records, key=lambda item: item[0].stem in ("broker", "postgres")):
        if record is not None and record.is_running():
            report(f"ends a leftover of an earlier run: {record.name}, process {record.pid}")
            _log.warning("leftover ended", name=record.name, pid=record.pid)
            await _end(record)
            ended.append(record.name)
        path.unlink(missing_ok=True)
    return ended


async def _end(record: ProcessRecord) -> None:
    for number in (_FIRST_SIGNAL.get(record.name, signal.SIGTERM), signal.SIGKILL):
        try:
            os.kill(record.pid, number)
        except ProcessLookupError:
            return
        for _ in range(int(_PATIENCE_S / _POLL_S)):
            if not record.is_running():
                return
            await asyncio.sleep(_POLL_S)
