"""The steps of the escalation whose time has come: claimed once, carried out in the same transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, cast

import msgspec

from alerts import questions
from alerts.alarm import Alarm, TimelineEntry
from alerts.consequences import card_of, keep, others_of_case
from alerts.escalation import effects, is_watched, round_of, waits
from alerts.growing import grown, may_grow
from alerts.messages import band_text
from alerts.notifiers.port import EVERYTHING, Capabilities
from alerts.policy import MISSED_CHECK
from alerts.ports import AlarmStore, AlarmTransaction, Channel, Person, ResidentCard, Step, Watch
from alerts.storms import say
from alerts.telling import family_of, resident_of, skipped, tell

STEPS_AT_ONCE: Final = 16
"""In one transaction: it holds their alarms, and somebody may be about to take one."""

OUTGROWN: Final = "outgrown"
"""The outcome of a step that waited for the wearer's answer: in its place stands one of the worse alarm's plan."""

_NOBODY: Final = frozenset({"nobody", "no_more"})
_EXPECTED: Final = frozenset({("family", 1), ("family", None)})
"""Whom every resident is taken to have: that there is none is worth saying."""
_MAY_LACK: Final = frozenset({"duty", "supervisor", "chat", "resident", "band"})
"""Whom a centre may do without, and what a resident may not have: nobody else is told earlier for it."""


class StepFailed(Exception):
    """A step could not be carried out; nothing was done. ``step``: its id."""

    def __init__(self, step: int) -> None:
        super().__init__(f"step {step}")
        self.step = step


async def carry_out_due(
    store: AlarmStore,
    now: int,
    can: Capabilities = EVERYTHING,
    *,
    passed_over: Collection[int] = (),
    unavailable: tuple[type[Exception], ...] = (),
) -> int:
    """Do what the escalation wrote down for now; returns how many steps were due.

    Args:
        store: Where alarms live.
        now: Unix ms.
        can: What the ways out can do; a step that reaches nobody lets the next one fall due at once.
        passed_over: Steps that are left alone.
        unavailable: What the store raises while it is away.

    Raises:
        StepFailed: One of them cannot be carried out.
    """
    async with store.transaction() as tx:
        steps = await tx.claim_due_steps(now, STEPS_AT_ONCE, passed_over)
        alarms = await tx.lock_many(list(dict.fromkeys(step.alarm for step in steps)))
        planned_anew = set()
        for step in sorted(steps, key=lambda step: step.step != "no_answer"):
            alarm = alarms.get(step.alarm)
            if alarm is None:
                continue
            if step.alarm in planned_anew:
                await tx.end_step(step.id, OUTGROWN)
                continue
            try:
                after = await _carry_out(tx, step, alarm, now, can)
                if step.step == "no_answer" and after.severity != alarm.severity:
                    planned_anew.add(step.alarm)
                alarms[step.alarm] = after
            except unavailable:
                raise
            except Exception as error:
                raise StepFailed(step.id) from error
        return len(steps)


async def _carry_out(tx: AlarmTransaction, step: Step, alarm: Alarm, now: int, can: Capabilities) -> Alarm:
    if step.round != round_of(alarm):
        return alarm
    if step.step == "no_answer":
        return await questions.look(tx, step, alarm, now)
    if step.step == "still_low":
        return await _grow(tx, alarm, now) if may_grow(alarm) else alarm
    if step.step != "tell":
        return await _sound_again(tx, alarm, step.step, now) if is_watched(alarm) else alarm
    if not waits(alarm):
        return alarm
    if step.who == "band":
        return await _tell_band(tx, step, alarm, now)
    return await _tell(tx, step, alarm, now, can)


async def _sound_again(tx: AlarmTransaction, alarm: Alarm, why: Watch, now: int) -> Alarm:
    """Put an alarm that was taken and saw no progress, or no arrival, back before everybody."""
    entry = TimelineEntry(t=now, actor="system", event="again", note=why)
    after = alarm.noting(entry, state="open", assignee=None)
    return await keep(tx, alarm, after, effects(alarm, after, now), now)


async def _grow(tx: AlarmTransaction, alarm: Alarm, now: int) -> Alarm:
    """Make more of an alarm that has been low for as long as it may."""
    after = grown(alarm, now)
    return await keep(tx, alarm, after, effects(alarm, after, now), now)


async def _tell_band(tx: AlarmTransaction, step: Step, alarm: Alarm, now: int) -> Alarm:
    """Of a missed check every band that the resident wears: which device fell silent does not matter."""
    missed = alarm.kind == MISSED_CHECK
    bands = await tx.bands_of(alarm.resident) if missed and alarm.resident is not None else []
    if not bands and alarm.device is not None:
        bands = [alarm.device]
    text = band_text("check_in" if missed else "help_called", (await card_of(tx, alarm)).language)
    heard = [
        await (
            tx.ring_band(band, alarm=alarm.id, now=now)
            if step.how == "ring"
            else tx.tell_band(band, text, alarm=alarm.id, now=now)
        )
        for band in bands
    ]
    outcome = "told" if any(heard) else "band" if bands else "nobody"
    return await _done(tx, step, alarm, alarm, outcome, now, reached=any(heard))


async def _tell(tx: AlarmTransaction, step: Step, alarm: Alarm, now: int, can: Capabilities) -> Alarm:
    card = await card_of(tx, alarm)
    telling = tell(
        alarm,
        card,
        await _people(tx, step, alarm, card, now),
        cast("Channel", step.how),
        now,
        nth=step.nth,
        repeat=step.repeat,
        told=await tx.told(alarm.id),
        mates={mate.id for mate in await others_of_case(tx, alarm) if step.repeat == 0 or waits(mate)},
        can=can,
    )
    for message in telling.messages:
        await say(tx, msgspec.structs.replace(message, step=step.id), now)
    return await _done(tx, step, alarm, telling.alarm, telling.outcome, now, reached=telling.reached)


async def _people(tx: AlarmTransaction, step: Step, alarm: Alarm, card: ResidentCard, now: int) -> list[Person]:
    if step.who == "family":
        return family_of(card)
    if step.who == "resident":
        return await _themselves(tx, alarm, card)
    assert step.who is not None, "a step that tells names whom"
    return await tx.people(step.who, alarm.site, now, card.address)


async def _themselves(tx: AlarmTransaction, alarm: Alarm, card: ResidentCard) -> list[Person]:
    """Whom the alarm is about, each by their own telephone; one that two share is asked once."""
    cards = [card] if alarm.resident is not None else await tx.household_cards(alarm.household or "")
    people = {one.address: one for each in reversed(cards) if (one := resident_of(each)) is not None}
    return list(reversed(people.values()))


async def _done(
    tx: AlarmTransaction, step: Step, before: Alarm, after: Alarm, outcome: str, now: int, *, reached: bool
) -> Alarm:  # fmt: skip
    """End the step. What reached nobody is said where somebody expected it, and the next step need not wait."""
    await tx.end_step(step.id, outcome)
    missing = outcome in _NOBODY
    if not reached and step.repeat == 0 and (not missing or (step.who, step.nth) in _EXPECTED):
        after = skipped(after, f"{step.who} {step.how}", outcome, now)
    if not reached and outcome != "no_more" and not (missing and step.who in _MAY_LACK):
        await tx.next_step_now(before.id, max(now, after.asked_until or 0))
    if after is not before:
        await tx.save(after)
    return after
