"""A whole system, started by ``anxin up`` as a user would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from anxin.embedded.broker import Credentials
from anxin.embedded.folder import DataFolder
from anxin.embedded.postgres import EmbeddedPostgres
from anxin.embedded.proof import start_mark
from tests.support.brokers import Address, connected
from tests.support.community import rows
from tests.support.places import free_port

T = TypeVar("T")

_READY_S = 120.0


@dataclass
class UpProcess:
    """A running ``anxin up``."""

    process: subprocess.Popen[str]
    data_dir: Path
    console: str
    mqtt_host: str
    mqtt_port: int
    lines: list[str]
    """What it has printed on stdout."""

    @property
    def mqtt(self) -> Address:
        """The broker."""
        return Address(self.mqtt_host, self.mqtt_port)

    def gets_in(self, account: Credentials) -> bool:
        """Whether the broker lets the account in."""
        with connected(self.mqtt, account) as client:
            return client.refused is None

    def pid(self, name: str) -> int:
        """The process of a service: a role, ``broker`` or ``postgres``."""
        return int(json.loads((self.data_dir / "run" / f"{name}.pid").read_text())["pid"])

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a service; returns the pid that it had."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def descendants(self) -> list[psutil.Process]:
        """All processes below it."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def command(
        self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``anxin`` on this system's folder."""
        return run_command(*arguments, "--data-dir", str(self.data_dir), stdin=stdin, env=env)

    def status(self) -> dict[str, Any]:
        """What ``anxin status --json`` says."""
        answer: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return answer

    def role(self, name: str) -> dict[str, Any]:
        """What it says of one role."""
        return next(role for role in self.status()["roles"] if role["role"] == name)

    def wait_for_role(self, name: str, *, other_than: int) -> dict[str, Any]:
        """Wait until a role is ready again under another pid; returns what ``anxin status`` then says of it."""
        conninfo = EmbeddedPostgres(DataFolder.open(self.data_dir)).conninfo
        # To ask the store again and again takes less from the role that starts than a command each time.
        ready = "select from role_status where role = %s and state = 'ready' and pid <> %s"
        until(lambda: rows(conninfo, ready, name, other_than))
        return self.role(name)

    def terminate(self) -> int:
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has reaped it yet."""
    return start_mark(pid) is None or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def until(condition: Callable[[], T], patience_s: float = 60.0) -> T:
    """Ask every 50 ms until the answer is true; returns it."""
    deadline = time.monotonic() + patience_s
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
    return answer


def run_command(
    *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``anxin`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "anxin", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **(env or {})},
    )


@contextmanager
def running_up(
    data_dir: Path, *options: str, command: str = "up", env: Mapping[str, str] | None = None
) -> Iterator[UpProcess]:
    """Run ``anxin up`` on free ports; ended afterwards, by force if need be.

    It writes no emergency sheets, which takes longer than a test, for each centre that a test registers.
    """
    log = data_dir.with_name(f"{data_dir.name}.stderr")
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "anxin", command, "--data-dir", str(data_dir), *_free_ports(), *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={"ANXIN_SHEET__ENABLED": "false", **os.environ, **(env or {})},
        )
    try:
        yield _ready(process, data_dir, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _free_ports() -> tuple[str, ...]:
    """Those of ``--port 0`` are of the kind that outgoing connections take, between two lives of a role, too."""
    return "--port", str(free_port()), "--mqtt-port", str(free_port())


def _ready(process: subprocess.Popen[str], data_dir: Path, log: Path) -> UpProcess:
    assert process.stdout is not None
    lines: list[str] = []
    deadline = time.monotonic() + _READY_S
    while not (lines and lines[-1].startswith("ready ")):
        line = process.stdout.readline()
        assert line, f"anxin ended: {log.read_text()}"
        assert time.monotonic() < deadline, f"not ready: {log.read_text()}"
        lines.append(line.rstrip("\n"))
    told = dict(part.split("=", 1) for part in lines[-1].split()[1:])
    host, _, port = told["mqtt"].rpartition(":")
    return UpProcess(process, data_dir, told["console"], host, int(port), lines)
