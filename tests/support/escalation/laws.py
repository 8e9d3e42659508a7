"""What holds in every story, whatever happens in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from alerts.alarm import Alarm
from alerts.asking import ANSWERED, ASKED, NOT_ASKED, NOT_AWAITED, UNANSWERED
from alerts.escalation import is_watched, round_of, waits
from alerts.plan import steps_of
from alerts.policy import NEVER_TO_FAMILY
from alerts.ports import Message, Plan
from alerts.telling import ALARM_TEMPLATES
from alerts.transitions import STATE_EVENTS
from gateway.store.alarms import alarm_from_object
from tests.support.escalation.phones import Heard
from tests.support.escalation.story import Story, name_of

AT_THE_DESK: Final = frozenset({"duty", "supervisor", "staff"})
_ENDS: Final = frozenset({"resolve", "cancel"})
_BEGINS: Final = frozenset({"opened", "reopen"})
_END_OF_A_QUESTION: Final = frozenset(
    {NOT_ASKED, NOT_AWAITED, ANSWERED, UNANSWERED, "notify", "real", *(STATE_EVENTS - {"opened"})}
)
_LATE_MS: Final = 30_000
"""What is due for so long was forgotten; alerts.audit."""


async def broken(story: Story) -> list[str]:
    """Every law that does not hold, in words."""
    alarms = {
        alarm.id: alarm
        for alarm in (alarm_from_object(row[0]) for row in await story.centre.rows("select object from alarm"))
    }
    steps = await story.centre.rows(
        "select alarm, step, round, n, repeat, state, due_at, id from escalation_step order by id"
    )
    heard = [one for one in story.phones.heard if one.message is not None]
    ill = story.phones.ever_ill
    return [
        *_doubled_steps(steps),
        *_told_twice(heard, {row[7]: row[4] for row in steps}),
        *_told_after_the_end(story, heard, alarms),
        *_outsiders(heard, alarms),
        *_told_while_asked(story, heard, alarms),
        *_without_an_end(story, heard, alarms, ill),
        *_missed_after_all(
            story,
            alarms,
            await story.centre.rows(
                "select r.id, n.at_ms from sighting_note n join resident r on r.slot = n.resident_slot"
            ),
        ),
        *[law async for law in _forgotten(story, alarms, steps)],
    ]


def _doubled_steps(steps: Iterable[Any]) -> Iterator[str]:
    done = Counter((row[0], row[2], row[3], row[4]) for row in steps if row[1] == "tell" and row[5] != "withdrawn")
    yield from (f"a step of a round was done twice: {key}" for key, times in done.items() if times > 1)


def _told_twice(heard: Iterable[Heard], repeats: dict[int, int]) -> Iterator[str]:
    told = Counter(
        (one.who, one.how, str(one.message.alarm), one.message.params.get("round"))
        for one in heard
        if one.message is not None
        and one.message.template in ALARM_TEMPLATES
        and one.message.alarm is not None
        and repeats.get(one.message.step or 0, 0) == 0
    )
    yield from (f"told twice in a round: {key}" for key, times in told.items() if times > 1)


def _told_after_the_end(story: Story, heard: Iterable[Heard], alarms: dict[UUID, Alarm]) -> Iterator[str]:
    for one in heard:
        about = _about(one.message)
        if (
            one.template in ALARM_TEMPLATES
            and about
            and not any(_active_at(alarms[key], story.t0 + int(1000 * one.t)) for key in about)
        ):
            yield f"told of what is over: {one.t} s {one.who} {one.template}"


def _missed_after_all(story: Story, alarms: dict[UUID, Alarm], seen: Iterable[Any]) -> Iterator[str]:
    """Whoever was vouched for is missed by no alarm of before."""
    for resident, at in seen:
        for alarm in alarms.values():
            began = next(e.t for e in reversed(alarm.timeline) if e.event in _BEGINS)
            if (alarm.resident, alarm.kind) == (resident, "missed_check") and alarm.is_active and began < at:
                yield f"{alarm.rule} of {resident} stands, who was vouched for at {(at - story.t0) / 1000} s"


def _active_at(alarm: Alarm, t: int) -> bool:
    last = [entry.event for entry in alarm.timeline if entry.t <= t and entry.event in _ENDS | _BEGINS]
    return not last or last[-1] in _BEGINS


def _outsiders(heard: Iterable[Heard], alarms: dict[UUID, Alarm]) -> Iterator[str]:
    for one in heard:
        assert one.message is not None
        for key in _about(one.message):
            alarm = alarms[key]
            if one.message.role not in AT_THE_DESK and (alarm.kind in NEVER_TO_FAMILY or alarm.drill):
                yield f"somebody outside was told of {alarm.rule}, drill {alarm.drill}: {one.who}"


def _told_while_asked(story: Story, heard: Iterable[Heard], alarms: dict[UUID, Alarm]) -> Iterator[str]:
    """Nobody outside hears of what the wearer is asked about; and what is over is asked about no more."""
    for alarm in alarms.values():
        if alarm.asked_until is not None and (alarm.state != "open" or alarm.asked_until < story.now() - _LATE_MS):
            yield f"{alarm.rule} is {alarm.state} and waits for an answer"
        begins = next((i for i, entry in enumerate(alarm.timeline) if entry.event == ASKED), None)
        if begins is None:
            continue
        ends = next((e.t for e in alarm.timeline[begins + 1 :] if e.event in _END_OF_A_QUESTION), story.now())
        for one in heard:
            assert one.message is not None
            during = alarm.timeline[begins].t <= story.t0 + int(1000 * one.t) < ends
            if during and one.message.alarm == alarm.id and one.message.role not in AT_THE_DESK:
                yield f"{one.who} was told at {one.t} s, while the wearer was asked"


def _without_an_end(
    story: Story, heard: Iterable[Heard], alarms: dict[UUID, Alarm], ill: frozenset[str]
) -> Iterator[str]:
    """Whose last word of a case is an alarm though it is over.

    Who ended it knows, and so does whom it is about; of a death people tell.
    """
    cases: dict[UUID, list[Alarm]] = defaultdict(list)
    for alarm in alarms.values():
        cases[alarm.case].append(alarm)
    for mates in cases.values():
        if any(mate.is_active for mate in mates):
            continue
        keys = {mate.id for mate in mates}
        last: dict[str, Heard] = {}
        for one in heard:
            if keys & set(_about(one.message)):
                last[one.who] = one
        for who, one in last.items():
            assert one.message is not None
            others_active = any(alarms[key].is_active for key in one.message.alarms)
            if (
                one.template not in ALARM_TEMPLATES
                or one.message.role == "resident"
                or others_active
                or who in ill
                or _knows_the_end(one.message, mates, alarms)
            ):
                continue
            yield f"never told the end: {who}, last heard at {one.t} s of {[mate.rule for mate in mates]}"


def _knows_the_end(message: Message, mates: list[Alarm], alarms: dict[UUID, Alarm]) -> bool:
    everyone = [*mates, *(alarms[key] for key in message.alarms)]
    names = {message.account, f"contact:{message.contact}", f"responder:{message.responder}", message.name}
    ended_by = {_last_end(alarm) for alarm in everyone}
    died = message.role not in AT_THE_DESK and any(alarm.result == "died" for alarm in everyone)
    return died or bool(names & ended_by)


def _last_end(alarm: Alarm) -> str:
    return next((entry.actor for entry in reversed(alarm.timeline) if entry.event in _ENDS), "")


async def _forgotten(story: Story, alarms: dict[UUID, Alarm], steps: Sequence[Any]) -> AsyncIterator[str]:
    """What waits must have a step, what is over must have none, and nothing that is due may stay."""
    now = story.now()
    by_alarm: dict[UUID, list[Any]] = defaultdict(list)
    for row in steps:
        by_alarm[row[0]].append(row)
    async with story.store.transaction() as tx:
        plans = {key: await tx.plan_of(key) for key in alarms}
    for key, alarm in alarms.items():
        own = by_alarm[key]
        pending = [row for row in own if row[5] == "pending"]
        if not alarm.is_active and pending:
            yield f"{alarm.rule} is {alarm.state} and has steps: {pending}"
        plan = plans[key]
        if waits(alarm):
            missing = _missing(alarm, plan, own)
            if missing:
                yield f"{alarm.rule} waits and lacks steps {missing}"
        patience_s = plan and (plan.policy.arrival_s if alarm.state == "dispatched" else plan.policy.progress_s)
        watched = is_watched(alarm) and (plan is None or patience_s is not None)
        if watched and not any(row[1] in ("no_progress", "no_arrival") for row in pending):
            yield f"{alarm.rule} was taken and nobody watches it"
        late = [row for row in pending if row[6] < now - _LATE_MS]
        if late:
            yield f"overdue: {late}"
    for row in await story.centre.rows(
        "select id, recipient, template, state from message where state in ('queued', 'sending') and not_before < %s",
        now - _LATE_MS,
    ):
        yield f"a message stays: {name_of(row[1])} {row[2]} {row[3]}"


def _missing(alarm: Alarm, plan: Plan | None, own: list[Any]) -> set[tuple[int, int]]:
    if plan is None:
        return {(-1, -1)}
    wanted = {(s.n, s.repeat) for s in steps_of(plan, alarm, round_number=round_of(alarm), since=0, now=0)}
    there = {
        (row[3], row[4]) for row in own if row[1] == "tell" and row[2] == round_of(alarm) and row[5] != "withdrawn"
    }
    return wanted - there


def _about(message: Message | None) -> tuple[UUID, ...]:
    if message is None:
        return ()
    return message.alarms or ((message.alarm,) if message.alarm is not None else ())
