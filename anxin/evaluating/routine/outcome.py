"""What became of one person's ordinary days and of their trials, under one way of judging."""

from __future__ import annotations

from typing import NamedTuple

from anxin.evaluating.routine.recordings import Signs, Times


class Outcome(NamedTuple):
    """Under one way of judging.

    Attributes:
        false_alarms: in the life as it was.
        delays_h: shape (trials,), from the end of the signs to the alarm, hours; inf: none came.
        standing: in so many trials an alarm stood already when the signs ended (their delay is 0).
    """

    false_alarms: int
    delays_h: Signs
    standing: int


class Watched(NamedTuple):
    """One person, evaluated.

    Attributes:
        hours: shape (trials,), the local hour at which the signs ended.
        learned: under the engine's rule; ``plain``: under the plain limit.
    """

    subject: str
    folder: str
    days: float
    hours: Times
    learned: Outcome
    plain: Outcome
