"""The Mosquitto of docker-compose.yml without a container: the same script, the same configuration, other paths."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from anxin.embedded.broker import find_mosquitto
from tests.support.own_mosquitto import running
from tests.support.places import free_port

CONTAINER: Final = Path(__file__).parents[2] / "scripts" / "container"


@dataclass(frozen=True)
class ContainerMosquitto:
    """The broker under its script; ``process`` is the script's."""

    process: subprocess.Popen[bytes]
    port: int
    accounts: Path
    host: str = "127.0.0.1"


@asynccontextmanager
async def container_mosquitto(folder: Path) -> AsyncIterator[ContainerMosquitto]:
    """Run it in ``folder``; skips by name where Mosquitto is not installed."""
    program = find_mosquitto()
    if program is None:
        pytest.skip("MOSQUITTO IS NOT INSTALLED: this law was not tested")
    port, accounts, kept = free_port(), folder / "accounts", folder / "kept"
    accounts.mkdir()
    kept.mkdir()
    configuration = (CONTAINER / "mosquitto.conf").read_text()
    for there, here in {
        "listener 1883": f"listener {port} 127.0.0.1",
        "/mosquitto/config": str(accounts),
        "/mosquitto/data": str(kept),
    }.items():
        assert there in configuration
        configuration = configuration.replace(there, here)
    if os.geteuid() == 0:
        configuration += "user root\n"
    (folder / "mosquitto.conf").write_text(configuration)
    command = ["sh", str(CONTAINER / "mosquitto.sh"), str(folder / "mosquitto.conf"), str(accounts)]
    env = {"PATH": f"{os.environ['PATH']}:{program.parent}", "ANXIN_LOOK_EVERY_S": "0.1"}
    async with running(command, port, env) as process:
        yield ContainerMosquitto(process, port, accounts)
