"""Bad input at a running gateway: what is rejected, what never is, and that nothing stops the pipeline."""

from __future__ import annotations

import psycopg
import pytest

from devices.clock import SystemClock
from gateway.store import masses
from tests.support.brokers import RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms


@pytest.fixture(autouse=True)
def community(conninfo: str) -> None:
    seed_community(conninfo)


def _good_fix(**more: object) -> bytes:
    return encoded(**{"t": NOW(), "lat": 31.2, "lon": 121.4, **more})


POISON = {
    "not JSON": (b"\x00\xff{{", "bad_json"),
    "half a JSON": (b'{"lat": 1, "lo', "bad_json"),
    "nested beyond reason": (b"[" * 5000, "bad_json"),
    "no object": (b"42", "bad_value"),
    "empty array": (b"[]", "bad_json"),
    "no time": (b'{"lat": 1, "lon": 2}', "bad_value"),
    "latitude beyond the pole": (_good_fix(lat=90.5), "bad_value"),
    "NaN": (b'{"t": 1750000000000, "lat": NaN, "lon": 2}', "bad_json"),
    "infinite": (b'{"t": 1750000000000, "lat": 1e999, "lon": 2}', "bad_value"),
    "a time beyond all integers": (b'{"t": 99999999999999999999999, "lat": 1, "lon": 2}', "bad_value"),
    "a time before 2020": (_good_fix(t=1_000_000_000_000), "bad_value"),
    "a time an hour ahead": (_good_fix(t=NOW() + 3_600_000), "future_time"),
    "seq beyond uint32": (_good_fix(seq=2**32), "bad_value"),
    "text for a number": (_good_fix(lat="x"), "bad_value"),
}


@pytest.mark.parametrize("name", POISON)
async def test_poison_is_kept_with_its_reason_and_stops_nothing(
    conninfo: str, mosquitto: RunningBroker, name: str
) -> None:
    payload, reason = POISON[name]
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b0/position", payload)
            band.publish("anxin/v1/s1/b0/position", _good_fix())
            await eventually(lambda: one(conninfo, "select count(*) from position") == 1, "the good fix is stored")
    ((found, kept),) = rows(conninfo, "select reason, payload from rejected")
    assert found == reason
    assert kept == payload[:4096]


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("anxin/v1/s1/stranger/position", "unknown_device"),
        ("anxin/v1/s2/b0/position", "wrong_site"),
        ("anxin/v1/s1/b1/position", "revoked_device"),
        ("anxin/v1/s1/b 0/position", "bad_topic"),
    ],
)
async def test_readings_of_a_device_that_may_not_send_are_rejected(
    conninfo: str, mosquitto: RunningBroker, topic: str, reason: str
) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("update device set revoked = true where id = 'b1'")
    with connected(mosquitto, mosquitto.site(topic.split("/")[2])) as anyone:
        async with running_gateway(conninfo, mosquitto):
            anyone.publish(topic, _good_fix())
            await eventually(lambda: one(conninfo, "select count(*) from rejected") == 1, "rejected")
    assert one(conninfo, "select reason from rejected") == reason
    assert one(conninfo, "select count(*) from position") == 0


async def test_the_good_readings_of_an_array_stand(conninfo: str, mosquitto: RunningBroker) -> None:
    t = NOW()
    entries = b",".join([_good_fix(t=t - 2), b'{"t": 5}', b'"x"', _good_fix(t=t - 1)])
    many = b",".join(_good_fix(t=t + i) for i in range(1001))
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b0/position", b"[" + entries + b"]")
            band.publish("anxin/v1/s1/b0/position", b"[" + many + b"]")
            await eventually(lambda: one(conninfo, "select count(*) from position") == 1002, "the good ones")
    assert sorted(rows(conninfo, "select reason from rejected")) == [
        ("bad_value",),
        ("bad_value",),
        ("too_many_readings",),
    ]


PRESSES = {
    "empty": b"",
    "not JSON": b"\xfe\x00SOS",
    "no time": b"{}",
    "a time far ahead": encoded(t=NOW() + 86_400_000),
    "a time before 2020": encoded(t=12345),
    "a time that is a word": b'{"t": "now"}',
    "a time beyond all integers": b'{"t": 99999999999999999999999999}',
    "a bad place": encoded(t=NOW(), lat=500, lon="x", accuracy_m=-1),
    "a bad seq": encoded(t=NOW(), seq="a", cancel="perhaps"),
    "an array with rubbish": b'[null, {"t": 1}]',
    "an empty array": b"[]",
    "a NUL inside": b'{"t": 1, "note": "\\u0000"}',
    "a lone surrogate": b'{"t": 1, "\\ud800": 1}',
}


@pytest.mark.parametrize("name", PRESSES)
@pytest.mark.parametrize("kind", ["sos", "fall"])
async def test_a_cry_for_help_is_never_rejected(conninfo: str, mosquitto: RunningBroker, kind: str, name: str) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish(f"anxin/v1/s1/b0/{kind}", PRESSES[name])
            await eventually(lambda: one(conninfo, "select count(*) from alarm") == 1, "the alarm")
    assert rows(conninfo, "select kind, state, resident, severity from alarm") == [(kind, "open", "r0", "critical")]
    assert one(conninfo, f"select count(*) from {kind}") == 1


async def test_a_defect_is_named_in_the_evidence(conninfo: str, mosquitto: RunningBroker) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b0/sos", encoded(t=12345, lat=500, seq=4))
            evidence = await eventually(
                lambda: rows(conninfo, "select object -> 'evidence', object -> 'event_time' from alarm"), "alarm"
            )
    ((found, event_time),) = evidence
    assert found["clock_suspect"] is True
    assert found["t_device"] == 12345
    assert found["defects"] == ["lat"]
    assert abs(event_time - NOW()) < 60_000


@pytest.mark.parametrize("topic", ["anxin/v1/s1/stranger/sos", "anxin/v1/s2/b0/sos", "anxin/v1/s1/b1/sos"])
async def test_a_cry_of_a_device_that_may_not_send_is_an_alarm_without_a_resident(
    conninfo: str, mosquitto: RunningBroker, topic: str
) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("update device set revoked = true where id = 'b1'")
    with connected(mosquitto, mosquitto.site(topic.split("/")[2])) as anyone:
        async with running_gateway(conninfo, mosquitto):
            anyone.publish(topic, encoded(t=NOW(), seq=1))
            await eventually(lambda: one(conninfo, "select count(*) from alarm") == 1, "the alarm")
    assert rows(conninfo, "select resident, severity, object ->> 'device' from alarm") == [
        (None, "high", topic.split("/")[3])
    ]


async def test_a_retained_message_is_ignored_and_counted_but_for_presence(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        band.publish("anxin/v1/s1/b0/position", _good_fix(), retain=True)
        band.publish("anxin/v1/s1/b0/presence", encoded(state="offline"), retain=True)
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b0/position", _good_fix(t=NOW() - 1), retain=True)
            band.publish("anxin/v1/s1/b0/heartbeat", encoded(t=NOW()))
            await eventually(lambda: one(conninfo, "select count(*) from heartbeat") == 1, "the heartbeat")
    assert one(conninfo, "select count(*) from position") == 0
    assert rows(conninfo, "select online from presence") == [(False,)]


@pytest.mark.parametrize("copy_from", [10, masses.COPY_FROM])
async def test_what_the_database_refuses_is_set_aside_and_the_rest_of_the_batch_stands(
    conninfo: str, mosquitto: RunningBroker, monkeypatch: pytest.MonkeyPatch, copy_from: int
) -> None:
    """Design rule 6: bisection under savepoints, the refused rows move to ``rejected``."""
    monkeypatch.setattr(masses, "COPY_FROM", copy_from)
    with psycopg.connect(conninfo) as connection:
        connection.execute("alter table position add constraint refuse_one check (lat <> 31.25)")
        connection.execute("alter table sos add constraint refuse_press check (seq <> 66)")
    t = NOW()
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            fixes = [_good_fix(t=t - i, seq=i, lat=31.25 if i == 17 else 31.2) for i in range(50)]
            band.publish("anxin/v1/s1/b0/position", b"[" + b",".join(fixes) + b"]")
            band.publish("anxin/v1/s1/b0/sos", encoded(t=t, seq=66))
            await eventually(lambda: one(conninfo, "select count(*) from position") == 49, "the others are stored")
            await eventually(lambda: one(conninfo, "select count(*) from alarm") == 1, "the alarm all the same")
            band.publish("anxin/v1/s1/b0/position", _good_fix(t=t + 1))
            await eventually(lambda: one(conninfo, "select count(*) from position") == 50, "and it goes on")
    assert rows(conninfo, "select distinct reason from rejected") == [("store_refused",)]
    assert one(conninfo, "select count(*) from rejected") == 2
