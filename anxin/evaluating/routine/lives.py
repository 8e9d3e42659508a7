"""What the engine is shown of a recorded person: a band's reports, as they were, and as if the signs had ended.

Every line of a recording becomes a heartbeat whose running total of steps grows by the line's sign. A home that
only records contacts reports each five minutes that it is there. From a trial's end on the total stands still, and
the reports go on at the recording's own pace: somebody lies helpless, and the band on the wrist says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.routine.recordings import Person, Recording, Signs, Times
from anxin.evaluating.years import shift_ms
from devices.batch import HEADER, HEARTBEAT, ReadingBatch, empty_batch
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from devices.kinds import Kind

HOME_REPORTS_MS: Final = 5 * MINUTE_MS
"""How often a home that records only contacts says that it is there: a band's interval where none is told."""
WAIT_MS: Final = 48 * HOUR_MS
"""So long an alarm is waited for; one that has not come by then is missed. Assumption."""
LEARNS_MS: Final = 14 * DAY_MS
"""Detection is measured from the third week on (contract section 6)."""
LONG_MS: Final = 21 * DAY_MS
"""A shorter recording is measured from its middle on."""


class Life(NamedTuple):
    """One person's reports.

    Attributes:
        t: shape (n,), ms, rising.
        steps: shape (n,), int64, the running total of signs.
        recorded_ms: shape (n,), int64, how long was recorded until then; time without data stands still.
        interval_ms: how often it reports.
        timezone: in which the hours are.
    """

    t: Times
    steps: Times
    recorded_ms: Times
    interval_ms: int
    timezone: str

    @property
    def days(self) -> float:
        """How long was recorded."""
        return float(self.recorded_ms[-1]) / DAY_MS


def life_of(person: Person) -> Life:
    """A person's recordings as reports.

    Raises:
        EvaluationError: nothing is recorded between any two lines.
    """
    parts = [_reports(recording) for recording in person.recordings]
    t = np.concatenate([part[0] for part in parts])
    steps = np.cumsum(np.ceil(np.concatenate([part[1] for part in parts]))).astype(np.int64)
    steady = np.diff(t)
    interval = int(np.median(steady)) if len(steady) else 0
    unheard = steady > 2 * interval + 30_000
    recorded = np.concatenate([[0], np.cumsum(np.where(unheard, 0, steady))]).astype(np.int64)
    if recorded[-1] == 0:
        raise EvaluationError(f"{person.subject}: the recording lasts less than a minute")
    return Life(t + shift_ms(int(t[0])), steps, recorded, interval, person.timezone)


def ends_of(life: Life, trials: int, chance: np.random.Generator) -> Times:
    """When the signs end, shape (trials,), ms: any moment that was recorded, once enough is known of the person."""
    span = int(life.t[-1] - life.t[0])
    first = int(life.t[0]) + (LEARNS_MS if span >= LONG_MS else span // 2)
    known = float(np.interp(first, life.t, life.recorded_ms))
    moments = chance.uniform(known, float(life.recorded_ms[-1]), trials)
    after = np.searchsorted(life.recorded_ms, moments)
    ends: Times = np.sort(life.t[after] - (life.recorded_ms[after] - moments).astype(np.int64))
    return ends


def told(life: Life, ends: Times) -> ReadingBatch:
    """What arrives, in order: device 0 reports the life as it was, device ``1 + i`` until ``ends[i]`` and then rest."""
    t, steps = [life.t], [life.steps]
    for end in ends.tolist():
        heard = int(np.searchsorted(life.t, end, "right"))
        last = int(life.t[heard - 1])
        resting = np.arange(last + life.interval_ms, end + WAIT_MS + 1, life.interval_ms, dtype=np.int64)
        t.append(np.concatenate([life.t[:heard], resting]))
        steps.append(np.concatenate([life.steps[:heard], np.full(len(resting), life.steps[heard - 1])]))
    moments = np.concatenate(t)
    order = np.argsort(moments, kind="stable")
    header = np.zeros(len(moments), HEADER)
    header["t"] = header["received"] = moments[order]
    header["device"] = np.repeat(np.arange(len(t)), [len(part) for part in t])[order]
    header["pos"] = header["row"] = np.arange(len(moments))
    header["seq"], header["kind"], header["trusted"] = -1, Kind.HEARTBEAT, 1
    beats = np.zeros(len(moments), HEARTBEAT)
    beats["steps"] = np.concatenate(steps)[order]
    beats["interval_s"] = life.interval_ms / 1000
    beats["battery_pct"], beats["worn"] = 80, 1
    beats["rssi_dbm"] = beats["activity"] = np.nan
    return empty_batch()._replace(header=header, heartbeat=beats)


def local_hours(life: Life, moments: Times) -> Times:
    """The hour of the day of each moment, 0 to 23."""
    zone = ZoneInfo(life.timezone)
    hours = [datetime.fromtimestamp(moment / 1000, zone).hour for moment in moments.tolist()]
    return np.array(hours, np.int64)


def _reports(recording: Recording) -> tuple[Times, Signs]:
    """At most one report a minute, with the signs since the one before."""
    t, sign = recording.t, recording.sign
    if recording.only_events:
        present = np.arange(t[0], t[-1], HOME_REPORTS_MS, dtype=np.int64)
        t = np.concatenate([t, present])
        sign = np.concatenate([sign, np.zeros(len(present))])
        order = np.argsort(t, kind="stable")
        t, sign = t[order], sign[order]
    minute = t // MINUTE_MS
    first = np.flatnonzero(np.concatenate([[True], minute[1:] != minute[:-1]]))
    return t[np.concatenate([first[1:], [len(t)]]) - 1], np.add.reduceat(sign, first)
