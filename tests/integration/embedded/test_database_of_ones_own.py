"""``anxin up`` on a PostgreSQL that somebody runs already: the oldest supported version, over TCP, with a password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from anxin.embedded.broker import Credentials
from devices.clock import SystemClock
from tests.support.brokers import connected
from tests.support.community import rows
from tests.support.gateway import encoded
from tests.support.own_postgres import running_own_postgres
from tests.support.places import service_folder
from tests.support.postgres import PostgresServer
from tests.support.system import UpProcess, run_command, running_up, until

pytestmark = pytest.mark.timeout(300)

NOW = SystemClock().now_ms


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    with running_own_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def own_database(own_server: PostgresServer) -> Iterator[str]:
    with own_server.database(migrated=False) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def system(own_database: str) -> Iterator[UpProcess]:
    with service_folder() as path, running_up(path / "data", env=_told(own_database)) as running:
        yield running


def _told(conninfo: str) -> dict[str, str]:
    return {"ANXIN_DATABASE__URL": conninfo}


def test_a_press_is_stored_raises_its_alarm_and_gets_its_receipt(system: UpProcess, own_database: str) -> None:
    added = system.command("device", "add", "s1", "b1", "--json", env=_told(own_database))
    assert added.returncode == 0, added.stderr
    told = msgspec.json.decode(added.stdout)
    own = Credentials(told["username"], told["password"])
    until(lambda: system.gets_in(own))
    with connected(system.mqtt, own, "band") as band:
        band.subscribe("anxin/v1/s1/b1/receipt")
        t = NOW()
        band.publish("anxin/v1/s1/b1/sos", encoded(t=t, seq=1))
        receipt = msgspec.json.decode(band.receive()[1])
    assert (receipt["t"], receipt["seq"]) == (t, 1)
    assert rows(own_database, "select rule, state from alarm where id = %s", receipt["alarm"]) == [
        ("sos.button", "open")
    ]
    assert rows(own_database, "select count(*) from sos") == [(1,)]


def test_no_database_of_ours_runs_beside_it_and_the_status_names_the_server(
    system: UpProcess, own_database: str
) -> None:
    assert not (system.data_dir / "run" / "postgres.pid").exists()
    assert not (system.data_dir / "postgres").exists()
    answer = msgspec.json.decode(system.command("status", "--json", env=_told(own_database)).stdout)
    host = conninfo_to_dict(own_database)["host"]
    assert answer["database"] == {"running": True, "pid": None, "host": host, "steps_behind": 0}
    assert {role["state"] for role in answer["roles"]} == {"ready"}


def test_upkeep_runs_and_nothing_of_it_fails(system: UpProcess, own_database: str) -> None:
    until(lambda: len(rows(own_database, "select from upkeep_run")) >= 8)
    assert rows(own_database, "select job, error from upkeep_run where error is not null") == []


def test_the_roles_outlive_a_server_that_ends_their_connections(system: UpProcess, own_server: PostgresServer) -> None:
    names = ("gateway", "dispatcher", "console")
    before = [system.pid(name) for name in names]
    ours = "from pg_stat_activity where application_name like 'anxin %'"
    with psycopg.connect(own_server.superuser_conninfo, autocommit=True) as admin:
        ended = {row[0] for row in admin.execute(f"select pid, pg_terminate_backend(pid) {ours}")}
        writer = f"select pid {ours} and application_name = 'anxin gateway'"
        until(lambda: {row[0] for row in admin.execute(writer)} - ended)
    assert [system.pid(name) for name in names] == before


def test_a_server_that_cannot_be_used_ends_the_start_in_words_without_the_password(
    own_database: str, data_dir: Path
) -> None:
    wrong = make_conninfo(own_database, password="Geheimnis-17")
    ended = run_command("up", "--data-dir", str(data_dir), "--port", "0", "--mqtt-port", "0", "--database", wrong)
    assert ended.returncode == 1
    assert "the database cannot be used" in ended.stderr
    assert "the password is wrong" in ended.stderr
    assert "Geheimnis" not in ended.stderr + ended.stdout


@pytest.fixture
def data_dir(service_path: Path) -> Path:
    return service_path / "data"
