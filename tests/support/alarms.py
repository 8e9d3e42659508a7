"""Episodes, alarms and cards for tests, with everything that a test does not speak of filled in."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec

from alerts.alarm import Alarm, Episode, episode_id
from alerts.folding import fold
from alerts.ports import Contact, ResidentCard

T0: Final = 1_750_000_000_000
"""2025-06-15T15:06:40Z, 23:06:40 in Shanghai."""
SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

SEVERITY_OF_RULE: Final = {
    "sos.button": "critical",
    "fall.device": "critical",
    "fall.motion": "critical",
    "wandering.zone_exit": "high",
    "missed_check.silent": "medium",
    "missed_check.checkin": "medium",
    "missed_check.inactivity": "medium",
    "missed_check.reported": "medium",
    "device.battery_low": "low",
    "device.fault": "low",
    "system.site_silent": "medium",
}


def an_episode(rule: str = "sos.button", t: int = T0, *, opening_t: int | None = None, **fields: Any) -> Episode:
    """One event of an episode of resident ``r1`` who wears ``band-1``."""
    opening = t if opening_t is None else opening_t
    subject = fields.pop("subject", "device:band-1" if rule.startswith("device.") else "resident:r1")
    values: dict[str, Any] = {
        "id": episode_id(rule, subject, opening, -1),
        "what": "opened",
        "rule": rule,
        "severity": SEVERITY_OF_RULE[rule],
        "subject": subject,
        "site": "north",
        "resident": "r1",
        "household": None,
        "device": "band-1",
        "t": t,
        "late": False,
        "position": None,
        "evidence": {},
        "received": t + 5,
    }
    return msgspec.structs.replace(Episode(**values), **fields)


def an_alarm(rule: str = "sos.button", t: int = T0, **fields: Any) -> Alarm:
    """The open alarm of one episode, with ``fields`` of the alarm changed."""
    folded = fold(None, an_episode(rule, t), t)
    assert folded.alarm is not None
    return msgspec.structs.replace(folded.alarm, **fields)


def a_contact(order: int = 1, **fields: Any) -> Contact:
    """A daughter who can receive SMS."""
    contact = Contact(
        id=f"c{order}", name=f"王女士{order}", phone=f"+861380000000{order}", relation="女儿", order=order
    )
    return msgspec.structs.replace(contact, **fields)


def a_card(**fields: Any) -> ResidentCard:
    """The card of resident ``r1``."""
    card = ResidentCard(
        id="r1",
        name="王秀兰",
        site="north",
        site_name="北苑社区",
        demo=False,
        status="active",
        timezone="Asia/Shanghai",
        contacts=(a_contact(1), a_contact(2)),
    )
    return msgspec.structs.replace(card, **fields)


def nth_uuid(n: int) -> UUID:
    """A UUID that is easy to tell apart."""
    return UUID(int=n)
