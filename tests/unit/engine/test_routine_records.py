"""Routines take little room, none for whom nothing can be known of, and survive what is undone."""

from __future__ import annotations

from typing import Any

from alerts.engine import Engine
from alerts.engine.routine import PULSE, ROUTINE
from tests.reference.streams import START, assignment, batch_of, beat, change, device, resident

S = 1000
MINUTE = 60 * S


def state_of(engine: Engine) -> Any:
    return engine._state


def test_a_routine_takes_at_most_512_bytes() -> None:
    assert PULSE.itemsize + ROUTINE.itemsize <= 512


def test_only_those_who_ever_had_a_device_have_one() -> None:
    engine = Engine()
    engine.apply([*(change(resident(slot)) for slot in range(1000)), change(device()), change(assignment(0, 700))])
    assert state_of(engine).resident["routine"].tolist().count(-1) == len(state_of(engine).resident) - 1
    assert len(state_of(engine).pulse) < 100
    engine.apply([change(device(1)), change(assignment(1, 3))])
    assert state_of(engine).resident["routine"][[700, 3]].tolist() == [0, 1]


def test_whoever_learns_of_them_at_once_gives_the_same_routines_as_whoever_did_one_by_one() -> None:
    told = [
        *(change(resident(slot)) for slot in range(400)),
        *(change(device(slot)) for slot in range(400)),
        change(resident(5, status="away")),
        *(change(assignment(slot, 399 - slot)) for slot in range(300)),
        change(assignment(300, 399)),
    ]
    at_once, one_by_one = Engine(), Engine()
    at_once.apply(told)
    for each in told:
        one_by_one.apply([each])
    assert at_once.snapshot() == one_by_one.snapshot()
    assert state_of(at_once).resident["routine"][399:99:-1].tolist() == list(range(300))


def test_a_day_of_beats_is_undone_bit_for_bit() -> None:
    engine = Engine()
    engine.apply([change(resident()), change(device()), change(assignment())])
    engine.process(batch_of([beat(START, steps=1)]), START)
    engine.commit()
    kept = engine.snapshot()
    steps = [1 + i // 7 for i in range(288)]
    beats = [beat(START + i * 5 * MINUTE, steps=total) for i, total in enumerate(steps, start=1)]
    engine.process(batch_of(beats), beats[-1].t)
    assert engine.snapshot() != kept
    engine.rollback()
    assert engine.snapshot() == kept
