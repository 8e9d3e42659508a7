"""Handing the desk over: all that somebody works on becomes somebody else's, in one act that the latter confirms.

Until it is confirmed, everything stays with whoever offers it: nothing is ever nobody's.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from alerts.alarm import Alarm
from alerts.consequences import keep
from alerts.escalation import effects
from alerts.ports import AlarmTransaction
from alerts.transitions import Assign, apply


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """An offer of one desk to a colleague, by user names; ``alarms``: what was passed, once confirmed. Times in ms."""

    id: str
    site: str
    outgoing: str = msgspec.field(name="from")
    incoming: str = msgspec.field(name="to")
    note: str | None = None
    offered_at: int
    confirmed_at: int | None = None
    withdrawn_at: int | None = None
    alarms: tuple[UUID, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it still waits for the colleague."""
        return self.confirmed_at is None and self.withdrawn_at is None


class HandoverTransaction(AlarmTransaction, Protocol):
    """A transaction on alarms that also holds an offer."""

    async def lock_handover(self, key: str) -> Handover | None:
        """The offer under a row lock, or None."""
        ...

    async def lock_held(self, site: str, account: str) -> list[Alarm]:
        """The active alarms of a site that this account works on, locked in id order."""
        ...

    async def confirm_handover(self, key: str, alarms: list[UUID], now: int) -> Handover:
        """Write down what was passed, and when."""
        ...


class HandoverStore(Protocol):
    """Where offers and alarms live together."""

    def transaction(self) -> AbstractAsyncContextManager[HandoverTransaction]:
        """Begin; commits on a clean exit, rolls back on an exception."""
        ...


class Confirmed(msgspec.Struct, frozen=True):
    """The offer as it ended, and the alarms that were passed by it just now."""

    handover: Handover
    alarms: tuple[Alarm, ...]


NotConfirmed = Literal["unknown", "not_yours", "withdrawn"]


async def confirm(store: HandoverStore, key: str, actor: str, now: int) -> Confirmed | NotConfirmed:
    """Let the incoming colleague take all that the outgoing one has; a second time changes nothing."""
    async with store.transaction() as tx:
        offer = await tx.lock_handover(key)
        if offer is None:
            return "unknown"
        if offer.incoming != actor:
            return "not_yours"
        if offer.withdrawn_at is not None:
            return "withdrawn"
        if offer.confirmed_at is not None:
            return Confirmed(offer, ())
        passed = [await _pass(tx, alarm, actor, now) for alarm in await tx.lock_held(offer.site, offer.outgoing)]
        return Confirmed(await tx.confirm_handover(key, [alarm.id for alarm in passed], now), tuple(passed))


async def _pass(tx: AlarmTransaction, alarm: Alarm, actor: str, now: int) -> Alarm:
    after = apply(alarm, Assign(assignee=actor), actor, now)
    assert isinstance(after, Alarm), "an active alarm of somebody else can be assigned"
    return await keep(tx, alarm, after, effects(alarm, after, now), now)
