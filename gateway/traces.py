"""Which falls still wait for samples: a band sends what it felt after the fall when the alarm is out already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from alerts.alarm import Alarm
from alerts.engine import Rule, What
from alerts.engine.layout import LATE_AFTER_MS
from alerts.trace import AFTER_MS
from devices.batch import ReadingBatch, Records
from devices.kinds import Kind
from gateway.store.connection import Connection
from gateway.store.traces import LONGEST_WINDOW_MS, Watch, begin_traces, begun_since, copy_samples

AWAITED_MS: Final = LATE_AFTER_MS + AFTER_MS
"""So long samples may still come: what is older on arrival is late."""

_FALLS: Final = (int(Rule.FALL_MOTION), int(Rule.FALL_DEVICE))
_TELLS: Final = (int(What.OPENED), int(What.EVIDENCE))


def falls_among(events: Records, alarms: Sequence[Alarm | None]) -> list[Watch]:
    """The falls that a batch's events tell of, each once; ``alarms``: to which alarm each event belongs."""
    found = [
        Watch(alarm.id, int(event["opening_t"]), int(event["device"]), Rule(int(event["rule"])).public_name)
        for event, alarm in zip(events, alarms, strict=True)
        if alarm is not None and event["rule"] in _FALLS and event["what"] in _TELLS and event["device"] >= 0
    ]
    return list(dict.fromkeys(found))


def _concerned(fall: Watch, windows: Records) -> bool:
    """Whether one of these windows may hold samples of a fall; the band goes on sending long after it."""
    near = (windows["t"] < fall.jolt_ms + AFTER_MS) & (windows["t"] > fall.jolt_ms - LONGEST_WINDOW_MS)
    return bool((near & (windows["device"] == fall.device)).any())


class Traces:
    """The falls of the last minutes, by the device whose samples belong to them."""

    def __init__(self) -> None:
        self._awaited: dict[Watch, int] = {}

    async def learn(self, connection: Connection, now_ms: int) -> None:
        """Go on with those of whoever kept them before."""
        self._remember(await begun_since(connection, now_ms - AWAITED_MS), now_ms)

    async def keep(self, connection: Connection, falls: Sequence[Watch], batch: ReadingBatch, now_ms: int) -> None:
        """Store what a batch adds: falls that it tells of, samples of those that were told of before."""
        grown = []
        if self._awaited:
            windows = batch.of_kind(Kind.MOTION)
            grown = [fall for fall in self._awaited if fall not in falls and _concerned(fall, windows)]
        await begin_traces(connection, falls, now_ms)
        await copy_samples(connection, [*falls, *grown])

    def stored(self, falls: Iterable[Watch], now_ms: int) -> None:
        """The batch that told of these falls is committed."""
        self._remember(falls, now_ms)
        for fall in [fall for fall, since_ms in self._awaited.items() if now_ms - since_ms > AWAITED_MS]:
            del self._awaited[fall]

    def _remember(self, falls: Iterable[Watch], now_ms: int) -> None:
        for fall in falls:
            self._awaited.setdefault(fall, now_ms)
