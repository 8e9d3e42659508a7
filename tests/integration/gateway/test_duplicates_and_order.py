"""Design rules 4 and 5, seen from outside: the same again changes nothing, disorder loses nothing."""

from __future__ import annotations

import random

import pytest

from devices.clock import SystemClock
from tests.support.brokers import RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms


@pytest.fixture(autouse=True)
def community(conninfo: str) -> None:
    seed_community(conninfo)


async def test_the_same_reading_again_changes_nothing(conninfo: str, broker: RunningBroker) -> None:
    t = NOW()
    press = encoded(t=t, seq=7)
    fix = encoded(t=t, seq=8, lat=31.2, lon=121.4)
    with connected(broker, broker.site("s1")) as band:
        async with running_gateway(conninfo, broker):
            for _ in range(3):
                band.publish("anxin/v1/s1/b0/sos", press)
                band.publish("anxin/v1/s1/b0/position", fix)
            band.publish("anxin/v1/s1/b0/position", b"[%b,%b]" % (fix, fix))
            band.publish("anxin/v1/s1/b0/position", encoded(t=t + 1, seq=9, lat=31.2, lon=121.4))
            await eventually(lambda: one(conninfo, "select count(*) from position") == 2, "both fixes stored")
        async with running_gateway(conninfo, broker):
            band.publish("anxin/v1/s1/b0/sos", press)
            band.publish("anxin/v1/s1/b0/position", fix)
            band.publish("anxin/v1/s1/b0/sos", encoded(t=t + 100_000, seq=10))
            await eventually(lambda: one(conninfo, "select count(*) from sos") == 2, "the second press stored")
    assert one(conninfo, "select count(*) from position") == 2
    # The second press, 100 s after the first, is an episode of its own and is folded into the alarm that stands.
    assert rows(conninfo, "select (object ->> 'count')::int, state from alarm") == [(2, "open")]


async def test_every_press_and_every_repetition_gets_a_receipt_that_names_the_alarm(
    conninfo: str, broker: RunningBroker
) -> None:
    t = NOW()
    with connected(broker, broker.site("s1")) as band:
        band.subscribe("anxin/v1/s1/+/receipt")
        async with running_gateway(conninfo, broker):
            receipts = []
            for _ in range(2):
                band.publish("anxin/v1/s1/b1/sos", encoded(t=t, seq=3))
                receipts.append(await eventually(lambda: not band.arrivals.empty() and band.receive(), "a receipt"))
    alarm = one(conninfo, "select id::text from alarm")
    expected = ("anxin/v1/s1/b1/receipt", encoded(kind="sos", t=t, seq=3, alarm=alarm))
    assert receipts == [expected, expected]


async def test_readings_in_any_order_are_all_stored_once_and_raise_the_same_alarms(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    t = NOW() - 60_000
    messages = [("position", encoded(t=t + i * 500, seq=i, lat=31.2, lon=121.4)) for i in range(60)]
    messages += [("heartbeat", encoded(t=t + i * 500, seq=i, battery_pct=80)) for i in range(60)]
    messages += [("sos", encoded(t=t + 1_000, seq=1)), ("fall", encoded(t=t + 2_000, seq=2, confidence=0.9))]
    random.Random(5).shuffle(messages)
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            for kind, payload in messages:
                band.publish(f"anxin/v1/s1/b2/{kind}", payload)
            await eventually(
                lambda: (
                    one(conninfo, "select (select count(*) from position) + (select count(*) from heartbeat)") == 120
                ),
                "all stored",
            )
    assert rows(conninfo, "select rule, state from alarm order by rule") == [
        ("fall.device", "open"),
        ("sos.button", "open"),
    ]


async def test_a_reading_with_a_time_ahead_of_ours_is_stored_once_though_it_comes_twice(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    fix = encoded(t=NOW() + 200_000, seq=1, lat=31.2, lon=121.4)
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b0/position", fix)
            band.publish("anxin/v1/s1/b0/position", fix)
            band.publish("anxin/v1/s1/b0/heartbeat", encoded(t=NOW(), seq=2))
            await eventually(lambda: one(conninfo, "select count(*) from heartbeat") == 1, "the heartbeat stored")
    assert one(conninfo, "select count(*) from position") == 1
    assert one(conninfo, "select count(*) from rejected") == 0
