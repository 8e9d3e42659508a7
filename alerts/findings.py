"""What an auditor finds: its rules, how bad they are, and a look at the store."""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from alerts.alarm import Alarm, SeverityName, episode_id

NOBODY_ON_DUTY: Final = "system.nobody_on_duty"
STEP_OVERDUE: Final = "system.step_overdue"
CHECKS_UNPLANNED: Final = "system.checks_unplanned"
CONSOLE_SILENT: Final = "system.console_silent"
AuditRule = Literal["system.nobody_on_duty", "system.step_overdue", "system.checks_unplanned", "system.console_silent"]
RULES: Final[tuple[AuditRule, ...]] = (NOBODY_ON_DUTY, STEP_OVERDUE, CHECKS_UNPLANNED, CONSOLE_SILENT)
"""The rules that the auditor keeps, and nobody else."""

SEVERITY: Final[dict[str, SeverityName]] = {
    NOBODY_ON_DUTY: "medium",
    STEP_OVERDUE: "high",
    CHECKS_UNPLANNED: "high",
    CONSOLE_SILENT: "high",
}
"""All sound. Somebody who was not called in time, or whom nobody will miss, must be looked after by hand: those wait
for a person to end them. That nobody hears alarms cannot wait for the end of quiet hours. Assumption, ADR 23, ADR 30,
ADR 38."""

_OF_PEOPLE: Final[frozenset[AuditRule]] = frozenset({NOBODY_ON_DUTY, CONSOLE_SILENT})
"""What people have to see to; the system does what it should."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong at a site since a deadline that passed (ms)."""

    rule: AuditRule
    site: str
    since: int
    evidence: dict[str, Any] = {}

    @property
    def id(self) -> UUID:
        """The alarm's, by the deadline."""
        return episode_id(self.rule, self.site, self.since, -1)


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A site at which a desk should listen now.

    ``heard_ms``: when one was last heard, by the clock of whoever took its word; None: never. ``since``: from when on
    (ms) it is missed, should it be silent, and ``missed_s`` for how long.
    """

    site: str
    heard_ms: int | None
    since: int
    missed_s: int = 0

    @property
    def finding(self) -> Finding:
        """What is wrong if it is silent."""
        return Finding(rule=CONSOLE_SILENT, site=self.site, since=self.since, evidence={"unheard_s": self.missed_s})


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the store found.

    ``active``: the active alarms of the auditor's rules. ``ended``: of the findings, those whose alarm has ended;
    ``watched``: the sites of which ``alerts.listening.Ear`` has to judge whether they are silent, their findings
    among ``ended`` too.
    """

    findings: tuple[Finding, ...] = ()
    watched: tuple[Watched, ...] = ()
    active: tuple[Alarm, ...] = ()
    ended: frozenset[UUID] = frozenset()

    @property
    def clean(self) -> bool:
        """Whether all that was due has been done. That nobody is there, or listens, is people's matter."""
        return all(finding.rule in _OF_PEOPLE for finding in self.findings)
