"""One run of a stretch: an engine of its own, its alarms, and nothing written anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from alerts.alarm import Alarm, Episode, TimelineEntry
from alerts.engine import Engine, KernelFault, Rule
from alerts.policy import CRIES_FOR_HELP
from alerts.standing import Standing
from anxin.backtesting.staff import Staff, ended_at
from anxin.backtesting.turns import Turn
from devices.batch import ReadingBatch, Records
from devices.kinds import Kind
from devices.payloads import Reading
from devices.registry import Parameter, RegistryChange
from devices.wearing import FOREVER
from gateway.directory import Directory
from gateway.episodes import to_episodes
from gateway.readings import Heading


class Run:
    """The engine, and what the desk would have had of it.

    Attributes:
        faulty: detectors that met what must not be, and were switched off from there on.
    """

    def __init__(self, settings: Sequence[Parameter], staff: Staff, *, known_since: int = -FOREVER) -> None:
        """Begin with nobody. ``settings`` are in force for everyone, whatever anybody set for themselves.

        ``known_since``: of what happened before this nothing is told, ms.
        """
        self.faulty: list[Rule] = []
        self._engine = Engine(known_since)
        self._directory = Directory()
        self._standing = Standing()
        self._staff = staff
        self._overridden = {parameter.name for parameter in settings}
        self._opened_by: dict[UUID, UUID] = {}
        self._recovered: dict[UUID, int] = {}
        self._engine.apply(
            [RegistryChange(version=0, entity="parameter", key=p.id, record=p) for p in settings],
        )

    def take(self, turn: Turn) -> None:
        """Decide one turn, as the gateway would have."""
        if turn.changes:
            self._directory.apply(turn.changes)
            self._engine.apply([change for change in turn.changes if not self._is_overridden(change)])
        decided = self._decide(turn)
        self._engine.commit()
        self._staff.act(self._standing, turn.now)
        for events in decided:
            if len(events):
                readings = _Headings(turn.readings, self._directory)
                for episode in to_episodes(events, readings, self._directory, turn.now, self._engine.sites):
                    self._fold(episode, turn.now)

    def finish(self, end_ms: int) -> None:
        """Let the staff end what they ended after the last turn."""
        self._staff.act(self._standing, end_ms)

    def alarms(self, start_ms: int, end_ms: int) -> list[Alarm]:
        """The alarms that were raised in ``[start_ms, end_ms)``, drills apart, in their order."""
        counted = [
            alarm for alarm in self._standing.known.values() if start_ms <= alarm.raised_at < end_ms and not alarm.drill
        ]
        return sorted(counted, key=lambda alarm: (alarm.raised_at, alarm.id))

    def until(self, alarm: Alarm) -> int:
        """When the alarm was over and its episode, too, ms; FOREVER while one of them stands."""
        over = ended_at(alarm)
        if alarm.kind in CRIES_FOR_HELP:
            return over
        return max(over, self._recovered.get(self._opened_by[alarm.id], FOREVER))

    def _is_overridden(self, change: RegistryChange) -> bool:
        return change.entity == "parameter" and change.key.rpartition("/")[2] in self._overridden

    def _decide(self, turn: Turn) -> list[Records]:
        """The events of the readings and of the deadlines; a detector that fails is left out from here on."""
        while True:
            decided = []
            try:
                if turn.readings.size:
                    decided.append(self._engine.process(turn.readings, turn.now))
                decided.append(self._engine.advance(turn.now, turn.listening_since))
                return decided
            except KernelFault as fault:
                self.faulty.append(self._engine.switch_off(fault))

    def _fold(self, episode: Episode, now: int) -> None:
        identity = self._standing.fold(episode, now)
        if episode.what == "recovered":
            self._recovered[episode.id] = now
        if identity is None:
            return
        self._opened_by.setdefault(identity, episode.id)
        alarm = self._standing.known[identity]
        gone = alarm.is_active and alarm.recovered_at is not None
        if gone and not self._staff.had_it((alarm.subject, alarm.rule), now):
            entry = TimelineEntry(t=now, actor="engine", event="resolve")
            self._standing.keep(
                msgspec.structs.replace(alarm, state="resolved", timeline=(*alarm.timeline, entry)),
            )


class _Headings(Sequence[Heading]):
    """Stored readings as the decoder would give them, made for those that an episode names."""

    def __init__(self, batch: ReadingBatch, directory: Directory) -> None:
        self._header = batch.header
        self._directory = directory

    def __len__(self) -> int:
        return len(self._header)

    def __getitem__(self, index: Any) -> Any:
        """One reading. Its payload is not needed again, and its topic's site is taken to be the device's own."""
        row = self._header[index]
        device = self._directory.device(int(row["device"]))
        return Heading(
            kind=Kind(int(row["kind"])),
            slot=int(row["device"]),
            t=int(row["t"]),
            seq=int(row["seq"]),
            received=int(row["received"]),
            trusted=bool(row["trusted"]),
            device="" if device is None else device.id,
            site="" if device is None else device.site,
            payload=Reading(t=int(row["t"])),
        )
