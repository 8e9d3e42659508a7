"""The laws of the broker port, over both implementations."""

from __future__ import annotations

import signal

import pytest

from anxin.embedded.broker import Credentials
from anxin.embedded.errors import PortBusy
from anxin.embedded.iotcore import Iotcore
from anxin.embedded.mosquitto import Mosquitto
from anxin.embedded.ports import choose_port
from anxin.embedded.proof import start_mark
from tests.support.brokers import RunningBroker, connected


async def test_who_has_an_account_gets_in(broker: RunningBroker) -> None:
    for credentials in (broker.gateway, broker.site("s1")):
        with connected(broker, credentials) as client:
            assert client.refused is None


@pytest.mark.parametrize("username", ["gateway", "site-s1", "unknown"])
async def test_a_wrong_password_is_refused(broker: RunningBroker, username: str) -> None:
    with connected(broker, Credentials(username, "wrong")) as client:
        assert client.refused is not None


async def test_nobody_gets_in_without_a_name(broker: RunningBroker) -> None:
    with connected(broker, None) as client:
        assert client.refused is not None


async def test_what_a_site_publishes_reaches_the_gateway(broker: RunningBroker) -> None:
    with connected(broker, broker.gateway) as gateway, connected(broker, broker.site("s1")) as site:
        gateway.subscribe("anxin/v1/+/+/sos")
        site.publish("anxin/v1/s1/b1/sos", b"{}")
        assert gateway.receive() == ("anxin/v1/s1/b1/sos", b"{}")


async def test_a_session_keeps_what_came_while_its_client_was_away(broker: RunningBroker) -> None:
    with connected(broker, broker.gateway, "gw", keep_session=True) as gateway:
        gateway.subscribe("anxin/v1/+/+/sos")
    with connected(broker, broker.site("s1")) as site:
        for n in range(50):
            site.publish("anxin/v1/s1/b1/sos", b"%d" % n)
    with connected(broker, broker.gateway, "gw", keep_session=True) as gateway:
        assert gateway.session_present
        assert [gateway.receive()[1] for _ in range(50)] == [b"%d" % n for n in range(50)]


async def test_five_thousand_messages_wait_for_a_stalled_subscriber(broker: RunningBroker) -> None:
    with (
        connected(broker, broker.gateway, "gw", keep_session=True, manual_ack=True) as gateway,
        connected(broker, broker.site("s1")) as site,
    ):
        gateway.subscribe("anxin/v1/+/+/heartbeat")
        last = [site.inner.publish("anxin/v1/s1/b1/heartbeat", b"%d" % n, 1) for n in range(5000)][-1]
        last.wait_for_publish(20)
    with connected(broker, broker.gateway, "gw", keep_session=True) as gateway:
        got = {int(gateway.receive()[1]) for _ in range(5000)}
        assert got == set(range(5000))


async def test_it_comes_back_on_the_same_port(broker: RunningBroker) -> None:
    assert broker.broker.child is not None
    broker.broker.child.signal(signal.SIGKILL)
    await broker.broker.child.wait()
    await broker.broker.start()
    with connected(broker, broker.gateway) as client:
        assert client.refused is None


async def test_nothing_runs_after_stop(broker: RunningBroker) -> None:
    assert broker.broker.child is not None
    pid = broker.broker.child.pid
    await broker.broker.stop()
    assert start_mark(pid) is None
    assert list(broker.folder.run.glob("*.pid")) == []


async def test_a_busy_port_is_named_with_its_option(broker: RunningBroker) -> None:
    with pytest.raises(PortBusy, match=rf"{broker.port}.*--mqtt-port"):
        choose_port("127.0.0.1", broker.port, "--mqtt-port")


def test_both_implementations_have_the_port(mosquitto: RunningBroker, iotcore: RunningBroker) -> None:
    assert isinstance(mosquitto.broker, Mosquitto)
    assert isinstance(iotcore.broker, Iotcore)
