"""A broker of one's own is found out by experiment, and what stands in the way is said in words."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from devices.credentials import mosquitto_password_hash
from gateway import broker_probe
from gateway.broker_probe import BACKLOG, CLIENT_ID, SLOW_PAIR_MS, Findings, probe
from gateway.errors import BrokerRefusedError, BrokerUnreachableError
from gateway.session import RECEIVE_MAXIMUM, BrokerAddress
from gateway.sign_in import Client, signed_in
from tests.support.authority import make_authority
from tests.support.brokers import RunningBroker
from tests.support.gateway import address_of
from tests.support.own_mosquitto import own_mosquitto

ENOUGH: Final = {"max_inflight_messages": "0", "max_queued_messages": "100000000", "set_tcp_nodelay": "true"}
OPEN: Final = {"allow_anonymous": "true"}


async def _probe(settings: Mapping[str, str], folder: Path, **account: str) -> Findings:
    async with own_mosquitto(folder, settings) as port:
        return await probe(BrokerAddress("127.0.0.1", port, account.get("username"), account.get("password")))


def _settings_named(findings: Findings) -> set[str]:
    return {name for advice in findings.advice for name in advice.setting.split(", ")}


async def test_a_broker_set_as_ours_gets_no_advice(mosquitto: RunningBroker) -> None:
    found = await probe(address_of(mosquitto))
    assert (found.window, found.kept) == (RECEIVE_MAXIMUM, BACKLOG)
    assert found.advice == ()


async def test_mosquittos_defaults_are_found_out_by_name(service_path: Path) -> None:
    found = await _probe(OPEN, service_path)
    assert found.kept == 1000
    assert found.pair_ms > SLOW_PAIR_MS
    assert {"max_queued_messages", "max_queued_bytes", "set_tcp_nodelay"} <= _settings_named(found)


async def test_a_bound_in_bytes_is_found_as_well(service_path: Path) -> None:
    found = await _probe({**OPEN, **ENOUGH, "max_queued_bytes": "500000"}, service_path)
    assert found.kept < BACKLOG
    assert _settings_named(found) == {"max_queued_messages", "max_queued_bytes"}


async def test_a_small_window_is_told_from_a_small_queue(
    mosquitto: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_twenties(address: BrokerAddress, *, clean_start: bool) -> AbstractAsyncContextManager[Client]:
        """What a broker with ``max_inflight_messages 20`` does of itself, Mosquitto does for who asks for it."""
        return signed_in(address, CLIENT_ID, clean_start=clean_start, session_expiry_s=60, receive_maximum=20)

    monkeypatch.setattr(broker_probe, "_session", in_twenties)
    found = await probe(address_of(mosquitto))
    assert (found.window, found.kept) == (20, BACKLOG)
    assert _settings_named(found) == {"max_inflight_messages"}


def test_a_window_that_took_all_that_was_kept_is_not_called_small() -> None:
    assert _settings_named(Findings(window=1000, kept=1000, pair_ms=0)) == {"max_queued_messages", "max_queued_bytes"}
    assert _settings_named(Findings(window=20, kept=BACKLOG, pair_ms=0)) == {"max_inflight_messages"}


def test_a_session_that_was_forgotten_asks_for_persistence() -> None:
    found = Findings(window=RECEIVE_MAXIMUM, kept=BACKLOG, pair_ms=0, forgot=True)
    assert _settings_named(found) == {"persistence"}


async def test_nothing_of_the_probe_stays_at_the_broker(mosquitto: RunningBroker) -> None:
    await probe(address_of(mosquitto))
    async with signed_in(address_of(mosquitto), CLIENT_ID, clean_start=False) as client:
        assert not client.session_present


@pytest.mark.parametrize(
    ("rights", "says"),
    [
        ("topic read anxin/v1/#", "may not publish"),
        ("topic write anxin/v1/_gateway/+/marker", "may not read"),
    ],
)
async def test_a_missing_right_is_named(service_path: Path, rights: str, says: str) -> None:
    (service_path / "acl").write_text(f"user gateway\n{rights}\n")
    (service_path / "passwords").write_text(f"gateway:{mosquitto_password_hash('right')}\n")
    settings = {
        **ENOUGH,
        "allow_anonymous": "false",
        "acl_file": str(service_path / "acl"),
        "password_file": str(service_path / "passwords"),
    }
    with pytest.raises(BrokerRefusedError, match=says):
        await _probe(settings, service_path, username="gateway", password="right")


async def test_a_wrong_password_is_named(mosquitto: RunningBroker) -> None:
    wrong = address_of(mosquitto)._replace(password="wrong")
    with pytest.raises(BrokerRefusedError, match="user name or password"):
        await probe(wrong)


async def test_a_broker_of_mqtt_3_is_named(iotcore: RunningBroker) -> None:
    old = address_of(iotcore)._replace(port=iotcore.broker.port_v4)
    with pytest.raises(BrokerRefusedError, match="MQTT 5"):
        await probe(old)


async def test_what_is_no_broker_is_named(free_port: Callable[[], int]) -> None:
    async with _answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        with pytest.raises(BrokerRefusedError, match="no MQTT broker"):
            await probe(BrokerAddress("127.0.0.1", port))
    with pytest.raises(BrokerUnreachableError):
        await probe(BrokerAddress("127.0.0.1", free_port()))


async def test_a_broker_that_speaks_mqtt_3_alone_is_named_by_its_answer() -> None:
    async with _answering(b"\x20\x02\x00\x01") as port:
        with pytest.raises(BrokerRefusedError, match="MQTT 5"):
            await probe(BrokerAddress("127.0.0.1", port))


class TestTls:
    """The broker has a certificate of an authority of our own."""

    @pytest.fixture
    async def port(self, service_path: Path, authority: Path) -> AsyncIterator[int]:
        files = {"certfile": str(authority / "broker.crt"), "keyfile": str(authority / "broker.key")}
        async with own_mosquitto(service_path, {**OPEN, **ENOUGH, **files}) as port:
            yield port

    async def test_its_authority_lets_us_trust_it(self, port: int, authority: Path) -> None:
        trusts = ssl.create_default_context(cafile=str(authority / "ca.crt"))
        assert (await probe(BrokerAddress("127.0.0.1", port, tls=trusts))).advice == ()

    async def test_without_its_authority_the_setting_is_named(self, port: int) -> None:
        with pytest.raises(BrokerRefusedError, match="ca_file"):
            await probe(BrokerAddress("127.0.0.1", port, tls=ssl.create_default_context()))

    async def test_a_plain_client_is_told_to_use_tls(self, port: int) -> None:
        with pytest.raises(BrokerRefusedError, match="mqtts://"):
            await probe(BrokerAddress("127.0.0.1", port))

    async def test_tls_at_a_plain_port_is_named(self, mosquitto: RunningBroker) -> None:
        with pytest.raises(BrokerRefusedError, match="no TLS"):
            await probe(address_of(mosquitto)._replace(tls=ssl.create_default_context()))


@pytest.fixture
def authority(service_path: Path) -> Path:
    """A folder with ``ca.crt``, ``broker.crt`` and ``broker.key``."""
    make_authority(service_path)
    return service_path


@asynccontextmanager
async def _answering(answer: bytes) -> AsyncIterator[int]:
    """Something that listens, and answers whatever it is told with the same bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
