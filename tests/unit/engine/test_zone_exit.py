"""``wandering.zone_exit``: gone only when it is certain, back only when it is certain."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, What
from tests.reference.oracle import Told
from tests.reference.streams import (
    HOME,
    START,
    assignment,
    batch_of,
    change,
    circle,
    device,
    fix,
    north_of,
    one_of_each,
    resident,
    said_in,
)

S = 1000
OUT = [fix(START, 400), fix(START + 30 * S, 400)]


def whats(*readings: Told, extra: list[Any] | None = None) -> list[What]:
    engine = Engine()
    engine.apply([*one_of_each(), *(extra or [])])
    events = engine.process(batch_of(readings), readings[-1].received)
    assert {said.rule for said in said_in(events)} <= {Rule.WANDERING_ZONE_EXIT}
    return [What(said.what) for said in said_in(events)]


def test_two_fixes_and_thirty_seconds_outside_open_it() -> None:
    assert whats(*OUT) == [What.OPENED]
    assert whats(fix(START, 400), fix(START + 29 * S, 400)) == []
    assert whats(fix(START, 400)) == []
    assert whats(fix(START, 400), fix(START + 10 * S, 400), fix(START + 30 * S, 400)) == [What.OPENED]


def test_the_opening_fix_names_the_episode() -> None:
    engine = Engine()
    engine.apply(one_of_each())
    readings = [fix(START, 400, seq=1), fix(START + 40 * S, 500, seq=2), fix(START + 100 * S, 600, seq=3)]
    opened, evidence = said_in(engine.process(batch_of(readings), START + 100 * S))
    assert (opened.t, opened.opening_t, opened.opening_seq, opened.reading) == (START + 40 * S, START + 40 * S, 2, 1)
    assert (evidence.t, evidence.opening_t, evidence.opening_seq) == (START + 100 * S, START + 40 * S, 2)


def test_the_evidence_names_its_numbers() -> None:
    engine = Engine()
    engine.apply(one_of_each())
    (event,) = engine.process(batch_of(OUT), START)
    values = dict(zip(EVIDENCE_FIELDS[Rule.WANDERING_ZONE_EXIT], event["values"].tolist(), strict=False))
    assert values.pop("distance_outside_m") == pytest.approx(100, abs=0.1)
    assert values == {
        "accuracy_m": 5.0, "fixes_outside": 2.0, "seconds_outside": 30.0, "dwell_s": 30.0,
        "lat_deg": north_of(400)[0], "lon_deg": HOME[1],
    }  # fmt: skip


def test_a_fix_is_outside_only_beyond_its_own_error() -> None:
    assert whats(*(fix(START + i * 30 * S, 340, accuracy_m=50.0) for i in range(4))) == []
    assert whats(*(fix(START + i * 30 * S, 325, accuracy_m=None) for i in range(4))) == []
    assert whats(*(fix(START + i * 30 * S, 335, accuracy_m=None) for i in range(2))) == [What.OPENED]


def test_an_uncertain_fix_neither_counts_nor_interrupts() -> None:
    assert whats(fix(START, 400), fix(START + 15 * S, 310, accuracy_m=50.0), fix(START + 30 * S, 400)) == [What.OPENED]


def test_a_fix_inside_starts_the_count_anew() -> None:
    assert whats(fix(START, 400), fix(START + 15 * S, 200), fix(START + 30 * S, 400)) == []


def test_two_fixes_well_inside_recover_it() -> None:
    assert whats(*OUT, fix(START + 60 * S, 279), fix(START + 70 * S, 279)) == [What.OPENED, What.RECOVERED]
    assert whats(*OUT, fix(START + 60 * S, 285), fix(START + 70 * S, 285)) == [What.OPENED]
    broken = [fix(START + 60 * S, 279), fix(START + 70 * S, 290), fix(START + 80 * S, 279)]
    assert whats(*OUT, *broken) == [What.OPENED]


def test_a_fix_too_coarse_is_no_proof_of_being_back() -> None:
    assert whats(*OUT, *(fix(START + 60 * S + i, 0, accuracy_m=1500.0) for i in range(5))) == [What.OPENED]


def test_evidence_comes_at_most_once_a_minute() -> None:
    fixes = [fix(START + 30 * S + i * S, 400) for i in range(1, 181)]
    assert whats(*OUT, *fixes) == [What.OPENED] + [What.EVIDENCE] * 3


def test_late_fixes_raise_nothing_but_are_known() -> None:
    late = [fix(START, 400, received=START + 700 * S), fix(START + 30 * S, 400, received=START + 700 * S)]
    assert whats(*late) == []
    assert whats(*late, fix(START + 690 * S, 400, received=START + 700 * S)) == [What.OPENED]


def test_a_fix_out_of_order_moves_nothing() -> None:
    assert whats(fix(START + 30 * S, 400), fix(START, 400), fix(START + 30 * S, 400, seq=9)) == []
    assert whats(OUT[0], fix(START - S, 0), OUT[1]) == [What.OPENED]


def test_outside_means_outside_of_every_zone() -> None:
    both = [change(circle(0, 300.0)), change(circle(0, 600.0, name="park"))]
    assert whats(*OUT, extra=both) == []
    assert whats(fix(START, 700), fix(START + 30 * S, 700), extra=both) == [What.OPENED]


def test_without_a_zone_nobody_wanders() -> None:
    assert whats(*OUT, extra=[change(None, "fence", "f0c")]) == []


@pytest.mark.parametrize("status", ["away", "hospital", "paused", "moved", "deceased"])
def test_only_active_residents_wander(status: str) -> None:
    assert whats(*OUT, extra=[change(resident(0, status=status))]) == []


def test_a_household_and_nobody_do_not_wander() -> None:
    assert whats(*OUT, extra=[change(assignment(0, None))]) == []
    assert whats(*OUT, extra=[change(None, "assignment", "a0")]) == []


def test_a_second_band_left_at_home_does_not_hide_the_walk() -> None:
    second = [change(device(1)), change(assignment(1, 0))]
    left = [fix(START + 10 * S, 0, 1), fix(START + 20 * S, 0, 1)]
    assert whats(OUT[0], *left, OUT[1], extra=second) == [What.OPENED]


def test_changed_fences_start_the_track_anew() -> None:
    engine = Engine()
    engine.apply(one_of_each())
    assert len(engine.process(batch_of(OUT), START)) == 1
    engine.commit()
    engine.apply([change(circle(0, 350.0))])
    assert len(engine.process(batch_of([fix(START + 60 * S, 400)]), START)) == 0
    (said,) = said_in(engine.process(batch_of([fix(START + 90 * S, 400, seq=5)]), START))
    assert (said.what, said.opening_seq) == (What.OPENED, 5)


def test_a_status_told_again_does_not_end_the_episode() -> None:
    engine = Engine()
    engine.apply(one_of_each())
    engine.process(batch_of(OUT), START)
    engine.commit()
    engine.apply([change(resident(0, language="en"))])
    (said,) = said_in(engine.process(batch_of([fix(START + 90 * S, 400)]), START))
    assert said.what == What.EVIDENCE
