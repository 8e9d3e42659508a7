"""What became of the recordings, and of one person's together: of people, not of recordings, others are drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from anxin.evaluating.falls.recordings import Recording
from anxin.evaluating.falls.run import Alarm, Heard
from devices.clock import DAY_MS

Numbers = npt.NDArray[np.float64]


class Judged(NamedTuple):
    """One recording, evaluated.

    Attributes:
        recording: as it was recorded, without the alterations under which it was heard.
        heard: what the engine made of it.
    """

    recording: Recording
    heard: Heard

    @property
    def alarm(self) -> Alarm | None:
        """The first alarm."""
        return self.heard.alarms[0] if self.heard.alarms else None

    @property
    def is_right(self) -> bool:
        """Whether a fall was found, or daily life left alone."""
        return self.recording.is_fall == bool(self.heard.alarms)

    @property
    def jolt_ms(self) -> float:
        """When the recording's largest jolt is: what a delay counts from, whatever jolt the alarm names."""
        samples = self.recording.samples.astype(np.float64)
        return float(self.recording.t[np.argmax(np.einsum("ij,ij->i", samples, samples))])


class Person(NamedTuple):
    """Recordings of one person, counted.

    Attributes:
        tp, fn: recordings of falls with an alarm and without.
        tn, fp: of daily life without an alarm and with.
        false_alarms: in recordings of daily life; one may raise several.
        days: of daily life that were recorded.
        delays_s: shape (tp,), from the largest jolt to the first alarm.
        surest_fall, surest_adl: shape (tp + fn,) and (tn + fp,), the highest probability of each recording.
    """

    tp: int
    fn: int
    tn: int
    fp: int
    false_alarms: int
    days: float
    delays_s: Numbers
    surest_fall: Numbers
    surest_adl: Numbers


def person_of(own: Iterable[Judged]) -> Person:
    """Count recordings."""
    falls: list[Judged] = []
    ordinary: list[Judged] = []
    for one in own:
        (falls if one.recording.is_fall else ordinary).append(one)
    found = [(one.alarm.raised_ms - one.jolt_ms) / 1000 for one in falls if one.alarm is not None]
    fp = sum(not one.is_right for one in ordinary)
    return Person(
        tp=len(found),
        fn=len(falls) - len(found),
        tn=len(ordinary) - fp,
        fp=fp,
        false_alarms=sum(len(one.heard.alarms) for one in ordinary),
        days=sum(one.recording.seconds for one in ordinary) * 1000 / DAY_MS,
        delays_s=np.array(found),
        surest_fall=np.array([one.heard.surest for one in falls]),
        surest_adl=np.array([one.heard.surest for one in ordinary]),
    )


def people_of(judged: Iterable[Judged]) -> list[Person]:
    """Everybody in these recordings."""
    of_subject: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        of_subject[one.recording.subject].append(one)
    return [person_of(own) for own in of_subject.values()]


def together(people: Sequence[Person]) -> Person:
    """All of them counted as one."""
    return Person(
        *(sum(person[at] for person in people) for at in range(6)),  # type: ignore[arg-type]
        *(np.concatenate([person[at] for person in people]) for at in range(6, 9)),
    )
