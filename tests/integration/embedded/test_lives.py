"""Three lives of one folder: the first is ended by SIGTERM, the second and the third by the death of the supervisor.

Each life is led once, by a fixture that keeps what was seen; the laws are read off it.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from anxin.embedded.broker import Credentials
from anxin.embedded.folder import DataFolder
from anxin.embedded.proof import ProcessRecord
from tests.support.places import service_folder
from tests.support.system import UpProcess, is_gone, running_up, until

ROLES: Final = ("gateway", "dispatcher", "console")


@dataclass(frozen=True)
class First:
    """Ended by SIGTERM. Before it began, ``gateway.pid`` named this very process."""

    system: UpProcess
    said: list[str]
    pids: Mapping[str, int]
    command_lines: Mapping[str, str]
    below: list[int]
    status: int
    alive: list[int]
    """Of those below it, just after it had ended."""
    left: list[Path]
    """In the folder ``run``."""
    lost: Mapping[str, Any]
    """The account of a device that was revoked while it ran, and then provisioned again (``found``)."""
    found: Mapping[str, Any]
    kept: Mapping[str, Any]


@dataclass(frozen=True)
class Second:
    """Ended by the supervisor's death; its broker was stopped and could not hear of it."""

    system: UpProcess
    kept_gets_in: bool
    found_gets_in: bool
    added_twice: int
    broker: int
    below: list[int]


@dataclass(frozen=True)
class Third:
    """Ended by the supervisor's death."""

    broker: int
    leftover_is_gone: bool
    below: list[int]


def _account(told: Mapping[str, Any]) -> Credentials:
    return Credentials(told["username"], told["password"])


def _add(system: UpProcess, device: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads(system.command("device", "add", "s1", device, "--json").stdout)
    return told


def _pids(system: UpProcess) -> list[int]:
    return [process.pid for process in system.descendants()]


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with service_folder() as path:
        yield path / "data"


@pytest.fixture(scope="module")
def first(data_dir: Path) -> First:
    folder = DataFolder.open(data_dir)
    stranger = ProcessRecord("gateway", os.getpid(), "another start", "/usr/bin/python", str(data_dir))
    stranger.write(folder.run / "gateway.pid")
    with running_up(data_dir) as system:
        pids = {path.stem: system.pid(path.stem) for path in folder.run.glob("*.pid")}
        lines = {role: " ".join(psutil.Process(pids[role]).cmdline()) for role in ROLES}
        below = _pids(system)
        lost, kept = _add(system, "lost"), _add(system, "kept")
        until(lambda: system.gets_in(_account(lost)), patience_s=10)
        assert system.command("device", "revoke", "lost").returncode == 0
        until(lambda: not system.gets_in(_account(lost)), patience_s=10)
        status = system.terminate()
        alive = [pid for pid in below if not is_gone(pid)]
        assert system.process.stdout is not None
        said = system.lines + system.process.stdout.readlines()
        left = list(folder.run.iterdir())
        found = _add(system, "lost")
    return First(system, said, pids, lines, below, status, alive, left, lost, found, kept)


@pytest.fixture(scope="module")
def second(data_dir: Path, first: First) -> Second:
    with running_up(data_dir) as system:
        kept, found = (system.gets_in(_account(told)) for told in (first.kept, first.found))
        twice = system.command("device", "add", "s1", "kept").returncode
        below = _pids(system)
        # A stopped process does not hear of its parent's death.
        broker = system.kill("broker", signal.SIGSTOP)
        system.process.kill()
        system.process.wait()
    return Second(system, kept, found, twice, broker, below)


@pytest.fixture(scope="module")
def third(data_dir: Path, second: Second) -> Third:
    assert not is_gone(second.broker)
    with running_up(data_dir) as system:
        seen = Third(system.pid("broker"), is_gone(second.broker), _pids(system))
        system.process.kill()
        system.process.wait()
    return seen


def test_it_says_ready_once_and_stops_clean_with_nothing_left_running(first: First) -> None:
    assert set(first.pids) == {*ROLES, "broker", "postgres"}
    for role in ROLES:
        assert f"role {role}" in first.command_lines[role]
    assert first.status == 0
    assert set(first.pids.values()) <= set(first.below)
    assert first.alive == []
    assert first.left == []
    assert first.said == [
        f"ready console={first.system.console} mqtt={first.system.mqtt_host}:{first.system.mqtt_port}"
    ]


def test_a_pid_that_is_somebody_elses_by_now_is_left_alone(first: First) -> None:
    assert first.pids["gateway"] != os.getpid()
    assert not is_gone(os.getpid())


def test_devices_are_provisioned_while_it_runs_and_while_it_is_stopped(first: First, second: Second) -> None:
    assert (first.lost["site"], first.lost["device"]) == ("s1", "lost")
    assert first.found["password"] != first.lost["password"]
    assert second.found_gets_in


def test_a_second_start_goes_on_where_the_first_stopped(second: Second) -> None:
    assert second.kept_gets_in
    assert second.added_twice == 1


def test_children_end_when_their_supervisor_is_killed(second: Second, third: Third) -> None:
    until(lambda: all(is_gone(pid) for pid in second.below), patience_s=15)
    until(lambda: all(is_gone(pid) for pid in third.below), patience_s=15)


def test_leftovers_of_a_killed_run_are_ended_by_the_next(second: Second, third: Third) -> None:
    assert third.leftover_is_gone
    assert third.broker != second.broker
