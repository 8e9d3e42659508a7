"""The registry of a run: what is entered or removed in it is known to the engine at once."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.engine import Engine
from bench.desk.people import change
from devices.registry import Entity, Record, RegistryChange


class Book:
    """Counts the versions.

    Attributes:
        version: of the newest change.
    """

    def __init__(self, engine: Engine) -> None:
        self.version = 0
        self._engine = engine

    def enter(self, records: Iterable[tuple[Entity, Record]]) -> None:
        """Enter or replace records."""
        self._engine.apply([change(self._next(), entity, record) for entity, record in records])

    def remove(self, entity: Entity, keys: Iterable[str]) -> None:
        """Remove records."""
        gone = [RegistryChange(version=self._next(), entity=entity, key=key, record=None) for key in keys]
        self._engine.apply(gone)

    def _next(self) -> int:
        self.version += 1
        return self.version
