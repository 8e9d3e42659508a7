"""The laws of ``anxin up``, with real processes: of a system that runs, and of what does not start."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from anxin.embedded.broker import Credentials
from anxin.embedded.folder import DataFolder
from anxin.embedded.postgres import EmbeddedPostgres
from anxin.embedded.proof import ProcessRecord
from tests.support.community import rows
from tests.support.places import service_folder
from tests.support.system import UpProcess, run_command, running_up, until


@pytest.fixture
def data_dir(service_path: Path) -> Path:
    return service_path / "data"


@pytest.fixture(scope="module")
def system() -> Iterator[UpProcess]:
    """One system for all laws after which it runs as before."""
    with service_folder() as path, running_up(path / "data") as running:
        yield running


def test_no_secret_stands_in_a_command_line(system: UpProcess) -> None:
    secrets = [path.read_text() for path in (system.data_dir / "secrets").iterdir()]
    assert len(secrets) >= 3
    for process in system.descendants():
        assert not [secret for secret in secrets if secret in " ".join(process.cmdline())]


def test_a_second_instance_is_refused_and_told_who_holds_the_folder(system: UpProcess) -> None:
    second = run_command("up", "--data-dir", str(system.data_dir), "--port", "0", "--mqtt-port", "0")
    assert second.returncode == 1
    assert f"process {system.process.pid}" in second.stderr
    assert second.stdout == ""


def test_a_foreign_folder_is_refused_and_left_as_it_is(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "thesis.txt").write_text("mine")
    refused = run_command("up", "--data-dir", str(data_dir), "--port", "0", "--mqtt-port", "0")
    assert refused.returncode == 1
    assert str(data_dir) in refused.stderr
    assert "--data-dir" in refused.stderr
    assert [path.name for path in data_dir.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("option", ["--port", "--mqtt-port"])
def test_a_busy_port_is_named_with_its_option(data_dir: Path, option: str) -> None:
    other = {"--port": "--mqtt-port", "--mqtt-port": "--port"}[option]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run_command("up", "--data-dir", str(data_dir), option, port, other, "0")
    assert refused.returncode == 1
    assert port in refused.stderr
    assert option in refused.stderr
    assert list((data_dir / "run").iterdir()) == []


def test_admin_gets_a_password_and_a_new_link_while_it_runs(system: UpProcess) -> None:
    assert system.command("staff", "password", "admin", "--password-stdin", stdin="a new password\n").returncode == 0
    account = {"username": "admin", "password": "a new password"}
    assert httpx.post(f"{system.console}/api/v1/session", json=account).status_code == 200
    path = system.command("staff", "link", "admin").stdout.strip()
    assert httpx.get(f"{system.console}{path}").status_code == 303
    assert system.command("staff", "link", "nobody").returncode == 1


@pytest.mark.parametrize("name", ["gateway", "console"])
def test_a_role_that_dies_is_started_again_and_the_store_says_so(system: UpProcess, name: str) -> None:
    before = system.role(name)["restarts"]
    role = system.wait_for_role(name, other_than=system.kill(name))
    assert (role["state"], role["running"], role["restarts"]) == ("ready", True, before + 1)


@pytest.mark.parametrize("name", ["broker", "postgres"])
def test_broker_and_database_come_back_on_the_same_port_and_data(system: UpProcess, name: str) -> None:
    added = json.loads(system.command("device", "add", "s1", f"before-{name}", "--json").stdout)
    pid = system.kill(name)
    until(lambda: (record := ProcessRecord.read(system.data_dir / "run" / f"{name}.pid")) and record.pid != pid)
    until(lambda: _accepts(system.mqtt_host, system.mqtt_port) and _answers(system))
    assert system.status()["database"]["running"] is True
    until(lambda: system.gets_in(Credentials(added["username"], added["password"])))
    assert system.command("device", "add", "s1", f"before-{name}").returncode == 1


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port)):
            return True
    except OSError:
        return False


def _answers(system: UpProcess) -> bool:
    try:
        return rows(EmbeddedPostgres(DataFolder.open(system.data_dir)).conninfo, "select") == [()]
    except psycopg.OperationalError:
        return False


def test_without_mosquitto_it_runs_on_iotcore_and_a_device_uses_its_sites_account(data_dir: Path) -> None:
    iotcore = {"ANXIN_MQTT__EMBEDDED": "iotcore"}
    with running_up(data_dir, env=iotcore) as system:
        added = system.command("device", "add", "s1", "b1", "--json", env=iotcore)
        assert json.loads(added.stdout)["username"] == "site-s1"
        assert system.role("gateway")["state"] == "ready"


def test_split_roles_need_a_database_and_a_broker_that_all_share(data_dir: Path) -> None:
    refused = run_command("up", "--data-dir", str(data_dir), "--roles", "gateway")
    assert refused.returncode == 1
    assert "--database" in refused.stderr
    assert "--broker" in refused.stderr
    assert not data_dir.exists()


def test_the_first_start_offers_a_way_in_as_admin(system: UpProcess) -> None:
    told = system.data_dir.with_name("data.stderr").read_text()
    assert f"{system.console}/signin/" in told
