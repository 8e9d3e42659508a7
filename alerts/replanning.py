"""What a changed plan, holiday or clock makes of the windows that stand: pure, one resident at a time (ADR-30).

* What is over stays as it was: the promise was made, and kept or broken.
* What was kept stays; a window of the same plan that would ask within it anew is not asked for.
* What has not opened yet is as the plans now say.
* What is under way, and still promised at another time, goes on with its new end; shortened to before now, it keeps
  its old one. No longer promised at all, it is withdrawn, and the day's list says so.
* Nothing is asked for that should have opened already, unless it goes on so, or no planner ran when it was to be
  written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from devices.registry import KeptBy


class Wanted(NamedTuple):
    """A window as the plans say; ``promised_ms``: since when its plan does."""

    plan: str
    day: date
    opens_ms: int
    closes_ms: int
    grace_ms: int | None
    by: KeptBy
    promised_ms: int = 0


class Standing(NamedTuple):
    """A stored window; ``due_ms`` its end with its grace. Times in ms."""

    id: str
    terms: Wanted
    due_ms: int
    kept: bool


class Revision(NamedTuple):
    """What is to be written; ids in the first two. ``withdrawn`` ones were under way and leave a trace."""

    dropped: list[str]
    withdrawn: list[str]
    changed: list[tuple[str, Wanted]]
    added: list[Wanted]


def revised(standing: Sequence[Standing], wanted: Sequence[Wanted], *, now: int, planned_to: int) -> Revision:
    """What makes the standing windows those that are wanted; nothing, when they are already.

    Args:
        standing: The windows of one resident that ended within the last day, or are to come, in their order.
        wanted: The windows of the same time as the plans say, parted from each other.
        now: Unix ms.
        planned_to: Windows that open from then on (ms) have never been laid out; a planner that was down is late.
    """
    if [each.terms[:-1] for each in standing] == [each[:-1] for each in wanted]:
        return Revision([], [], [], [])
    return _compared(standing, wanted, now, planned_to)


def _compared(standing: Sequence[Standing], wanted: Sequence[Wanted], now: int, planned_to: int) -> Revision:
    revision = Revision([], [], [], [])
    by_end = {each.closes_ms: each for each in wanted}
    fixed: list[Standing] = []
    going_on: set[int] = set()
    staying: list[tuple[Standing, Wanted]] = []
    for each in standing:
        if each.kept or each.due_ms <= now:
            fixed.append(each)
        elif each.terms.closes_ms in by_end:
            staying.append((each, by_end[each.terms.closes_ms]))
        elif each.terms.opens_ms > now:
            revision.dropped.append(each.id)
        elif not (meeting := [other.closes_ms for other in wanted if _meet(each.terms, other)]):
            revision.withdrawn.append(each.id)
        elif later := [closes for closes in meeting if closes > now]:
            revision.dropped.append(each.id)
            going_on.update(later)
        else:
            fixed.append(each)
    for each, terms in staying:
        beside = _beside(terms, fixed)
        if beside is not None and beside[:-1] != each.terms[:-1]:
            revision.changed.append((each.id, beside))
    there = {each.terms.closes_ms for each in standing}
    for terms in wanted:
        late = planned_to <= terms.opens_ms and terms.promised_ms <= terms.opens_ms
        if terms.closes_ms in there or not (terms.opens_ms >= now or terms.closes_ms in going_on or late):
            continue
        beside = _beside(terms, fixed)
        if beside is not None:
            revision.added.append(beside)
    return revision


def _beside(terms: Wanted, fixed: Iterable[Standing]) -> Wanted | None:
    """What is left of a window beside those that stay; None when it was kept already, or nothing is left."""
    for each in fixed:
        if _meet(each.terms, terms):
            if each.kept and each.terms.plan == terms.plan:
                return None
            terms = terms._replace(opens_ms=max(terms.opens_ms, each.terms.closes_ms))
    return terms if terms.opens_ms < terms.closes_ms else None


def _meet(a: Wanted, b: Wanted) -> bool:
    return a.opens_ms < b.closes_ms and b.opens_ms < a.closes_ms
