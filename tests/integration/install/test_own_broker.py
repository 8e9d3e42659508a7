"""``anxin up`` beside a broker that somebody else runs, and what it says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.support.own_mosquitto import own_mosquitto
from tests.support.places import free_port
from tests.support.system import run_command, running_up, until

DEFAULTS: Final = {"allow_anonymous": "true"}


async def test_a_broker_that_would_lose_messages_is_named_in_status(service_path: Path) -> None:
    async with own_mosquitto(service_path, DEFAULTS) as port:
        broker = ("--broker", f"127.0.0.1:{port}")
        with running_up(service_path / "data", *broker) as system:
            detail = until(lambda: system.role("gateway")["detail"])
            assert "max_queued_messages" in detail
            assert "set_tcp_nodelay" in detail
            assert system.role("gateway")["state"] == "ready"
            env = {"ANXIN_MQTT__BROKER": f"127.0.0.1:{port}"}
            assert "max_queued_messages" in system.command("status", env=env).stdout
            (line,) = (line for line in system.command("status", env=env).stdout.splitlines() if line[:6] == "broker")
            assert line.split() == ["broker", "running"]


async def test_a_wrong_password_is_an_error_in_words_before_any_role_starts(service_path: Path) -> None:
    (service_path / "passwords").touch()
    settings = {"allow_anonymous": "false", "password_file": str(service_path / "passwords")}
    async with own_mosquitto(service_path, settings) as port:
        broker = f"mqtt://gateway:hidden@127.0.0.1:{port}"
        refused = run_command("up", "--data-dir", str(service_path / "data"), "--port", "0", "--broker", broker)
    assert refused.returncode == 1
    assert f"127.0.0.1:{port}: it does not accept the user name or password" in refused.stderr
    assert "hidden" not in refused.stderr
    assert refused.stdout == ""


def test_accounts_to_keep_need_a_broker_that_says_the_gateways_password(service_path: Path) -> None:
    env = {"ANXIN_MQTT__ACCOUNTS_DIR": str(service_path)}
    where = ("--data-dir", str(service_path / "data"), "--port", "0", "--broker", f"127.0.0.1:{free_port()}")
    refused = run_command("up", *where, env=env)
    assert refused.returncode == 1
    assert "mqtt://gateway:PASSWORD@" in refused.stderr
