"""The port of the outbox: queued messages are claimed, sent, and what became of them is written down.

One message at a time is on its way to a recipient in a channel, whoever sends it: nobody hears the all-clear before
the alarm. A claim is a lease; a message whose sender never wrote down how it ended is claimed by another and is in
doubt: it may have arrived, so the provider is asked before it is sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from alerts.ports import AlarmTransaction, Channel, Message

SENDING_TAKES_MS: Final = 10_000
"""At most: a notifier's time limits for the connection and for the answer."""

LEASE_MS: Final = 15_000
"""How long a message is its claimant's: time to send it, and a half more. Assumption, ADR 21."""

URGENT: Final = 30
"""From this priority on (``alerts.telling.PRIORITY``: critical) nothing is held back by what is less urgent."""

NUMBER_GAP_MS: Final = 2_000
"""Between two messages to one address unless urgent: carriers drop what comes faster. Assumption, ADR 21."""


CLOCKS_DIFFER_MS: Final = 2_000
"""How far the clocks of two machines may lie apart: what was written later than this was written before the clock was
set back. Assumption."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is ours until ``until`` (ms).

    ``in_doubt_since``: when an attempt began of which nobody knows whether it arrived, ms. ``moot``: its alarm has
    ended meanwhile, and somebody tried to tell of it before. ``gone``: the number was taken out of the records, or is
    no longer theirs.
    """

    message: Message
    until: int
    in_doubt_since: int | None = None
    moot: bool = False
    gone: bool = False


class Waiting(NamedTuple):
    """When the next step of an escalation and the next message fall due, ms; None where none waits."""

    step: int | None
    message: int | None


class Outbox(Protocol):
    """The dispatcher's view of what waits."""

    async def waiting(self) -> Waiting:
        """When there will be something to do; a message may be due and yet have to wait its turn."""
        ...

    async def clock_went_back(self, now: int, by_ms: int | None) -> None:
        """The clock was set back by so much: let nothing wait until it has caught up.

        Steps that were written down after ``now`` wait as much less; None, where nobody knows how much: as long as
        they were to, from now on. Messages that are tried again wait no longer.
        """
        ...

    async def claim(self, now: int, limit: int, *, urgent_only: bool = False) -> list[Claim]:
        """Take due messages, the most urgent first, then the oldest; those that others hold are passed over.

        What concerns a resident who has moved or died meanwhile is withdrawn instead.
        """
        ...

    async def renew(self, message: Message, now: int) -> int | None:
        """Begin a new attempt of a claimed message: until when it is ours; None when somebody else has it by now."""
        ...

    async def link(self, message: int, now: int) -> str | None:
        """Make a token for the message's private page; None for a message that has none."""
        ...

    async def unrecorded(self, provider_ids: Sequence[str]) -> list[str]:
        """Those of these names at a provider that no message has, in the same order."""
        ...

    async def sent_since(self, recipient: str, channel: Channel, since: int) -> int:
        """How many messages have left for an address since then (ms)."""
        ...

    async def finish(
        self,
        message: Message,
        *,
        state: Literal["sent", "not_sent", "withdrawn"],
        now: int,
        reason: str | None = None,
        provider: str | None = None,
        provider_id: str | None = None,
    ) -> None:
        """Write down how it ended."""
        ...

    def failing(
        self, message: Message, *, now: int, reason: str, provider: str
    ) -> AbstractAsyncContextManager[AlarmTransaction | None]:
        """Write down that it will never arrive, and what follows in the same transaction.

        Yields None when somebody else has the message by now.
        """
        ...

    async def retry(self, message: Message, *, not_before: int, reason: str, in_doubt: bool) -> None:
        """Put it back for later. ``in_doubt``: it may have arrived."""
        ...
