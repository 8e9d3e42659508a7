"""The three roles, each under an ``anxin up`` of its own, as docker-compose.yml runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest_asyncio

from anxin.embedded.broker import Credentials
from tests.support.brokers import connected
from tests.support.container_mosquitto import ContainerMosquitto, container_mosquitto
from tests.support.places import free_port, service_folder
from tests.support.postgres import PostgresServer
from tests.support.system import UpProcess, run_command, running_up, until

ROLES: Final = ("gateway", "dispatcher", "console")


@dataclass
class Apart:
    """Three systems that share a database and a broker."""

    systems: Mapping[str, UpProcess]
    env: Mapping[str, str]
    broker: ContainerMosquitto

    def health(self, role: str) -> subprocess.CompletedProcess[str]:
        """What the health check of that role's container says."""
        return subprocess.run(
            [sys.executable, "-m", "anxin.health", str(self.systems[role].data_dir)],
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def gets_in(self, account: Credentials) -> bool:
        with connected(self.broker, account) as device:
            return device.refused is None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def apart(postgres_server: PostgresServer) -> AsyncIterator[Apart]:
    """One for all laws; the one that ends a part of it stands last."""
    with service_folder() as folder, postgres_server.database(migrated=False) as conninfo:
        async with _apart(folder, conninfo) as running:
            yield running


@asynccontextmanager
async def _apart(folder: Path, conninfo: str) -> AsyncIterator[Apart]:
    secrets = folder / "secrets"
    secrets.mkdir()
    async with container_mosquitto(folder) as broker:
        (secrets / "ANXIN_DATABASE__URL").write_text(conninfo)
        (secrets / "ANXIN_MQTT__BROKER").write_text(f"mqtt://gateway:of%20my%20choice@127.0.0.1:{broker.port}\n")
        (secrets / "ANXIN_TWILIO__ACCOUNT_SID").touch()
        env = {
            "ANXIN_SECRETS_DIR": str(secrets),
            "ANXIN_LOGS": "stderr",
            "ANXIN_MQTT__ACCOUNTS_DIR": str(broker.accounts),
            "ANXIN_MQTT__DEVICE_ADDRESS": "mqtt.example:8883",
            "ANXIN_GATEWAY__METRICS_PORT": str(free_port()),
        }
        with ExitStack() as stack:
            systems = {
                role: stack.enter_context(running_up(folder / role, env={**env, "ANXIN_ROLES": json.dumps([role])}))
                for role in ROLES
            }
            yield Apart(systems, env, broker)


def test_a_press_goes_all_the_way_and_a_device_has_a_password_of_its_own(apart: Apart) -> None:
    assert (
        run_command(
            "staff", "add", "wang", "--role", "admin", "--password-stdin", stdin="duty desk\n", env=apart.env
        ).returncode
        == 0
    )
    with httpx.Client(base_url=apart.systems["console"].console) as console:
        token = _created(console.post("/api/v1/session", json={"username": "wang", "password": "duty desk"}))["token"]
        console.headers["Authorization"] = f"Bearer {token}"
        site = _created(console.post("/api/v1/sites", json={"id": "s1", "name": "North"}))["id"]
        called = ("staff", "add", "zhao", "--role", "supervisor", "--password-stdin", "--phone")
        refused = run_command(*called, "no number", stdin="duty desk\n", env=apart.env)
        assert refused.returncode != 0
        assert "--phone: a phone number has digits only" in refused.stderr
        assert run_command(*called, "138 0000 0000", stdin="duty desk\n", env=apart.env).returncode == 0
        staff = {each["username"]: each["phone"] for each in console.get("/api/v1/staff").json()["items"]}
        assert staff["zhao"] == "13800000000"
        home = {"lat": 31.2, "lon": 121.4}
        resident = _created(
            console.post(
                "/api/v1/residents",
                json={"site": site, "name": "Li Na", "home": home, "timezone": "Asia/Shanghai"},
            )
        )["id"]
        device = _created(
            console.post("/api/v1/devices", json={"site": site, "device": "b1", "type": "band", "resident": resident})
        )
        assert device["mqtt"] == {"host": "mqtt.example", "port": 8883}
        account = Credentials(device["username"], device["password"])
        until(lambda: apart.gets_in(account), patience_s=10)
        with connected(apart.broker, account) as band:
            band.publish("anxin/v1/s1/b1/sos", b"{}")
        alarm = until(lambda: console.get("/api/v1/alarms").raise_for_status().json()["items"])[0]
        assert (alarm["kind"], alarm["resident"], alarm["state"]) == ("sos", resident, "open")
        assert run_command("device", "revoke", "b1", env=apart.env).returncode == 0
        until(lambda: not apart.gets_in(account), patience_s=10)


def test_the_roles_speak_to_standard_error_where_they_are_told_to(apart: Apart) -> None:
    for system in apart.systems.values():
        assert list(system.data_dir.glob("log/*")) == []
    gateway = apart.systems["gateway"].data_dir
    until(lambda: "broker_keeps_enough" in gateway.with_name("gateway.stderr").read_text())
    assert apart.systems["gateway"].lines == [apart.systems["gateway"].lines[-1]]


def test_each_is_well_by_itself_and_says_when_it_is_not(apart: Apart) -> None:
    assert {role: apart.health(role).stderr for role in ROLES} == dict.fromkeys(ROLES, "")
    assert {apart.health(role).returncode for role in ROLES} == {0}
    for role in ROLES:
        assert [path.stem for path in apart.systems[role].data_dir.glob("run/*.pid")] == [role]
    seen = apart.systems["gateway"].command("status", "--json", env={**apart.env, "ANXIN_ROLES": '["gateway"]'})
    answer = json.loads(seen.stdout)
    assert answer["broker"] == {"running": True, "pid": None, "reason": None}
    assert {role["role"]: role["running"] for role in answer["roles"]} == {
        "gateway": True,
        "dispatcher": None,
        "console": None,
    }
    apart.systems["gateway"].terminate()
    unwell = apart.health("gateway")
    assert (unwell.returncode, "no system is up" in unwell.stderr) == (1, True)
    assert apart.health("dispatcher").returncode == apart.health("console").returncode == 0


def _created(answer: httpx.Response) -> dict[str, Any]:
    created: dict[str, Any] = answer.raise_for_status().json()
    return created
