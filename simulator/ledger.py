"""How many readings were made, sent and acknowledged, exactly, so that others can compare with what is stored."""

from __future__ import annotations

from collections import Counter

import msgspec


class Settled(msgspec.Struct, frozen=True):
    """Every reading with ``t < before_ms`` was acknowledged by the broker; there are ``readings`` of them."""

    before_ms: int
    readings: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulator publishes once a second. A reading counts once, however often it was repeated."""

    since: int
    at: int
    made: int
    sent: int
    acked: int
    repeated: int
    settled: Settled


class Ledger:
    """Book of all readings of one run of the simulator; ``since`` in ms is before the first of them."""

    def __init__(self, since: int) -> None:
        self._since = since
        self._made = self._sent = self._acked = self._repeated = 0
        self._open: Counter[int] = Counter()
        self._recent: list[int] = []
        self._settled = Settled(since, 0)

    def made(self, t: int) -> None:
        """A reading came into being with event time ``t``, not before an earlier call's ``t`` was settled."""
        self._made += 1
        self._open[t] += 1

    def sent(self, *, again: bool) -> None:
        """A reading was handed to the connection, for the first time or once more."""
        if again:
            self._repeated += 1
        else:
            self._sent += 1

    def acknowledged(self, t: int) -> None:
        """The broker acknowledged the reading, for the first time."""
        self._acked += 1
        self._open[t] -= 1
        if not self._open[t]:
            del self._open[t]
        self._recent.append(t)

    def counts(self, now: int) -> Counts:
        """The figures at ``now``; call it when no reading with ``t < now`` is still to be made."""
        before = min(min(self._open, default=now), now)
        later = [t for t in self._recent if t >= before]
        readings = self._settled.readings + len(self._recent) - len(later)
        self._settled, self._recent = Settled(before, readings), later
        return Counts(
            since=self._since, at=now, made=self._made, sent=self._sent, acked=self._acked,
            repeated=self._repeated, settled=self._settled,
        )  # fmt: skip
