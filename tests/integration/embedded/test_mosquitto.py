"""What only Mosquitto can do: an access list, accounts at run time, sessions that survive a restart."""

from __future__ import annotations

import pytest

from tests.support.brokers import Client, RunningBroker, connected


def _says(device: Client, gateway: Client, topic: str) -> bool:
    """Whether what a device publishes there reaches the gateway: a publication of its own follows it."""
    device.publish(topic, b"claim")
    device.publish("anxin/v1/s1/b1/checkin", b"end")
    first = gateway.receive()
    if first == ("anxin/v1/s1/b1/checkin", b"end"):
        return False
    assert gateway.receive() == ("anxin/v1/s1/b1/checkin", b"end")
    return True


@pytest.mark.parametrize(
    ("topic", "passes"),
    [
        ("anxin/v1/s1/b1/sos", True),
        ("anxin/v1/s1/b2/sos", False),
        ("anxin/v1/s1/b1/command", False),
        ("anxin/v1/s1/alarms", False),
        ("anxin/v1/s1/b1/unheard_of", False),
    ],
)
async def test_a_device_speaks_for_itself_alone(mosquitto: RunningBroker, topic: str, passes: bool) -> None:
    mosquitto.add_device("b2")
    credentials = mosquitto.add_device("b1")
    with connected(mosquitto, mosquitto.gateway) as gateway, connected(mosquitto, credentials) as device:
        gateway.subscribe("anxin/v1/#")
        assert _says(device, gateway, topic) is passes
        assert not device.ended.is_set()


async def test_a_device_hears_its_own_commands_and_nobody_elses(mosquitto: RunningBroker) -> None:
    credentials = mosquitto.add_device("b1")
    with connected(mosquitto, mosquitto.gateway) as gateway, connected(mosquitto, credentials) as device:
        device.subscribe("anxin/v1/s1/+/command")
        device.subscribe("anxin/v1/s1/+/sos")
        gateway.publish("anxin/v1/s1/b2/command", b"not for b1")
        gateway.publish("anxin/v1/s1/b1/command", b"for b1")
        assert device.receive() == ("anxin/v1/s1/b1/command", b"for b1")
        assert device.arrivals.empty()


async def test_a_site_speaks_for_its_devices_alone(mosquitto: RunningBroker) -> None:
    with connected(mosquitto, mosquitto.gateway) as gateway, connected(mosquitto, mosquitto.site("s1")) as site:
        gateway.subscribe("anxin/v1/#")
        site.publish("anxin/v1/s2/b1/sos", b"foreign")
        site.publish("anxin/v1/s1/b1/sos", b"own")
        assert gateway.receive() == ("anxin/v1/s1/b1/sos", b"own")


async def test_an_account_added_while_it_runs_gets_in(mosquitto: RunningBroker) -> None:
    credentials = mosquitto.add_device("b1")
    with connected(mosquitto, credentials) as device:
        assert device.refused is None


async def test_a_revoked_device_is_put_out_and_stays_out(mosquitto: RunningBroker) -> None:
    credentials = mosquitto.add_device("b1")
    with connected(mosquitto, credentials) as device:
        mosquitto.revoke_device("b1")
        assert device.ended.wait(5)
    with connected(mosquitto, credentials) as device:
        assert device.refused is not None


async def test_a_device_named_like_a_service_does_not_replace_it(mosquitto: RunningBroker) -> None:
    mosquitto.add_device("gateway")
    with connected(mosquitto, mosquitto.gateway) as gateway:
        assert gateway.refused is None


async def test_sessions_and_queues_survive_a_restart(mosquitto: RunningBroker) -> None:
    with connected(mosquitto, mosquitto.gateway, "gw", keep_session=True) as gateway:
        gateway.subscribe("anxin/v1/+/+/sos")
    with connected(mosquitto, mosquitto.site("s1")) as site:
        site.publish("anxin/v1/s1/b1/sos", b"kept")
    await mosquitto.broker.stop()
    await mosquitto.broker.start()
    with connected(mosquitto, mosquitto.gateway, "gw", keep_session=True) as gateway:
        assert gateway.session_present
        assert gateway.receive()[1] == b"kept"
