"""One reading as the rules see it, and what a change of the registry makes them forget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from devices.kinds import Kind
from tests.reference.oracle.settings import InForce
from tests.reference.oracle.words import Claim, Told, Wearer


class Moment(NamedTuple):
    """A reading, whose it is and what is in force for them.

    Attributes:
        newer: newer than everything of its device and kind; others are stored and move no rule but the cries.
        handed_over: what the device said of this kind before it was of another wearer's time.
        now: the batch's moment, ms.
    """

    told: Told
    wearer: Wearer
    newer: bool
    handed_over: bool
    now: int
    p: InForce

    @property
    def resident(self) -> int | None:
        return self.wearer if isinstance(self.wearer, int) else None


class Aftermath(NamedTuple):
    """What a registry change did to those whom the rules are watching.

    Attributes:
        handed_over: devices and kinds whose newest reading belongs to somebody else than before.
        roused: residents who are active now and were not, or the other way round.
        fenced: residents one of whose zones is another now.
    """

    handed_over: set[tuple[int, Kind]]
    roused: set[int]
    fenced: set[int]


class Story(Protocol):
    """What a rule follows, reading by reading."""

    def hear(self, moment: Moment) -> Iterator[Claim]:
        """Take a reading in; say what it means."""
        ...

    def forget(self, after: Aftermath) -> None:
        """Drop what a registry change has made void."""
        ...
