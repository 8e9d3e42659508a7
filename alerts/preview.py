"""What an alarm would bring about: the steps of its plan with their times and, as of now, the people behind them."""

from __future__ import annotations

from uuid import UUID

import msgspec

from alerts.alarm import Alarm, SeverityName
from alerts.escalation import round_of
from alerts.plan import plan_for, steps_of
from alerts.policies import How, Policy, Who
from alerts.policy import kind_of
from alerts.ports import AlarmTransaction, NewStep, Person, ResidentCard
from alerts.telling import family_of, resident_of

_ANYBODY = "somebody"
"""Stands for a resident who is not named: the steps that concern one are shown, without people."""


class PreviewedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step at ``at`` (ms). ``names``: who would be told, from today's records; None where it takes a resident."""

    at: int
    who: Who
    how: How
    nth: int | None
    repeat: int
    names: tuple[str, ...] | None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The policy that would be chosen, and its timetable."""

    policy: Policy
    timezone: str
    steps: tuple[PreviewedStep, ...]


async def preview(
    tx: AlarmTransaction, *, site: str, rule: str, severity: SeverityName, at: int, resident: str | None = None
) -> Preview | None:
    """The timetable of an alarm that would open at ``at`` (ms); None when there is no such site or resident there."""
    rules = await tx.site_rules(site)
    card = None if resident is None else await tx.resident_card(resident)
    if rules is None or (resident is not None and (card is None or card.site != site)):
        return None
    alarm = _imagined(site, rule, severity, at, resident or _ANYBODY)
    plan = plan_for(alarm, rules)
    steps = steps_of(plan, alarm, round_number=round_of(alarm), since=at, now=at)
    shown = [await _shown(tx, site, step, card) for step in sorted(steps, key=lambda step: (step.due_at, step.n))]
    return Preview(policy=plan.policy, timezone=plan.timezone, steps=tuple(shown))


async def _shown(tx: AlarmTransaction, site: str, step: NewStep, card: ResidentCard | None) -> PreviewedStep:
    assert step.who is not None, "a step that tells names whom"
    assert step.how is not None, "a step that tells says how"
    people = await _people(tx, step.who, site, step.due_at, card)
    if people is not None:
        reachable = [each for each in people if step.how in each.channels]
        people = reachable if step.nth is None else reachable[step.nth - 1 : step.nth]
    return PreviewedStep(
        at=step.due_at,
        who=step.who,
        how=step.how,
        nth=step.nth,
        repeat=step.repeat,
        names=None if people is None else tuple(person.name for person in people),
    )


async def _people(
    tx: AlarmTransaction, who: Who, site: str, at: int, card: ResidentCard | None
) -> list[Person] | None:  # fmt: skip
    if who == "family":
        return None if card is None else family_of(card)
    if who == "resident":
        own = None if card is None else resident_of(card)
        return None if card is None else [own] if own is not None else []
    if who == "band" or (who == "neighbours" and card is None):
        return None
    return await tx.people(who, site, at, {} if card is None else card.address)


def _imagined(site: str, rule: str, severity: SeverityName, at: int, resident: str) -> Alarm:
    nobody = UUID(int=0)
    kind = kind_of(rule)
    personal = kind not in ("device", "system")
    return Alarm(
        id=nobody,
        case=nobody,
        kind=kind,
        rule=rule,
        severity=severity,
        state="open",
        version=1,
        site=site,
        resident=resident if personal else None,
        household=None,
        device="band",
        subject=site,
        event_time=at,
        last_event_time=at,
        raised_at=at,
    )
