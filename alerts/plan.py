"""An alarm's plan: the policy that was chosen, as steps with due times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from alerts.alarm import SEVERITIES, Alarm
from alerts.policies import MOST_STEPS, Policy, PolicyStep, Who, choose, within
from alerts.policy import MISSED_CHECK, NEVER_TO_FAMILY
from alerts.ports import NewStep, Plan, SiteRules
from devices.clock import zone

OUTSIDE: Final[frozenset[Who]] = frozenset({"resident", "family", "neighbours", "grid_workers", "volunteers", "chat"})
"""People who do not work at the centre's desk."""

_AFTER_THE_ANSWER: Final[frozenset[Who]] = OUTSIDE | {"band"}
"""Who is told only when the wearer has not answered that all is well."""

_OF_A_RESIDENT: Final[frozenset[Who]] = frozenset({"resident", "family", "neighbours"})
_WAITS_FOR_MORNING: Final = SEVERITIES.index("medium")
"""Up to this severity a step keeps the quiet hours."""


def outgrown(plan: Plan, alarm: Alarm) -> bool:
    """Whether the alarm has grown worse since the plan was chosen."""
    return SEVERITIES.index(alarm.severity) > SEVERITIES.index(plan.severity)


def plan_for(alarm: Alarm, rules: SiteRules, replaced: Plan | None = None) -> Plan:
    """The plan that an alarm gets when it opens, or in place of one that it has outgrown."""
    opened = datetime.fromtimestamp(alarm.raised_at / 1000, zone(rules.timezone))
    policy = choose(
        rules.policies,
        site=alarm.site,
        rule=alarm.rule,
        severity=alarm.severity,
        minute=60 * opened.hour + opened.minute,
    )
    revision = 0 if replaced is None else replaced.revision + 1
    return Plan(policy=policy, timezone=rules.timezone, severity=alarm.severity, revision=revision)


def steps_of(plan: Plan, alarm: Alarm, *, round_number: int, since: int, now: int) -> list[NewStep]:
    """The steps of a round that began at ``since`` (ms); what should have been done before ``now`` is due now.

    While the wearer is asked, nobody outside hears, nor does the band say anything else.
    """
    asked_until = now if alarm.asked_until is None else max(now, alarm.asked_until)
    return [
        NewStep(
            step="tell",
            round=round_number,
            due_at=max(
                asked_until if step.who in _AFTER_THE_ANSWER else now,
                _after_quiet(plan, alarm, since + 1000 * (step.after_s + repeat * step.every_s)),
            ),
            n=MOST_STEPS * plan.revision + n,
            repeat=repeat,
            who=step.who,
            nth=step.nth,
            how=step.how,
            written_at=now,
        )
        for n, step in _concerning(plan.policy, alarm)
        for repeat in range(step.times)
    ]


def _concerning(policy: Policy, alarm: Alarm) -> Iterator[tuple[int, PolicyStep]]:
    nobody = alarm.resident is None and alarm.household is None
    for n, step in enumerate(policy.steps):
        private = step.who in OUTSIDE and alarm.kind in NEVER_TO_FAMILY
        bandless = alarm.device is None and not (alarm.kind == MISSED_CHECK and alarm.resident is not None)
        without = (nobody and step.who in _OF_A_RESIDENT) or (step.who == "band" and bandless)
        if not (private or without):
            yield n, step


def _after_quiet(plan: Plan, alarm: Alarm, due_at: int) -> int:
    """``due_at``, or the end of the policy's quiet hours in which it lies."""
    start, end = plan.policy.quiet_from_minute, plan.policy.quiet_to_minute
    if start is None or end is None or SEVERITIES.index(alarm.severity) > _WAITS_FOR_MORNING:
        return due_at
    local = datetime.fromtimestamp(due_at / 1000, zone(plan.timezone))
    minute = 60 * local.hour + local.minute
    if not within(minute, start, end):
        return due_at
    days = 1 if minute >= end else 0
    morning = (local + timedelta(days=days)).replace(hour=end // 60, minute=end % 60, second=0, microsecond=0, fold=0)
    return max(due_at, round(morning.timestamp() * 1000))
