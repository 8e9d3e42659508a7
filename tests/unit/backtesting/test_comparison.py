"""Two runs are compared alarm by alarm: what is the same, what is gone, what is new, and what of it was true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
import pytest

from alerts.alarm import Alarm
from alerts.folding import fold
from anxin.backtesting.comparison import Comparison, Live, OfDay, OfRule, OfSubject, Pair, Side, compare, counterparts
from devices.wearing import FOREVER
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, an_alarm, an_episode

RULE = "wandering.zone_exit"
ZONES = {"north": "Asia/Shanghai", "west": "America/New_York"}


def side(*alarms: Alarm, until: Mapping[UUID, int] | None = None) -> Side:
    ends = until or {}
    return Side(alarms, lambda alarm: ends.get(alarm.id, FOREVER))


def compared(was: Side, changed: Side, real: Sequence[Alarm] = (), start: int = T0) -> Comparison:
    return compare(was, changed, side(*real), start_ms=start, zones=ZONES)


def of(resident: str, t: int = T0) -> Alarm:
    folded = fold(None, an_episode(RULE, t, subject=f"resident:{resident}", resident=resident), t)
    assert folded.alarm is not None
    return folded.alarm


def test_nothing_changed_is_no_difference_at_all() -> None:
    alarms = [msgspec.structs.replace(of(f"r{i}"), id=UUID(int=i)) for i in range(5)]
    totals = compared(side(*alarms), side(*alarms)).totals
    assert (totals.alarms, totals.same, totals.gone, totals.added) == (Pair(5, 5), 5, 0, 0)
    assert (totals.earlier, totals.later, totals.severity_changed) == (0, 0, 0)


def test_the_same_episode_opened_by_another_reading_is_the_same_alarm_later() -> None:
    early, late = of("r1"), of("r1", T0 + MINUTE)
    assert early.id != late.id
    there = compared(side(early), side(late)).totals
    back = compared(side(late), side(early)).totals
    assert (there.same, there.later, there.earlier, there.gone, there.added) == (1, 1, 0, 0, 0)
    assert (back.same, back.later, back.earlier, back.gone, back.added) == (1, 0, 1, 0, 0)


@pytest.mark.parametrize("apart", ["subject", "rule", "time"])
def test_what_differs_in_subject_rule_or_time_is_another_alarm(apart: str) -> None:
    one, other = of("r1"), of("r2" if apart == "subject" else "r1", T0 + HOUR)
    if apart == "rule":
        other = msgspec.structs.replace(other, rule="vitals.spo2")
    until = {one.id: T0 + MINUTE} if apart == "time" else {}
    totals = compared(side(one, until=until), side(other)).totals
    assert (totals.same, totals.gone, totals.added) == (0, 1, 1)


def test_each_alarm_has_one_counterpart_at_most() -> None:
    one, first, second = of("r1"), of("r1", T0 + SECOND), of("r1", T0 + MINUTE)
    found = counterparts(side(one), side(first, second))
    assert found == {one.id: first}
    totals = compared(side(one), side(first, second)).totals
    assert (totals.same, totals.added) == (1, 1)
    totals = compared(side(first, second), side(one)).totals
    assert (totals.same, totals.gone) == (1, 1)


def test_an_alarm_whose_counterpart_came_in_the_warm_up_is_not_gone() -> None:
    before, after = of("r1", T0 - MINUTE), of("r1", T0 + MINUTE)
    totals = compared(side(after), side(before)).totals
    assert (totals.alarms, totals.same, totals.gone, totals.earlier) == (Pair(1, 0), 1, 0, 1)
    totals = compared(side(before), side(after)).totals
    assert (totals.alarms, totals.same, totals.added) == (Pair(0, 1), 0, 0)


def test_of_what_staff_closed_it_says_lost_spared_moved_or_not_repeated() -> None:
    lost, spared, moved, unknown, ordinary = (of(f"r{i}") for i in range(5))
    close = msgspec.structs.replace
    real = [
        close(lost, state="closed", outcome="true_alarm"),
        close(spared, state="closed", outcome="false_alarm"),
        close(moved, state="closed", outcome="true_alarm"),
        close(unknown, state="closed", outcome="false_alarm"),
        close(ordinary, state="closed", outcome="accidental"),
    ]
    found = compared(side(lost, spared, moved, ordinary), side(of("r2", T0 + 90 * SECOND), ordinary), real)
    assert [(row.alarm, row.outcome, row.fate, row.later_s) for row in found.closed] == [
        (lost.id, "true_alarm", "gone", None),
        (spared.id, "false_alarm", "gone", None),
        (moved.id, "true_alarm", "kept", 90.0),
        (unknown.id, "false_alarm", "not_reproduced", None),
    ]
    assert found.live == Live(raised=5, same=4, missing=1, other=0)


def test_counts_by_rule_and_severity_day_and_subject() -> None:
    calm = an_alarm("device.battery_low", T0, subject="device:band-1", resident=None)
    loud = of("r1")
    far = msgspec.structs.replace(of("r2"), site="west")
    found = compared(side(calm, loud, far), side(calm, loud))
    assert found.rules == (
        OfRule("device.battery_low", "low", sounds=False, alarms=Pair(1, 1)),
        OfRule(RULE, "high", sounds=True, alarms=Pair(2, 1)),
    )
    assert found.days == (OfDay("2025-06-15", alarms=Pair(3, 2), sounding=Pair(2, 1)),)
    assert found.subjects[0] == OfSubject("west", "r2", Pair(1, 0))
    assert found.totals.sounding == Pair(2, 1)
    # 23:06 in Shanghai, 11:06 in New York.
    assert found.totals.sounding_at_night == Pair(1, 1)


def test_a_day_is_the_sites_own() -> None:
    late = T0 + HOUR
    found = compared(side(of("r1", late), msgspec.structs.replace(of("r2", late), site="west")), side())
    assert {day.day: day.alarms.as_was for day in found.days} == {"2025-06-16": 1, "2025-06-15": 1}


def test_another_severity_is_told() -> None:
    mild = of("r1")
    totals = compared(side(mild), side(msgspec.structs.replace(mild, severity="medium"))).totals
    assert (totals.same, totals.severity_changed) == (1, 1)
