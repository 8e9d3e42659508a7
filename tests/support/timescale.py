"""A TimescaleDB without a server: PostgreSQL with the extension in WebAssembly, under Node.

It takes one connection at a time and knows no COPY; everything else is the real extension.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.places import free_port

FOLDER = Path(__file__).parents[1] / "timescale"


@contextmanager
def running_timescale() -> Iterator[str]:
    """Run one, with the extension made and no table yet; yields its conninfo. Skips where it is not installed."""
    node = shutil.which("node")
    if node is None or not _installed():
        pytest.skip("TimescaleDB's build for Node is not installed: npm ci, in tests/timescale")
    port = free_port()
    with subprocess.Popen(
        [node, str(FOLDER / "server.mjs"), str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == "ready\n"
            yield f"postgresql://postgres:postgres@127.0.0.1:{port}/postgres?sslmode=disable"
        finally:
            server.stdin.close()
            server.wait(10)


def _installed() -> bool:
    packages = json.loads((FOLDER / "package.json").read_text())["devDependencies"]
    return all((FOLDER / "node_modules" / package).exists() for package in packages)
