"""What a change of plans makes of windows that stand."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerts.replanning import Revision, Standing, Wanted, revised

NOW = 1_000_000
DAY = date(2026, 6, 1)
NOTHING = Revision([], [], [], [])


def _wanted(opens: int, closes: int, **more: Any) -> Wanted:
    """A window at so many ms from now."""
    terms = Wanted(plan="p", day=DAY, opens_ms=NOW + opens, closes_ms=NOW + closes, grace_ms=None, by="button")
    return terms._replace(**more)


def _standing(opens: int, closes: int, *, kept: bool = False, grace: int = 15, **more: Any) -> Standing:
    terms = _wanted(opens, closes, **more)
    return Standing(f"{opens}", terms, terms.closes_ms + grace, kept)


def _revised(standing: list[Standing], *wanted: Wanted, planned_to: int = NOW + 10_000) -> Revision:
    return revised(standing, wanted, now=NOW, planned_to=planned_to)


def test_what_is_as_wanted_stays() -> None:
    standing = [_standing(-300, -200), _standing(-100, -5), _standing(-3, 20), _standing(30, 40)]
    assert _revised(standing, *(each.terms for each in standing)) == NOTHING
    moved = _wanted(30, 40, promised_ms=7)
    assert _revised([_standing(30, 40)], moved) == NOTHING


def test_what_has_not_opened_is_as_the_plans_say() -> None:
    earlier = _wanted(25, 40, grace_ms=9)
    found = _revised([_standing(10, 20), _standing(30, 40)], earlier, _wanted(50, 60))
    assert found == Revision(["10"], [], [("30", earlier)], [_wanted(50, 60)])


def test_what_is_over_stays_and_is_not_asked_for_anew() -> None:
    assert _revised([_standing(-300, -200), _standing(-100, -15, kept=True)]) == NOTHING
    assert _revised([], _wanted(-300, -200)) == NOTHING
    assert _revised([_standing(-100, -50)], _wanted(-100, 50)) == NOTHING


def test_a_window_under_way_that_nobody_promises_any_more_is_withdrawn() -> None:
    assert _revised([_standing(-100, 50)]) == NOTHING._replace(withdrawn=["-100"])
    assert _revised([_standing(-100, -5)]) == NOTHING._replace(withdrawn=["-100"]), "its grace still runs"


def test_a_window_under_way_goes_on_with_its_new_end() -> None:
    longer = _wanted(-100, 90)
    assert _revised([_standing(-100, 50)], longer) == Revision(["-100"], [], [], [longer])
    assert _revised([_standing(-100, -5)], longer) == Revision(["-100"], [], [], [longer])
    later = _wanted(10, 50)
    assert _revised([_standing(-100, 50)], later) == Revision([], [], [("-100", later)], [])


def test_a_window_under_way_that_is_shortened_to_before_now_keeps_its_end() -> None:
    assert _revised([_standing(-100, 50)], _wanted(-100, -1)) == NOTHING


def test_what_was_kept_is_not_asked_for_again_when_its_plan_changes() -> None:
    assert _revised([_standing(-100, 50, kept=True)], _wanted(-100, 90)) == NOTHING
    early = _standing(5, 50, kept=True)
    assert _revised([early], _wanted(20, 90)) == NOTHING
    other = _wanted(20, 90, plan="q")
    assert _revised([early], other).added == [_wanted(50, 90, plan="q")], "it is another promise: after what was kept"


def test_nothing_is_asked_for_that_should_have_opened_before_it_was_promised() -> None:
    assert _revised([], _wanted(-1, 50)) == NOTHING
    assert _revised([], _wanted(0, 50)).added == [_wanted(0, 50)]


def test_what_no_planner_wrote_in_time_is_asked_for_late_unless_it_was_not_promised_then() -> None:
    missed = [_wanted(-300, -200), _wanted(-100, 50)]
    assert _revised([], *missed, planned_to=NOW - 100).added == missed[1:]
    assert _revised([], *missed, planned_to=NOW - 300).added == missed
    since = [each._replace(promised_ms=NOW - 100) for each in missed]
    assert _revised([], *since, planned_to=NOW - 300).added == since[1:]


@st.composite
def _parted(draw: st.DrawFn) -> list[Wanted]:
    cuts = sorted(draw(st.sets(st.integers(-60, 60), max_size=8)))
    plans = st.sampled_from(["p", "q"])
    return [_wanted(a, b, plan=draw(plans)) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]


@given(before=_parted(), after=_parted(), kept=st.sets(st.integers(0, 5)), planned=st.integers(-80, 80))
def test_windows_never_overlap_after_a_change_and_a_second_look_changes_nothing(
    before: list[Wanted], after: list[Wanted], kept: set[int], planned: int
) -> None:
    standing = [Standing(f"{n}", terms, terms.closes_ms + 15, n in kept) for n, terms in enumerate(before)]
    found = revised(standing, after, now=NOW, planned_to=NOW + planned)
    gone, changed = {*found.dropped, *found.withdrawn}, dict(found.changed)
    stays = [each._replace(terms=changed.get(each.id, each.terms)) for each in standing if each.id not in gone]
    stays += [Standing(f"new {n}", terms, terms.closes_ms + 15, False) for n, terms in enumerate(found.added)]
    spans = sorted((each.terms.opens_ms, each.terms.closes_ms) for each in stays)
    assert all(opens < closes for opens, closes in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert revised(stays, after, now=NOW, planned_to=NOW + planned) == NOTHING


@given(before=_parted(), after=_parted())
def test_every_window_under_way_is_still_asked_for_in_some_way_or_was_withdrawn(
    before: list[Wanted], after: list[Wanted]
) -> None:
    standing = [Standing(f"{n}", terms, terms.closes_ms + 15, False) for n, terms in enumerate(before)]
    found = revised(standing, after, now=NOW, planned_to=NOW + 10_000)
    for each in standing:
        if each.terms.opens_ms <= NOW < each.due_ms and each.id in found.dropped:
            assert any(
                other.opens_ms < each.terms.closes_ms and other.closes_ms > max(NOW, each.terms.opens_ms)
                for other in [*found.added, *(terms for _, terms in found.changed)]
            )
