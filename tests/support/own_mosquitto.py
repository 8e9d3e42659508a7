"""A Mosquitto that somebody else has set up: whatever configuration, started without any of our code."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from anxin.embedded.broker import find_mosquitto
from tests.support.places import free_port


@asynccontextmanager
async def own_mosquitto(folder: Path, settings: Mapping[str, str], port: int = 0) -> AsyncIterator[int]:
    """Run Mosquitto with these settings; yields its port (0: a free one). Skips by name where it is not installed."""
    program = find_mosquitto()
    if program is None:
        pytest.skip("MOSQUITTO IS NOT INSTALLED: this law was not tested")
    port = port or free_port()
    lines = [f"listener {port} 127.0.0.1", *(f"{name} {value}" for name, value in settings.items())]
    if os.geteuid() == 0:
        lines.append("user root")
    (folder / "own.conf").write_text("\n".join([*lines, ""]))
    async with running([str(program), "-c", str(folder / "own.conf")], port):
        yield port


@asynccontextmanager
async def running(
    command: Sequence[str], port: int, env: Mapping[str, str] | None = None
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run a broker until the block ends; it listens when the block begins."""
    process = _start(command, env or {})
    try:
        async with asyncio.timeout(20):
            while not await _listens(port):
                assert process.poll() is None, f"it ended with status {process.returncode}"
                await asyncio.sleep(0.02)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, 15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(list(command), env={**os.environ, **env})


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
