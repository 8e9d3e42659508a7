"""The run: every recording a band on a wrist of its own, heard by the engine as in a gateway, and what it said when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, What
from anxin.evaluating.falls.recordings import Recording
from anxin.evaluating.falls.windows import WINDOW_MS, sent
from devices.registry import Assignment, Device, Entity, Parameter, Record, RegistryChange, Resident

RULE: Final = Rule.FALL_MOTION
START_MS: Final = 1_614_556_800_000
"""2021-03-01 00:00 UTC: every recording begins then."""
STEP_MS: Final = 1000
"""How often the engine is asked whether a moment has come to judge: as often as a gateway asks it."""
WAIT_MS: Final = 15_000
"""So long an alarm is waited for after a recording's end."""
AT_ONCE: Final = 2048
"""So many recordings go through one engine."""
_PROBABILITY: Final = EVIDENCE_FIELDS[RULE].index("probability")

Weights = npt.NDArray[np.float32]
Told = Callable[[int, int], None]


class Alarm(NamedTuple):
    """One alarm.

    Attributes:
        raised_ms: when it came; ``jolt_ms``: the jolt that it names; both from the recording's start.
        probability: what the alarm said when it was raised.
    """

    raised_ms: int
    jolt_ms: int
    probability: float


class Heard(NamedTuple):
    """What the engine made of one recording.

    Attributes:
        alarms: in their order.
        surest: the highest probability at which anything was judged, -1 where nothing looked like a fall.
    """

    alarms: tuple[Alarm, ...]
    surest: float


def heard(
    recordings: Sequence[Recording], *, weights: Weights | None, parameters: Mapping[str, float], told_of: Told,
    window_ms: int = WINDOW_MS,
) -> list[Heard]:  # fmt: skip
    """Let the engine hear recordings; returns what it made of each, in their order.

    Args:
        recordings: each is worn by a resident of its own, whom the engine has never seen.
        weights: of the model; None: those of the package.
        parameters: other values of the rules' parameters, for everyone.
        told_of: hears how much of how much is done.
        window_ms: how much a band sends at a time.
    """
    found: dict[int, Heard] = {}
    by_length = sorted(range(len(recordings)), key=lambda i: float(recordings[i].t[-1]))
    total = sum(len(recording.t) for recording in recordings)
    done = 0
    for at in range(0, len(by_length), AT_ONCE):
        group = by_length[at : at + AT_ONCE]
        some = [recordings[i] for i in group]
        own = sum(len(recording.t) for recording in some)
        told = within(told_of, done, own, total)
        found |= zip(group, _together(some, weights, parameters, told, window_ms), strict=True)
        done += own
    return [found[i] for i in range(len(recordings))]


def _together(
    recordings: Sequence[Recording], weights: Weights | None, parameters: Mapping[str, float], told_of: Told,
    window_ms: int,
) -> list[Heard]:  # fmt: skip
    engine = Engine(fall_weights=weights)
    engine.apply(_registry(len(recordings), parameters))
    for rule in Rule:
        if rule != RULE:
            engine.disable(rule)
    batch = sent(recordings, START_MS, window_ms)
    received = batch.header["received"]
    asked = np.arange(START_MS, int(received[-1]) + WAIT_MS + STEP_MS, STEP_MS)
    moments = np.union1d(received, asked)
    edges = np.searchsorted(received, moments, "right").tolist()
    alarms: list[list[Alarm]] = [[] for _ in recordings]
    read = 0
    for now, edge in zip(moments.tolist(), edges, strict=True):
        events = [engine.process(batch.window(read, edge), now)] if edge > read else []
        events.append(engine.advance(now, START_MS))
        engine.commit()
        read = edge
        for rows in (rows for rows in events if len(rows)):
            for said in rows[(rows["rule"] == RULE) & (rows["what"] == What.OPENED)]:
                alarms[int(said["device"])].append(_alarm(said, now))
        told_of(read, len(received))
    surest = engine.surest_falls
    return [Heard(tuple(mine), float(surest[i])) for i, mine in enumerate(alarms)]


def _alarm(said: Any, now: int) -> Alarm:
    return Alarm(now - START_MS, int(said["t"]) - START_MS, float(said["values"][_PROBABILITY]))


def within(told_of: Told, before: int, own: int, total: int) -> Told:
    """What a part of the work reports, as a part of the whole."""

    def reached(done: int, of: int) -> None:
        told_of(before + own * done // of, total)

    return reached


def _registry(residents: int, parameters: Mapping[str, float]) -> list[RegistryChange]:
    """Everybody lives on a site of their own."""
    records: list[tuple[Entity, Record]] = [
        ("parameter", Parameter(id=f"everyone//{name}", scope="everyone", name=name, value=value))
        for name, value in parameters.items()
    ]
    for i in range(residents):
        records += [
            ("resident", Resident(id=f"r{i}", slot=i, site=f"s{i}", name="")),
            ("device", Device(id=f"d{i}", slot=i, site=f"s{i}")),
            ("assignment", Assignment(id=f"a{i}", device_slot=i, resident_slot=i, from_ms=0)),
        ]
    return [
        RegistryChange(version=1 + number, entity=entity, key=record.id, record=record)
        for number, (entity, record) in enumerate(records)
    ]
