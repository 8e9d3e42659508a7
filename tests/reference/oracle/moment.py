"""One reading as the rules see it, and what a change of the registry makes them forget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from devices.kinds import Kind
from tests.reference.oracle.settings import InForce
from tests.reference.oracle.words import Claim, Rule, Told, Wearer


class Moment(NamedTuple):
    """A reading, whose it is and what is in force for them.

    Attributes:
        newer: newer than everything of its device and kind; others are stored and move no rule but the cries.
        now: the batch's moment, ms.
    """

    told: Told
    wearer: Wearer
    newer: bool
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
        switched: rules and devices: the rule is off now for whoever the device was last counted for, and was on, or
            the other way round.
    """

    handed_over: set[tuple[int, Kind]]
    roused: set[int]
    fenced: set[int]
    switched: set[tuple[Rule, int]]


class Story(Protocol):
    """What a rule follows, reading by reading.

    One that people switched off opens nothing, says nothing again and counts nothing; what stands it follows to its
    end, and says that it is over: an alarm that nothing ends any more would stand for ever, or be ended by a
    guess. What was half counted is forgotten when it is switched off, and when it is switched on.
    One whose detector failed (``Oracle.disable``) says nothing and follows nothing: nobody knows whether what it would
    say is true, least of all that somebody is well.
    """

    def hear(self, moment: Moment, *, on: bool) -> Iterator[Claim]:
        """Take a reading in; say what it means. ``on``: the rule is in force."""
        ...

    def hand_over(self, device: int, kind: Kind) -> None:
        """Drop what a device was under another wearer: this is its first reading of a kind under the next."""
        ...

    def drop_half_counted(self, device: int | None = None) -> None:
        """Drop what has opened nothing yet, of one device or of all."""
        ...

    def forget(self, after: Aftermath) -> None:
        """Drop what a registry change has made void."""
        ...
