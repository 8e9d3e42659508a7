"""What a track tells whoever searches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from alerts.alarm import TimelineEntry
from alerts.search import Fix, apart_m, goers, movement_of, reach_of, with_certainty
from tests.support.alarms import MINUTE, SECOND, T0, an_alarm

DEGREE_M = 111_195.08


def fix(t_s: float, north_m: float, east_m: float = 0.0, **fields: Any) -> Fix:
    """A fix so long after T0, so far from a place on the equator."""
    at = Fix(
        t=round(T0 + SECOND * t_s),
        lat=north_m / DEGREE_M,
        lon=east_m / DEGREE_M,
        accuracy_m=10.0,
        source="gnss",
        device="b0",
    )
    return msgspec.structs.replace(at, **fields)


def _sure(*fixes: Fix) -> list[bool]:
    return [each.sure for each in with_certainty(fixes)]


def _walked(metres: Sequence[float], every_s: float = 15.0) -> list[Fix]:
    return with_certainty([fix(every_s * step, north_m) for step, north_m in enumerate(metres)])


def test_a_walk_and_a_bus_are_sure() -> None:
    assert _sure(fix(0, 0), fix(60, 60), fix(120, 1_200), fix(180, 2_400)) == [True] * 4


@pytest.mark.parametrize("doubt", [{"accuracy_m": 101.0}, {"source": "cell"}])
def test_what_is_coarse_is_doubtful_and_moves_nothing(doubt: dict[str, Any]) -> None:
    assert _sure(fix(0, 0), fix(15, 5_000, **doubt), fix(30, 20)) == [True, False, True]


def test_one_jump_is_doubtful() -> None:
    assert _sure(fix(0, 0), fix(15, 5_000), fix(30, 20), fix(45, -9_000), fix(60, 40)) == [
        True, False, True, False, True,
    ]  # fmt: skip


def test_two_jumps_that_disagree_are_doubtful() -> None:
    assert _sure(fix(0, 0), fix(15, 5_000), fix(30, -5_000), fix(45, 30)) == [True, False, False, True]


def test_a_jump_that_the_next_fix_agrees_with_is_where_they_are() -> None:
    assert _sure(fix(0, 0), fix(15, 5_000), fix(30, 5_010), fix(45, 5_020)) == [True] * 4


def test_a_fix_of_unknown_accuracy_is_believed() -> None:
    assert _sure(fix(0, 0, accuracy_m=None, source=None)) == [True]


def test_speed_and_direction_are_of_the_last_five_minutes() -> None:
    track = [fix(-600, 0, -3_000), *(fix(60 * minute, 0, 60 * minute) for minute in range(8))]
    moved = movement_of(with_certainty(track))
    assert moved is not None
    assert (moved.speed_mps, moved.heading_deg, moved.standing_ms) == (1.0, 90, 0)
    assert moved.from_ms == T0 + 2 * MINUTE


def test_the_scatter_of_fixes_is_standing() -> None:
    scatter = [0, 12, -9, 20, 3, -14, 8, 1, 15, -4, 6, 0, 11]
    moved = movement_of(_walked([-400, -200, *scatter], every_s=30))
    assert moved is not None
    assert (moved.speed_mps, moved.heading_deg) == (0.0, None)
    assert moved.standing_ms == 30 * SECOND * (len(scatter) - 1)


@pytest.mark.parametrize("fixes", [[], [fix(0, 0)], [fix(0, 0), fix(20, 20)]])
def test_too_little_says_nothing_of_movement(fixes: list[Fix]) -> None:
    assert movement_of(with_certainty(fixes)) is None


def test_they_can_have_walked_as_far_as_the_time_allows() -> None:
    last = fix(0, 0)
    assert reach_of(last, T0 + 10 * MINUTE).radius_m == 10 + 780
    assert reach_of(last, T0 - MINUTE).radius_m == 10


def test_distances_hold_across_the_date_line() -> None:
    assert apart_m(0, 179.9995, 0, -179.9995) == pytest.approx(111.2, abs=0.1)
    assert apart_m(60, 0, 60, 0.001) == pytest.approx(55.6, abs=0.1)


def _said(*entries: tuple[str, str, str | None]) -> list[tuple[str, str]]:
    timeline = tuple(
        TimelineEntry(t=T0 + number, actor=actor, event=event, to=to)
        for number, (actor, event, to) in enumerate(entries)
    )
    alarm = an_alarm("wandering.zone_exit")
    found = goers(msgspec.structs.replace(alarm, timeline=(*alarm.timeline, *timeline)))
    return [(goer.name, goer.state) for goer in found]


def test_everybody_who_goes_stands_there_once_with_their_last_word() -> None:
    assert _said(
        ("duty", "dispatch", "赵邻居"), ("duty", "dispatch", "王网格员"),
        ("responder:1", "cannot_come", "赵邻居"), ("responder:2", "arrive", "王网格员"),
    ) == [("赵邻居", "cannot"), ("王网格员", "there")]  # fmt: skip


def test_an_alarm_that_was_given_back_has_nobody_on_the_way() -> None:
    assert _said(("duty", "dispatch", "赵邻居"), ("duty", "release", None)) == []


def _paced(legs: int, length_m: float, *, every_s: float = 15.0, mps: float = 1.0) -> list[Fix]:
    """To and fro on one line, from end to end, from T0 on."""
    seconds = legs * length_m / mps
    return with_certainty(
        [
            fix(t, abs((t * mps + length_m) % (2 * length_m) - length_m))
            for t in [every_s * n for n in range(int(seconds / every_s) + 1)]
        ]
    )


def test_pacing_is_walking_about_and_says_how_far_how_long_and_how_often_they_turned() -> None:
    moved = movement_of(_paced(12, 50.0))
    assert moved is not None
    assert moved.roaming is not None
    assert moved.roaming.within_m == pytest.approx(50, abs=6)
    assert moved.roaming.walked_m == pytest.approx(540, abs=70)
    assert moved.roaming.turns == pytest.approx(11, abs=1)
    assert (moved.standing_ms, moved.heading_deg) == (0, None)


@pytest.mark.parametrize(
    "track",
    [
        _walked([40 * minute for minute in range(16)], every_s=60),
        _walked([0, 12, -9, 20, 3, -14, 8, 1, 15, -4, 6, 0, 11] * 3, every_s=20),
        _paced(3, 50.0),
    ],
    ids=["goes somewhere", "stands", "too short"],
)
def test_who_gets_somewhere_or_stands_does_not_walk_about(track: list[Fix]) -> None:
    moved = movement_of(track)
    assert moved is not None
    assert moved.roaming is None


def test_two_fixes_that_are_off_make_no_runner_of_who_walks() -> None:
    moved = movement_of(_walked([0, 35, 95], every_s=20))
    assert moved is not None
    assert moved.speed_mps is None
    assert moved.heading_deg == 0
    moved = movement_of(_walked([0, 35, 70, 95, 130, 158, 190], every_s=20))
    assert moved is not None
    assert moved.speed_mps == pytest.approx(1.6, abs=0.1)


def test_fixes_that_nobody_can_have_walked_are_no_walking_about() -> None:
    track = _walked([0, 300] * 24, every_s=15)
    moved = movement_of(track)
    assert moved is not None
    assert moved.roaming is None
