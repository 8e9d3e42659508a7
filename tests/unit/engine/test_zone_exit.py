"""``wandering.zone_exit``: gone only when it is certain, back only when it is certain."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, What
from devices.registry import RegistryChange, ZoneHours
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
        "lat_deg": north_of(400)[0], "lon_deg": HOME[1], "edge_m": 30.0,
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


def edge(start_s: int, until_s: int, every_s: int = 30, metres: float = 320) -> list[Told]:
    """Fixes just beyond the line: the edge of a zone of 300 m is 30 m wide."""
    return [fix(START + t * S, metres) for t in range(start_s, until_s + 1, every_s)]


def test_just_beyond_the_line_takes_five_minutes() -> None:
    assert whats(*edge(0, 270)) == []
    assert whats(*edge(0, 300)) == [What.OPENED]
    assert whats(*edge(0, 300, metres=331)) == [What.OPENED] + [What.EVIDENCE] * 4


def test_the_edge_is_a_tenth_of_the_zone_and_no_wider_than_a_hundred_metres() -> None:
    for radius_m, width_m in ((50.0, 5), (300.0, 30), (1000.0, 100), (1500.0, 100)):
        zone = [change(circle(0, radius_m))]
        assert whats(*edge(0, 60, metres=radius_m + width_m + 2, every_s=30), extra=zone)[:1] == [What.OPENED]
        within = [fix(START + t * S, radius_m + width_m - 2, accuracy_m=1.0) for t in range(0, 271, 30)]
        assert whats(*within, extra=zone) == []


def test_time_in_which_nobody_was_seen_is_no_time_at_the_edge() -> None:
    assert whats(*edge(0, 240), *edge(3600, 3600), *edge(3630, 3660)) == [What.OPENED]
    assert whats(*edge(0, 240), *edge(900, 930)) == []
    assert whats(*edge(0, 600, every_s=300)) == [What.OPENED, What.EVIDENCE]


def test_whoever_walks_on_over_the_edge_is_outside_as_soon_as_ever() -> None:
    assert whats(*edge(0, 60), fix(START + 70 * S, 340), fix(START + 100 * S, 360)) == [What.OPENED]
    assert whats(*edge(0, 60), fix(START + 70 * S, 340), *edge(80, 80), fix(START + 100 * S, 360)) == []


def test_a_receiver_that_finds_itself_step_by_step_is_nobody_leaving() -> None:
    first = [fix(START + i * 30 * S, metres) for i, metres in enumerate((3000, 1900, 1200, 700, 450, 0))]
    assert whats(*first) == []
    assert whats(fix(START, 600), fix(START + 30 * S, 520), fix(START + 60 * S, 440)) == []
    assert whats(fix(START, 600), fix(START + 30 * S, 680), fix(START + 60 * S, 760)) == [What.OPENED]
    assert whats(fix(START, 600), fix(START + 30 * S, 1900)) == [What.OPENED]


def test_nobody_leaves_a_zone_at_an_hour_at_which_it_does_not_count() -> None:
    """START is 23:06:40 of a Sunday in Shanghai."""

    def at(opens: str, closes: str, days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)) -> list[What]:
        return whats(*OUT, extra=[change(circle(0, active=ZoneHours(days=days, opens=opens, closes=closes)))])

    assert at("08:00", "23:00") == []
    assert at("08:00", "24:00") == [What.OPENED]
    assert at("23:00", "06:00", (6,)) == [What.OPENED]
    assert at("23:00", "06:00", (0, 1, 2, 3, 4, 5)) == []
    assert at("23:09", "23:08", (5,)) == [What.OPENED]
    assert at("22:00", "22:00", (5,)) == []
    assert at("22:00", "22:00", (6,)) == [What.OPENED]


def test_a_zone_that_does_not_count_leaves_the_others() -> None:
    by_day = change(circle(0, 600.0, name="market", active=ZoneHours(opens="08:00", closes="18:00")))
    assert whats(*OUT, extra=[by_day]) == [What.OPENED]
    whole_day = change(circle(0, 600.0, name="market", active=ZoneHours()))
    assert whats(*OUT, extra=[whole_day]) == []


def test_hours_are_those_of_where_the_resident_lives() -> None:
    by_day = change(circle(0, active=ZoneHours(opens="08:00", closes="18:00")))
    assert whats(*OUT, extra=[by_day, change(resident(0, timezone="Europe/Berlin"))]) == [What.OPENED]
    assert whats(*OUT, extra=[by_day, change(resident(0, timezone="Nowhere/Atlantis"))]) == [What.OPENED]


def test_whoever_is_out_when_the_hours_end_is_back_when_they_are_back() -> None:
    """At 23:10 the zone ceases to count: nobody is judged, but what stands is followed to its end."""
    till_ten_past = change(circle(0, active=ZoneHours(opens="08:00", closes="23:10")))
    later = START + 3600 * S
    back = [fix(later, 0), fix(later + 30 * S, 0)]
    assert whats(*OUT, *back, extra=[till_ten_past]) == [What.OPENED, What.RECOVERED]
    assert whats(OUT[0], fix(later, 400), fix(later + 40 * S, 400), extra=[till_ten_past]) == []


def test_nobody_is_judged_while_somebody_goes_with_them() -> None:
    def until(s: int) -> list[RegistryChange]:
        return [change(resident(0, accompanied_until=START + s * S))]

    walk = [fix(START + t * S, 400) for t in range(0, 121, 30)]
    assert whats(*walk, extra=until(3600)) == []
    assert whats(*walk, extra=until(0)) == [What.OPENED, What.EVIDENCE]
    assert whats(*walk, extra=until(61)) == [What.OPENED]
    assert whats(*walk, extra=until(91)) == []


def test_company_makes_an_episode_forgotten_and_whoever_is_left_alone_outside_is_judged_anew() -> None:
    engine = Engine()
    engine.apply(one_of_each())
    assert len(engine.process(batch_of(OUT), START)) == 1
    engine.commit()
    engine.apply([change(resident(0, accompanied_until=START + 100 * S))])
    together = [fix(START + 60 * S, 400), fix(START + 95 * S, 400)]
    assert len(engine.process(batch_of(together), START)) == 0
    alone = [fix(START + t * S, 400, seq=t) for t in (110, 150)]
    (said,) = said_in(engine.process(batch_of(alone), START))
    assert (said.what, said.opening_seq) == (What.OPENED, 150)
