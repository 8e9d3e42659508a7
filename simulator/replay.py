"""``anxin simulate --replay``: bands that report what others recorded, through a broker like any band.

Live, a reading is sent when its moment comes, its ``t`` the wall clock's time; with ``speed`` 10 a walk of an hour
takes six minutes, and what a gateway measures between two fixes is a tenth of what passed for the walker (a
window of motion has ten times its sampling rate). Stored, everything is sent at once with the recorded distances
in time, the last reading now, as a band does that was out of range. All subjects live side by side. At its end a
band says that it is on its charger, so that its silence is nobody's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from devices.clock import Clock, SteadyClock
from simulator.device import Device
from simulator.ledger import Ledger
from simulator.link import BrokerAddress, Link
from simulator.recordings import Subject

BANDS_PER_LINK: Final = 100
SAY_EVERY_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.2
_FASTEST_HZ: Final = 1000.0
"""The greatest sampling rate that a motion reading may name (contract section 1)."""


class Replay:
    """A set of subjects on its way through a broker; ``played`` counts by kind what the broker has acknowledged."""

    def __init__(
        self,
        subjects: Sequence[Subject],
        *,
        broker: BrokerAddress,
        site: str,
        speed: float | None,
        clock: Clock | None = None,
    ) -> None:
        """``speed``: how much faster than life, above 0; None sends everything at once, as stored readings."""
        self.clock = clock or SteadyClock()
        self.ledger = Ledger(self.clock.now_ms())
        self.played: Counter[str] = Counter()
        self._speed = speed
        self._subjects = subjects
        self._links = [
            Link(broker, f"replay-{site}-{number}") for number in range(1 + (len(subjects) - 1) // BANDS_PER_LINK)
        ]
        self._bands = [
            Device(site, subject.device, link=self._links[i // BANDS_PER_LINK], ledger=self.ledger, clock=self.clock)
            for i, subject in enumerate(subjects)
        ]

    async def run(self, say: Callable[[str], None]) -> Counter[str]:
        """Play to the end; returns how many readings of each kind were played once the broker has them all.

        Raises:
            RecordingError: for a recording that cannot be read.
        """
        async with asyncio.TaskGroup() as tasks, self._switched_on(tasks):
            plays = [
                tasks.create_task(self._play(subject, band), name=f"{band.device} plays")
                for subject, band in zip(self._subjects, self._bands, strict=True)
            ]
            turns = 0
            while not (all(play.done() for play in plays) and not any(band.waiting for band in self._bands)):
                if turns % round(SAY_EVERY_S / _LOOK_EVERY_S) == 0:
                    say(self._progress(sum(play.done() for play in plays)))
                turns += 1
                await asyncio.sleep(_LOOK_EVERY_S)
        say(self._progress(len(self._subjects)))
        return self.played

    def _progress(self, done: int) -> str:
        counts = self.ledger.counts(self.clock.now_ms())
        return (
            f"{done} of {len(self._subjects)} recorded people at their end;"
            f" readings {counts.made}, acknowledged by the broker {counts.acked}"
        )

    @asynccontextmanager
    async def _switched_on(self, tasks: asyncio.TaskGroup) -> AsyncIterator[None]:
        running = [
            *(tasks.create_task(link.run(), name=f"link {number}") for number, link in enumerate(self._links)),
            *(tasks.create_task(band.send(), name=f"{band.device} sends") for band in self._bands),
        ]
        yield
        for task in running:
            task.cancel()

    async def _play(self, subject: Subject, band: Device) -> None:
        speed = self._speed
        if speed is None:
            recorded = list(subject.readings())
            begin = self.clock.now_ms() - (recorded[-1].t if recorded else 0)
            for reading in recorded:
                self._report(band, reading.kind, begin + reading.t, reading.fields)
        else:
            begin = self.clock.now_ms()
            for reading in subject.readings():
                t = begin + round(reading.t / speed)
                await asyncio.sleep(max(0, t - self.clock.now_ms()) / 1000)
                self._report(band, reading.kind, t, _hurried(reading.kind, reading.fields, speed))
        self._report(band, "heartbeat", self.clock.now_ms(), {"charging": True, "worn": False})

    def _report(self, band: Device, kind: str, t: int, fields: dict[str, object]) -> None:
        band.report(kind, t, fields)
        self.played[kind] += 1


def _hurried(kind: str, fields: dict[str, object], speed: float) -> dict[str, object]:
    rate_hz = fields.get("rate_hz")
    if kind != "motion" or not isinstance(rate_hz, float):
        return fields
    return {**fields, "rate_hz": min(rate_hz * speed, _FASTEST_HZ)}
