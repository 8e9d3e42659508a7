"""What the auditor says of what it found: once that it began, once that it is over, and again when it begins again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from uuid import uuid4

import msgspec
import pytest

from alerts.alarm import Alarm, Episode
from alerts.audit import PING_EVERY_MS, audit, episodes, run
from alerts.findings import NOBODY_ON_DUTY, STEP_OVERDUE, Finding, Look
from alerts.folding import fold
from devices.clock import MINUTE_MS, ManualClock
from tests.support.alarm_memory import MemoryStore
from tests.support.alarms import T0

OVERDUE = Finding(rule=STEP_OVERDUE, site="north", since=T0, evidence={"overdue_steps": 1})
UNATTENDED = Finding(rule=NOBODY_ON_DUTY, site="north", since=T0)


def said(look: Look, now: int = T0 + MINUTE_MS) -> list[tuple[str, str]]:
    return [(each.rule, each.what) for each in episodes(look, now)]


def folded(alarm: Alarm | None, episode: Episode, now: int) -> Alarm:
    after = fold(alarm, episode, now).alarm
    assert after is not None
    return after


def opened(finding: Finding, now: int = T0 + MINUTE_MS) -> Alarm:
    (episode,) = episodes(Look(findings=(finding,)), now)
    return folded(None, episode, now)


def over(alarm: Alarm, now: int) -> Alarm:
    (episode,) = episodes(Look(active=(alarm,)), now)
    return folded(alarm, episode, now)


def again(finding: Finding, alarm: Alarm, now: int) -> Alarm:
    (episode,) = episodes(Look(findings=(finding,), active=(alarm,)), now)
    return folded(alarm, episode, now)


def test_what_is_wrong_opens_an_alarm_of_the_site_named_by_its_deadline() -> None:
    alarm = opened(OVERDUE)
    assert (alarm.kind, alarm.rule, alarm.severity, alarm.state) == ("system", STEP_OVERDUE, "high", "open")
    assert (alarm.subject, alarm.site, alarm.event_time) == ("north", "north", T0)
    assert alarm.id == opened(OVERDUE, T0 + 2 * MINUTE_MS).id
    assert alarm.id != opened(Finding(rule=STEP_OVERDUE, site="north", since=T0 + 1)).id
    assert opened(UNATTENDED).severity == "medium"


def test_what_stands_is_not_said_twice() -> None:
    assert said(Look(findings=(OVERDUE,), active=(opened(OVERDUE),))) == []


def test_what_is_over_recovers_once() -> None:
    alarm = opened(OVERDUE)
    assert said(Look(active=(alarm,))) == [(STEP_OVERDUE, "recovered")]
    assert said(Look(active=(over(alarm, T0 + 2 * MINUTE_MS),))) == []


def test_a_look_tells_sites_and_rules_apart() -> None:
    elsewhere = Finding(rule=STEP_OVERDUE, site="south", since=T0)
    look = Look(findings=(elsewhere, UNATTENDED), active=(opened(OVERDUE),))
    assert said(look) == [(STEP_OVERDUE, "opened"), (NOBODY_ON_DUTY, "opened"), (STEP_OVERDUE, "recovered")]


def test_that_somebody_came_on_duty_ends_the_alarm_but_a_late_step_waits_for_a_person() -> None:
    assert over(opened(UNATTENDED), T0 + MINUTE_MS).state == "resolved"
    assert over(opened(OVERDUE), T0 + MINUTE_MS).state == "open"


@pytest.mark.parametrize("state", ["acknowledged", "dispatched"])
def test_what_was_over_and_fails_again_sounds_again(state: str) -> None:
    alarm = msgspec.structs.replace(over(opened(OVERDUE), T0 + 2 * MINUTE_MS), state=state, assignee="li")
    after = again(Finding(rule=STEP_OVERDUE, site="north", since=T0 + 3 * MINUTE_MS), alarm, T0 + 4 * MINUTE_MS)
    assert (after.state, after.assignee, after.timeline[-1].event) == ("open", None, "again")


def test_what_people_ended_while_it_stands_is_spoken_of_as_evidence() -> None:
    assert said(Look(findings=(OVERDUE,), ended=frozenset({OVERDUE.id}))) == [(STEP_OVERDUE, "evidence")]
    assert said(Look(findings=(OVERDUE,), ended=frozenset({uuid4()}))) == [(STEP_OVERDUE, "opened")]


def test_an_empty_desk_is_no_failure_of_the_system() -> None:
    assert Look(findings=(UNATTENDED,)).clean
    assert not Look(findings=(UNATTENDED, OVERDUE)).clean


class Looks:
    """An audit store that answers with one look after the other, the last one for good."""

    def __init__(self, *looks: Look | type[Exception] | None) -> None:
        self.looks = list(looks)

    @asynccontextmanager
    async def turn(self, now: int) -> AsyncIterator[Look | None]:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, type):
            raise look
        yield look


async def test_whoever_is_second_says_nothing() -> None:
    assert await audit(Looks(None), MemoryStore(), T0) is None


@pytest.mark.parametrize(
    ("looks", "pinged"),
    [((Look(),), True), ((Look(findings=(UNATTENDED,)),), True), ((Look(findings=(OVERDUE,)),), False),
     ((None,), False), ((ConnectionError,), False)],
    ids=["clean", "nobody on duty", "overdue", "another audits", "no database"],
)  # fmt: skip
async def test_the_outside_hears_that_all_is_well_only_after_a_look_at_which_it_was(
    looks: tuple[Look | type[Exception] | None, ...], *, pinged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pings = await _run(Looks(*looks), monkeypatch, rounds=3)
    assert bool(pings) == pinged


async def test_the_outside_hears_once_a_minute_whatever_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    pings = await _run(Looks(Look()), monkeypatch, rounds=13, fails=True)
    assert [after - before for before, after in pairwise(pings)] == [PING_EVERY_MS, PING_EVERY_MS]


async def _run(store: Looks, monkeypatch: pytest.MonkeyPatch, *, rounds: int, fails: bool = False) -> list[int]:
    """When the outside was told, over so many rounds on virtual time."""
    clock, pings, left = ManualClock(T0), [], iter(range(rounds - 1))

    async def sleep(seconds: float) -> None:
        clock.now += round(seconds * 1000)
        if next(left, None) is None:
            raise asyncio.CancelledError

    async def ping() -> None:
        pings.append(clock.now)
        if fails:
            raise OSError("nobody there")

    monkeypatch.setattr("alerts.audit.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await run(store=store, alarms=MemoryStore(), clock=clock, ping=ping)
    return pings
