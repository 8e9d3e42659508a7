"""``device.battery_low``: opens at 15 %, recovers at 25 %, and nothing between."""

from __future__ import annotations

from alerts.engine import Engine, Rule, Severity, What
from tests.reference.oracle import Said, Told
from tests.reference.streams import START, batch_of, beat, change, device, one_of_each, said_in

S = 1000


def said_of(*readings: Told) -> list[Said]:
    engine = Engine()
    engine.apply([*one_of_each(), change(device(5))])
    return said_in(engine.process(batch_of(readings), START))


def levels(*percents: float | None) -> list[What]:
    return [What(said.what) for said in said_of(*(beat(START + i, battery_pct=p) for i, p in enumerate(percents)))]


def test_it_opens_at_fifteen_percent_and_recovers_at_twenty_five() -> None:
    assert levels(15.1) == []
    assert levels(15.0, 14.0, 24.9) == [What.OPENED]
    assert levels(15.0, 25.0, 15.0) == [What.OPENED, What.RECOVERED, What.OPENED]


def test_unknown_is_neither_low_nor_charged() -> None:
    assert levels(None) == []
    assert levels(10.0, None, 20.0) == [What.OPENED]


def test_charging_alone_does_not_recover_it() -> None:
    assert [
        said.what for said in said_of(beat(START, battery_pct=9.0), beat(START + S, battery_pct=9.0, charging=True))
    ] == [What.OPENED]


def test_the_device_is_its_subject_even_when_nobody_wears_it() -> None:
    (said,) = said_of(beat(START, 5, battery_pct=3.0, seq=8))
    assert said == Said(Rule.DEVICE_BATTERY_LOW, What.OPENED, Severity.LOW, START, START, 8, 0, -1, 5, 0)


def test_a_late_heartbeat_opens_nothing() -> None:
    assert said_of(beat(START, battery_pct=3.0, received=START + 601 * S)) == []


def test_a_heartbeat_out_of_order_changes_nothing() -> None:
    assert levels(10.0) == [What.OPENED]
    assert [said.what for said in said_of(beat(START, battery_pct=80.0), beat(START - S, battery_pct=3.0))] == []
