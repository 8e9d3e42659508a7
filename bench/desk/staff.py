"""The desk of the simulated month: folds episodes into alarms, takes them, keeps them, and counts what sounds.

An alarm sounds while it is open and its severity is one that the console sounds (``alerts.policy.SOUNDING``).
Counted is each beginning of that: a new alarm, one that grew worse, one that is open again. (This desk settles
everything from its chair: what sounds once while somebody is on the scene does not happen.)
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from alerts.alarm import SEVERITIES, Alarm, Episode, episode_id
from alerts.engine import Rule, What
from alerts.policy import CRIES_FOR_HELP, SOUNDING
from alerts.standing import Standing
from alerts.transitions import Acknowledge, Close, Command, Resolve, apply
from bench.desk.day import Cause
from bench.desk.people import OWN_LIMITS, SITE
from devices.batch import Records
from devices.clock import DAY_MS, MINUTE_MS

TAKEN_AFTER_MS: Final = MINUTE_MS
"""Until somebody has acknowledged it. Assumption."""
HELPED_AFTER_MS: Final = 30 * MINUTE_MS
"""Until a cry for help is over. Assumption."""
GIVEN_UP_AFTER_MS: Final = DAY_MS
"""An alarm whose cause never ends is ended so long after it was raised. Assumption."""
LIMITS_AFTER_ALARMS: Final = 2
"""So many alarms of one rule and resident who turned out to be well, and staff set limits of their own. Assumption."""
HASTY_AFTER_MS: Final = 20 * MINUTE_MS

Manner = Literal["patient", "hasty"]
"""How alarms are ended. ``patient``: acknowledged and kept until the engine says that it is over; ``hasty``: closed
after a call, whatever stands, so that what still stands later is a new alarm (design rule 8)."""
_WHATS: Final[dict[What, Any]] = {what: what.name.lower() for what in What}


class Sound(msgspec.Struct, frozen=True):
    """One beginning of a sound, or one alarm that came without any."""

    t: int
    rule: str
    severity: str
    resident: int
    event_time: int
    kind: Literal["new", "again", "follows", "silent"]
    cause: Cause = Cause.NOTHING_KNOWN


class Staff:
    """Folds, takes and ends alarms; ``sounds`` is what was heard, and what was raised without a sound."""

    def __init__(self, manner: Manner, cause_of: Callable[[Alarm], Cause]) -> None:
        """Begin with no alarm; ``cause_of`` says why one came."""
        self.sounds: list[Sound] = []
        self._in_health: Counter[tuple[int, str]] = Counter()
        self._manner = manner
        self._cause_of = cause_of
        self._standing = Standing()
        self._to_do: list[tuple[int, int, UUID, str]] = []
        self._tasks = 0

    def hear(self, events: Records, now: int) -> None:
        """Fold the engine's events of one moment, but for those that are no news of an alarm (a promise kept)."""
        for event in events[events["what"] <= What.CANCELLED]:
            episode = _episode(event, now)
            before = self._standing.active.get((episode.subject, episode.rule))
            key = self._standing.fold(episode, now)
            if key is not None:
                self._listen(before, self._standing.known[key], now)

    def work(self, now: int) -> None:
        """Do what is to be done by now: take, end."""
        while self._to_do and self._to_do[0][0] <= now:
            due, _, key, what = heapq.heappop(self._to_do)
            alarm = self._standing.known[key]
            if what == "take":
                self._do(key, Acknowledge(), now)
                self._later(due + self._until_over(alarm), key, "end")
            elif alarm.is_active and self._is_over(alarm, now):
                self._end(key, now)
            elif alarm.is_active:
                self._later(now + 5 * MINUTE_MS, key, "end")

    def wanted_limits(self) -> set[tuple[int, str]]:
        """Residents and rules: whose signs in health have raised so many alarms that they need own limits."""
        return {key for key, count in self._in_health.items() if count >= LIMITS_AFTER_ALARMS}

    def _until_over(self, alarm: Alarm) -> int:
        return HELPED_AFTER_MS if alarm.kind in CRIES_FOR_HELP else HASTY_AFTER_MS

    def _is_over(self, alarm: Alarm, now: int) -> bool:
        if alarm.kind in CRIES_FOR_HELP or self._manner == "hasty":
            return True
        return alarm.recovered_at is not None or now - alarm.raised_at >= GIVEN_UP_AFTER_MS

    def _end(self, key: UUID, now: int) -> None:
        if self._standing.known[key].state == "open":
            self._do(key, Acknowledge(), now)
        self._do(key, Resolve(), now)
        self._do(key, Close(outcome="technical"), now)

    def _do(self, key: UUID, command: Command, now: int) -> None:
        done = apply(self._standing.known[key], command, "desk", now)
        if isinstance(done, Alarm):
            self._standing.keep(done)

    def _later(self, due: int, key: UUID, what: str) -> None:
        self._tasks += 1
        heapq.heappush(self._to_do, (due, self._tasks, key, what))

    def _listen(self, before: Alarm | None, after: Alarm, now: int) -> None:
        """Count a sound that begins, and see to it that somebody takes the alarm."""
        is_new = before is None or before.id != after.id
        if is_new and not after.is_active:
            return
        was_loud = not is_new and before is not None and _is_loud(before)
        begins = _is_loud(after) and not was_loud
        if not begins and not is_new:
            return
        kind: Any = ("follows" if after.previous is not None else "new") if is_new else "again"
        self.sounds.append(
            Sound(
                now, after.rule, after.severity, _slot(after), after.event_time, kind if begins else "silent",
                self._cause_of(after),
            )
        )  # fmt: skip
        if after.state == "open":
            self._later(now + TAKEN_AFTER_MS, after.id, "take")
        if is_new and after.rule in OWN_LIMITS and self.sounds[-1].cause != Cause.ILL:
            self._in_health[_slot(after), after.rule] += 1


def _is_loud(alarm: Alarm) -> bool:
    return alarm.state == "open" and alarm.severity in SOUNDING


def _slot(alarm: Alarm) -> int:
    return int((alarm.resident or alarm.device or "r-1")[1:])


def _episode(event: Any, now: int) -> Episode:
    """An engine's row as the gateway would turn it into an episode; bands are their residents' number."""
    rule = Rule(int(event["rule"]))
    resident = int(event["resident"])
    device = f"d{event['device']}"
    subject = device if rule.public_name.startswith("device.") else f"r{resident}"
    if rule.public_name.startswith("system."):
        subject = SITE
    return Episode(
        id=episode_id(rule.public_name, subject, int(event["opening_t"]), int(event["opening_seq"])),
        what=_WHATS[What(int(event["what"]))],
        rule=rule.public_name,
        severity=SEVERITIES[int(event["severity"])],
        subject=subject,
        site=SITE,
        resident=f"r{resident}" if resident >= 0 else None,
        household=None,
        device=device,
        t=int(event["t"]),
        late=bool(event["late"]),
        position=None,
        evidence={},
        received=now,
    )
