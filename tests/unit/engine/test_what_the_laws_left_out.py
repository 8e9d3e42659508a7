"""Found by trying to break the engine: journals that fill twice, boxes of people who come back, one bad reading."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.engine import Engine, KernelFault, Rule
from alerts.engine.zones import Drawn, Polygon, Zone, disc_of, drawn
from devices.registry import Record
from tests.reference.streams import (
    START,
    assignment,
    batch_of,
    beat,
    change,
    circle,
    device,
    fix,
    one_of_each,
    parameter,
    press,
    resident,
    said_in,
)

S = 1000
HOUR = 3600 * S


def engine_of(*records: Record) -> Engine:
    engine = Engine()
    engine.apply([change(record) for record in records])
    return engine


def test_readings_find_room_in_the_journal_after_many_deadlines_of_the_same_turn() -> None:
    boxes = [record for slot in range(200) for record in (device(slot, type="box"), assignment(slot, 0))]
    engine = engine_of(resident(), *boxes, parameter("system.site_silent.enabled", 0.0))
    engine.process(batch_of([beat(START, slot) for slot in range(200)]), START)
    engine.commit()
    kept = engine.snapshot()
    assert len(engine.advance(START + HOUR, START)) == 200
    for turn in range(3):
        beats = [beat(START + HOUR + turn, slot) for slot in range(200)]
        assert len(engine.process(batch_of(beats), START + HOUR + turn)) == (200 if turn == 0 else 0)
    engine.rollback()
    assert engine.snapshot() == kept


def box_that_falls_silent(engine: Engine, now: int) -> list[int]:
    """What is said of a box that reports every five minutes, and then no more."""
    for _ in range(10):
        now += 300 * S
        engine.process(batch_of([beat(now, interval_s=300.0)]), now)
        engine.advance(now, START)
        engine.commit()
    return [said.rule for said in said_in(engine.advance(now + HOUR, START))]


def test_the_box_of_somebody_who_was_away_is_judged_again_when_they_are_back() -> None:
    engine = engine_of(resident(), device(type="box"), assignment())
    assert box_that_falls_silent(engine, START) == [Rule.DEVICE_FAULT]
    engine.rollback()
    engine.apply([change(resident(status="away"))])
    assert box_that_falls_silent(engine, START + HOUR) == []
    engine.apply([change(resident())])
    assert box_that_falls_silent(engine, START + HOUR + 3000 * S) == [Rule.DEVICE_FAULT]


def test_the_box_of_somebody_who_moves_is_judged_by_the_rules_of_where_they_are() -> None:
    engine = engine_of(resident(), device(type="box"), assignment(), parameter("device.fault.enabled", 0, "site"))
    assert box_that_falls_silent(engine, START) == []
    moved = resident()
    engine.apply([change(type(moved)(id=moved.id, slot=0, site="elsewhere", name=""))])
    assert box_that_falls_silent(engine, START + 3000 * S) == [Rule.DEVICE_FAULT]


@pytest.mark.parametrize("bad", ["row", "place"])
def test_a_bad_reading_is_passed_over_once_its_detector_is_off(bad: str) -> None:
    engine = engine_of(*(c.record for c in one_of_each() if c.record is not None))
    batch = batch_of([fix(START, 10), press(START)])
    if bad == "row":
        batch.header["row"][0] = 7
    else:
        batch.position["lat"][0] = np.nan
    with pytest.raises(KernelFault) as fault:
        engine.process(batch, START)
    assert fault.value.detector is Rule.WANDERING_ZONE_EXIT
    engine.disable(Rule.WANDERING_ZONE_EXIT)
    assert [said.rule for said in said_in(engine.process(batch, START))] == [Rule.SOS_BUTTON]


def test_an_interval_that_cannot_be_is_passed_over_once_silence_is_off() -> None:
    engine = engine_of(*(c.record for c in one_of_each() if c.record is not None))
    batch = batch_of([beat(START, interval_s=-1.0), press(START)])
    with pytest.raises(KernelFault) as fault:
        engine.process(batch, START)
    assert fault.value.detector is Rule.MISSED_CHECK_SILENT
    engine.disable(Rule.MISSED_CHECK_SILENT)
    assert [said.rule for said in said_in(engine.process(batch, START))] == [Rule.SOS_BUTTON]


def test_no_parameter_lays_out_zones_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(resident(), device(), assignment(), circle(0))

    def laid_out(zone: Zone) -> Drawn:
        raise AssertionError(zone)

    monkeypatch.setattr("alerts.engine.laying.drawn", laid_out)
    moved = resident()
    engine.apply([change(type(moved)(id=moved.id, slot=0, site="elsewhere", name=""))])
    engine.apply([change(parameter("wandering.zone_exit.back_m", 140)), change(parameter("vitals.spo2.low_pct", 90))])
    away = [fix(START + i * 30 * S, metres) for i, metres in enumerate((400, 400, 170, 170))]
    assert [said.reading for said in said_in(engine.process(batch_of(away), START + HOUR))] == [1]
    engine.commit()
    engine.apply([change(parameter("wandering.zone_exit.back_m", 10))])
    back = [fix(START + 300 * S + i * 30 * S, 280) for i in range(2)]
    assert [said.reading for said in said_in(engine.process(batch_of(back), START + HOUR))] == [1]


def test_no_disc_is_drawn_in_a_polygon_too_large_for_its_plane() -> None:
    corners = ((-0.3, -34.0), (-0.3, 34.0), (0.3, 34.0), (0.0, 0.0), (0.3, -34.0))
    assert disc_of([drawn(Polygon(corners))])[3] == -1.0
    assert disc_of([drawn(Polygon(tuple((lat, lon / 34.0) for lat, lon in corners)))])[3] > 0.0


def test_registry_changes_are_refused_after_a_batch_that_brought_only_devices() -> None:
    engine = engine_of(*(c.record for c in one_of_each() if c.record is not None))
    untrusted = batch_of([fix(START, 10, 700)])
    untrusted.header["trusted"] = 0
    engine.process(untrusted, START)
    with pytest.raises(RuntimeError):
        engine.apply(one_of_each())
    engine.rollback()
    engine.apply(one_of_each())
