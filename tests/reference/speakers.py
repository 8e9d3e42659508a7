"""Oracle and engine behind one face, so that a law can be put to both."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Protocol

import alerts.engine
from alerts.engine import EVIDENCE_FIELDS, Engine
from devices.batch import Records
from devices.registry import RegistryChange
from tests.reference.oracle import Oracle, Rule, Told, Verdict
from tests.reference.streams import batch_of, said_in


class Speaker(Protocol):
    """Readings and registry changes in, verdicts out."""

    def apply(self, change: RegistryChange) -> None: ...

    def hear(self, readings: Sequence[Told], now: int) -> list[Verdict]: ...

    def judge(self, now: int, listening_since: int | None) -> list[Verdict]: ...

    def disable(self, rule: Rule) -> None: ...

    def enable(self, rule: Rule) -> None: ...


class EngineSpeaks:
    """The engine, which commits whatever it says."""

    def __init__(self) -> None:
        self.engine = Engine()

    def apply(self, change: RegistryChange) -> None:
        self.engine.apply([change])

    def hear(self, readings: Sequence[Told], now: int) -> list[Verdict]:
        return self._committed(self.engine.process(batch_of(readings), now))

    def judge(self, now: int, listening_since: int | None) -> list[Verdict]:
        return self._committed(self.engine.advance(now, listening_since))

    def disable(self, rule: Rule) -> None:
        self.engine.disable(alerts.engine.Rule(rule))

    def enable(self, rule: Rule) -> None:
        self.engine.enable(alerts.engine.Rule(rule))

    def _committed(self, events: Records) -> list[Verdict]:
        verdicts = verdicts_in(events)
        self.engine.commit()
        return verdicts


def verdicts_in(events: Records) -> list[Verdict]:
    """The engine's events in the oracle's words, with what the evidence tells by name."""
    verdicts = []
    for said, event in zip(said_in(events), events, strict=True):
        names = EVIDENCE_FIELDS[alerts.engine.Rule(said.rule)]
        told = {name: float(value) for name, value in zip(names, event["values"], strict=False)}
        verdicts.append(Verdict(said, {name: value for name, value in told.items() if not isnan(value)}))
    return verdicts


SPEAKERS: tuple[type[Speaker], ...] = (Oracle, EngineSpeaks)
