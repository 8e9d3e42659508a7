"""Escalation policies as data: who is told how, after how long without anybody taking the alarm.

A policy belongs to a site or to all sites, and to a rule, a kind or anything; the most particular one that fits
an alarm when it opens gives the alarm its plan. Where nobody wrote one, the program's own serve.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec

from alerts.alarm import SeverityName
from alerts.policy import FAMILY_TOLD, REPORTED_SEVERITY, UNACKNOWLEDGED_MS, kind_of
from devices.refusals import Refusal

Who = Literal["band", "resident", "duty", "supervisor", "family", "neighbours", "grid_workers", "volunteers", "chat"]
"""Whom a step tells: the wearer's band, the resident by their own telephone, those on duty, the resident's contacts in
their order, responders at hand in the same stairwell or building, the site's chat group."""

How = Literal["sms", "voice", "chat", "message", "ring"]
"""How: ``message`` is a text on the band, ``ring`` lets it sound. The console shows and sounds by itself, from the
first moment."""

MINUTES_A_DAY: Final = 1440
LONGEST_AFTER_S: Final = 86_400
MOST_STEPS: Final = 30
MOST_TIMES: Final = 10
LONGEST_NAME: Final = 100
SHORTEST_EVERY_S: Final = 30
"""Between two repetitions: nobody reads faster. Assumption, as the other bounds."""

PROGRESS_S: Final = 300
"""Taken and then nothing for five minutes: somebody else must look. Assumption, ADR 19."""
ARRIVAL_S: Final = 900
"""On the way and not there after a quarter of an hour: whoever said so may not come. Assumption, ADR 19."""

_MinuteOfDay = Annotated[int, msgspec.Meta(ge=0, lt=MINUTES_A_DAY)]
_Patience = Annotated[int, msgspec.Meta(ge=60, le=LONGEST_AFTER_S)] | None


class PolicyStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step. ``after_s`` counts from the moment at which the round begins; ``nth``: only that one, from 1."""

    after_s: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_AFTER_S)]
    who: Who
    how: How
    nth: Annotated[int, msgspec.Meta(ge=1, le=20)] | None = None
    times: Annotated[int, msgspec.Meta(ge=1, le=MOST_TIMES)] = 1
    every_s: Annotated[int, msgspec.Meta(ge=SHORTEST_EVERY_S, le=LONGEST_AFTER_S)] = 300


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """When what happens, until somebody takes the alarm.

    ``site`` None: every site. ``applies_to``: a rule, a kind, or "" for any; ``severity`` "": any. ``from_minute``
    and ``to_minute``: the part of the site's local day in which the alarm opens (over midnight when from > to).
    ``quiet_…``: when steps of alarms up to medium wait until its end. ``progress_s``: an alarm that was taken and
    saw no progress for so long sounds again, ``arrival_s``: one to which somebody goes who does not arrive; None:
    never.
    """

    id: str
    name: str
    steps: tuple[PolicyStep, ...]
    site: str | None = None
    applies_to: str = ""
    severity: SeverityName | Literal[""] = ""
    from_minute: _MinuteOfDay | None = None
    to_minute: _MinuteOfDay | None = None
    quiet_from_minute: _MinuteOfDay | None = None
    quiet_to_minute: _MinuteOfDay | None = None
    progress_s: _Patience = None
    arrival_s: _Patience = ARRIVAL_S
    active: bool = True


_FAMILY_S: Final = UNACKNOWLEDGED_MS // 1000


def _step(after_s: int, who: Who, how: How, *, nth: int | None = None, times: int = 1) -> PolicyStep:
    return PolicyStep(after_s=after_s, who=who, how=how, nth=nth, times=times)


_DUTY: Final = (_step(60, "duty", "sms"), _step(180, "supervisor", "sms"))
_FAMILY: Final = (_step(_FAMILY_S, "family", "sms", nth=1), _step(2 * _FAMILY_S, "family", "sms", nth=2))
_NEARBY: Final = (_step(240, "neighbours", "sms"), _step(360, "grid_workers", "sms"), _step(480, "chat", "chat"))
_CALLS: Final = (_step(300, "family", "voice", nth=1), _step(600, "supervisor", "voice", times=3))
_ASK: Final = (_step(0, "resident", "sms"), _step(60, "resident", "voice"))
"""Whoever missed a check is asked first: most have forgotten it."""
_DESK: Final = (_step(0, "duty", "sms"), _step(0, "supervisor", "sms"), _step(120, "supervisor", "voice", times=3))
"""Nobody hears alarms: whoever should sit there is nearest, and the supervisor is called until somebody goes there."""
_RING: Final = (_step(0, "band", "ring"), _step(0, "band", "message"))
_KNOCK: Final = (_step(180, "neighbours", "sms"), _step(360, "grid_workers", "sms"))


def _built_in(name: str, applies_to: str, *steps: PolicyStep, severity: SeverityName | Literal[""] = "") -> Policy:
    ordered = tuple(sorted(steps, key=lambda step: step.after_s))
    watched = severity != "low"
    return Policy(
        id=f"built_in/{name}",
        name=name,
        applies_to=applies_to,
        severity=severity,
        steps=ordered,
        progress_s=PROGRESS_S if watched else None,
        arrival_s=ARRIVAL_S if watched else None,
    )


NOBODY: Final = Policy(id="built_in/console", name="console", steps=(), arrival_s=None)
"""The console alone."""

BUILT_IN: Final[tuple[Policy, ...]] = (
    _built_in("cry_for_help", "sos", *_DUTY, *_FAMILY, *_NEARBY, *_CALLS),
    _built_in("fall", "fall", *_DUTY, *_FAMILY, *_NEARBY, *_CALLS),
    _built_in("wandering", "wandering", *_DUTY, *_FAMILY, _step(360, "grid_workers", "sms")),
    _built_in("missed_check", "missed_check", *_ASK, *_DUTY),
    _built_in("silent", "missed_check.silent", *_ASK, *_KNOCK, *_DUTY, severity="high"),
    _built_in("vitals", "vitals", *_DUTY),
    _built_in("system", "system", _step(0, "supervisor", "sms")),
    _built_in("console_silent", "system.console_silent", *_DESK),
    _built_in("device", "device"),
    *(_built_in(f"low_{kind}", kind, severity="low") for kind in ("wandering", "missed_check", "vitals", "system")),
    *(
        _built_in(rule, rule, *_RING, *_ASK, *_KNOCK, *_DUTY, *_FAMILY)
        for rule in sorted(FAMILY_TOLD)
        if kind_of(rule) == "missed_check"
    ),
)
"""What happens where nobody wrote a policy. Contract section 3 says whose family is told; that the others follow
so, and when, is an assumption (ADR 19, of missed checks ADR 31, of a silent desk ADR 38). A low alarm waits at the
console."""


_CHANNELS: Final[dict[Who, frozenset[How]]] = {"band": frozenset({"message", "ring"}), "chat": frozenset({"chat"})}
_ONLY_ONE: Final[frozenset[Who]] = frozenset({"band", "resident", "chat"})
_OF_PEOPLE: Final[frozenset[How]] = frozenset({"sms", "voice"})


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a policy: the path of the field, and why it cannot be."""

    path: str
    refusal: Refusal


def faults_of(policy: Policy) -> list[Fault]:
    """What the types let pass and nobody can have meant."""
    found = []
    if not policy.name.strip() or len(policy.name) > LONGEST_NAME:
        found.append(Fault("name", Refusal("policy.name", "a name of 1 to {most} characters", most=LONGEST_NAME)))
    kind, dot, rest = policy.applies_to.partition(".")
    if policy.applies_to and (kind not in REPORTED_SEVERITY or (dot and not rest)):
        found.append(
            Fault(
                "applies_to",
                Refusal(
                    "policy.applies_to",
                    "a rule, or one of the kinds {kinds}; empty for all",
                    kinds=", ".join(REPORTED_SEVERITY),
                ),
            )
        )
    for name, start, end in (
        ("to_minute", policy.from_minute, policy.to_minute),
        ("quiet_to_minute", policy.quiet_from_minute, policy.quiet_to_minute),
    ):
        if (start is None) != (end is None):
            found.append(Fault(name, Refusal("policy.half_hours", "a beginning and an end, or neither")))
        elif start is not None and start == end:
            found.append(
                Fault(
                    name,
                    Refusal("policy.no_hours", "it ends when it begins: leave both empty for the whole day"),
                )
            )
    if len(policy.steps) > MOST_STEPS:
        found.append(Fault("steps", Refusal("policy.too_many_steps", "{most} steps at most", most=MOST_STEPS)))
    for i, step in enumerate(policy.steps):
        ways = _CHANNELS.get(step.who, _OF_PEOPLE)
        if step.how not in ways:
            found.append(
                Fault(
                    f"steps/{i}/how",
                    Refusal(
                        "policy.how",
                        "{who} can be reached by {ways} alone",
                        who=step.who,
                        ways=" or ".join(sorted(ways)),
                    ),
                )
            )
        if step.nth is not None and step.who in _ONLY_ONE:
            found.append(
                Fault(f"steps/{i}/nth", Refusal("policy.only_one", "of {who} there is only one", who=step.who))
            )
    return found


def choose(policies: Iterable[Policy], *, site: str, rule: str, severity: SeverityName, minute: int) -> Policy:
    """The most particular policy that fits: the site's before everyone's, a rule's before a kind's.

    Args:
        policies: Those that were written; the built-in ones stand behind them.
        site: The alarm's.
        rule: The alarm's.
        severity: The alarm's.
        minute: Of the site's local day in which the alarm opens, 0 to 1439.
    """
    written = [p for p in policies if p.active and p.site in (None, site) and _fits(p, rule, severity, minute)]
    fitting = written or [p for p in BUILT_IN if _fits(p, rule, severity, minute)]
    return max(fitting, key=lambda policy: _particular(policy, rule), default=NOBODY)


def within(minute: int, start: int | None, end: int | None) -> bool:
    """Whether a minute of the day lies in [start, end), over midnight when start > end; None: all day."""
    if start is None or end is None:
        return True
    return start <= minute < end if start < end else (minute >= start or minute < end)


def _fits(policy: Policy, rule: str, severity: SeverityName, minute: int) -> bool:
    return (
        policy.applies_to in ("", kind_of(rule), rule)
        and policy.severity in ("", severity)
        and within(minute, policy.from_minute, policy.to_minute)
    )


def _particular(policy: Policy, rule: str) -> tuple[bool, int, bool, bool, str]:
    precise = 2 if policy.applies_to == rule else int(policy.applies_to != "")
    return (
        policy.site is not None, precise, policy.severity != "", policy.from_minute is not None, policy.id,
    )  # fmt: skip
