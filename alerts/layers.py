"""Parameters in layers: which value is in force for somebody, from which layer it comes, and what decided once.

The default of the code gives way to what was set for everyone, that to what was set for the site, that to what was
set for the resident. Pure functions over a catalogue of parameters, which is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from alerts.catalogue import ParameterSpec
from devices.registry import Scope

Layer = Literal["default", "everyone", "site", "resident"]

LAYERS: Final[tuple[Scope, ...]] = ("everyone", "site", "resident")
"""The weakest first."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A value that somebody set. ``by``: the user name; ``at`` in ms; ``version``: the registry's, of that change."""

    scope: Scope
    key: str
    name: str
    value: float
    version: int
    by: str | None
    at: int


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """The value that decides, where it comes from, and the version of that setting; 0: the default."""

    value: float
    layer: Layer
    version: int


class SettingChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a setting as the registry logged it; ``value`` None: back to the layer below. ``at`` in ms."""

    scope: Scope
    key: str
    name: str
    value: float | None
    version: int
    by: str | None
    at: int


def in_force(catalogue: Mapping[str, ParameterSpec], settings: Iterable[Setting]) -> dict[str, InForce]:
    """What decides for somebody whom all of ``settings`` concern: one person's, with their site's and everyone's."""
    found = {name: InForce(value=float(spec.default), layer="default", version=0) for name, spec in catalogue.items()}
    for setting in sorted(settings, key=lambda each: LAYERS.index(each.scope)):
        if setting.name in found:
            found[setting.name] = InForce(value=setting.value, layer=setting.scope, version=setting.version)
    return found


def version_of(values: Mapping[str, InForce]) -> int:
    """The version of what is in force: the newest of its settings, 0 when all are defaults."""
    return max((each.version for each in values.values()), default=0)


def settings_of(changes: Iterable[SettingChange]) -> list[Setting]:
    """The settings that stand after ``changes``, which come in the order of their versions."""
    standing: dict[tuple[str, str, str], Setting] = {}
    for each in changes:
        place = (each.scope, each.key, each.name)
        if each.value is None:
            standing.pop(place, None)
        else:
            standing[place] = Setting(
                scope=each.scope,
                key=each.key,
                name=each.name,
                value=each.value,
                version=each.version,
                by=each.by,
                at=each.at,
            )
    return list(standing.values())


def decided_under(
    catalogue: Mapping[str, ParameterSpec], changes: Sequence[SettingChange], version: int, at: int
) -> dict[str, InForce] | None:
    """What was in force under ``version`` for somebody whom all ``changes`` concern, at ``at`` (ms).

    A setting that was taken back leaves the version of an older one in force again, so a version may have been in
    force more than once: the last such time up to ``at`` counts, else the first one after it (the clocks of the
    gateway and the database may differ). None when it never was, for example because the resident was at another
    site then.
    """
    found: dict[str, InForce] | None = None
    for count in range(len(changes) + 1):
        if found is not None and count > 0 and changes[count - 1].at > at:
            break
        values = in_force(catalogue, settings_of(changes[:count]))
        if version_of(values) == version:
            found = values
    return found
