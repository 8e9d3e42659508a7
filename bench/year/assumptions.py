"""What the simulated year assumes beside the month's world (``bench.desk.assumptions``); each value with its source.

"Assumption" stands where no measurement of such people is known to us. What decides how often an alarm is false is
how often people forget; nobody publishes it for a button on a wrist, so ``forgets`` is a wide guess to be replaced by
a centre's own count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from alerts.checks import DaysOff, Terms, WindowTerms
from bench.desk.assumptions import Assumptions
from bench.desk.assumptions import assumed as month_assumed

HOLIDAYS: Final = (
    DaysOff(date(2026, 1, 1), date(2026, 1, 3)),
    DaysOff(date(2026, 2, 15), date(2026, 2, 23)),
    DaysOff(date(2026, 4, 4), date(2026, 4, 6)),
    DaysOff(date(2026, 5, 1), date(2026, 5, 5)),
    DaysOff(date(2026, 6, 19), date(2026, 6, 21)),
    DaysOff(date(2026, 9, 25), date(2026, 9, 27)),
    DaysOff(date(2026, 10, 1), date(2026, 10, 7)),
)
"""Source: the State Council's notice of the public holidays of 2026."""

_MORNING: Final = WindowTerms(opens="08:00", closes="09:30")
_EVENING: Final = WindowTerms(opens="18:00", closes="19:30")
_ANY_SIGN: Final = WindowTerms(opens="06:00", closes="11:00", by="sign")
PLANS: Final[tuple[tuple[float, Terms | None], ...]] = (
    (0.40, Terms(windows=(_MORNING,))),
    (0.20, Terms(windows=(_MORNING, _EVENING))),
    (0.10, Terms(windows=(_MORNING,), holidays="skip")),
    (0.20, Terms(windows=(_ANY_SIGN,))),
    (0.10, None),
)
"""What share of the residents has promised what. Assumption."""


class YearAssumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What people do about their promises, and how often somebody lies helpless.

    Attributes:
        forgets: mean share of the promised presses that a resident forgets; it differs from one to the next
            (beta distribution, 1.2 to 40 for the default). Assumption, 0.01 to 0.10.
        forgets_ill, forgets_festive, forgets_away: so many times as often with a fever, on a holiday, with their
            family. Assumption.
        heeds_reminder: presses after the band has rung, of those who had forgotten and wear it. Assumption, 0.3 to 0.8.
        remembers: presses by oneself some time in the rest of the day, of those who forgot. Assumption.
        reminded_before_min: how long before the end the band rings. Source: the plans' default.
        helpless_per_year: how often a resident comes to lie helpless, at any moment of any day. Far more often than in
            life (one in 20 to 50 a year), so that a year tells something of every hour. Assumption.
        call_after_min: from a sounding alarm to the call that settles it when all is well. Assumption.
        answers: of those who are well pick up at once; somebody goes to the others, and is there in half an hour.
            Assumption.
        unnoticed_h: after so long somebody finds a helpless person whatever the system says. Assumption.
    """

    forgets: float = 0.03
    forgets_ill: float = 4.0
    forgets_festive: float = 2.0
    forgets_away: float = 5.0
    heeds_reminder: float = 0.6
    remembers: float = 0.4
    reminded_before_min: int = 15
    helpless_per_year: float = 2.0
    call_after_min: float = 10.0
    answers: float = 0.85
    unnoticed_h: float = 72.0


def assumed(words: Sequence[str]) -> tuple[Assumptions, YearAssumptions]:
    """The month's world and what the year adds, as ``words`` describe them: ``usual``, ``noisy``, ``name=number``.

    Raises:
        ValueError: a word is neither, or its number is none.
    """
    own = YearAssumptions()
    of_the_month = []
    for word in words:
        name, equals, number = word.partition("=")
        if equals and name in YearAssumptions.__struct_fields__:
            own = msgspec.structs.replace(own, **{name: type(getattr(own, name))(float(number))})
        else:
            of_the_month.append(word)
    world = month_assumed(of_the_month)
    said = [word for word in words if word not in of_the_month]
    return msgspec.structs.replace(world, name=" ".join([world.name, *said])), own
