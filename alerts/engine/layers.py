"""Parameters in layers: what somebody set for everyone, for a site, for a resident, over the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from alerts.engine.catalogue import DEFAULTS, PARAMETERS
from alerts.engine.rules import Rule
from devices.batch import Records
from devices.registry import Parameter


class Override(msgspec.Struct, frozen=True, array_like=True):
    """One value that somebody set: for a resident (by slot), else for a site, else for everyone."""

    site: str
    resident: int
    """Slot; −1: of a site, or of everyone (``site`` empty)."""
    name: str
    value: float
    version: int


def note(overrides: dict[str, Override], key: str, record: Parameter | None, version: int) -> None:
    """Take in a change. A parameter that this engine does not know is none of its business."""
    overrides.pop(key, None)
    if record is not None and record.name in PARAMETERS:
        site = record.key if record.scope == "site" else ""
        resident = record.resident_slot if record.scope == "resident" and record.resident_slot is not None else -1
        overrides[key] = Override(site, resident, record.name, record.value, version)


class Switch(NamedTuple):
    """Whether one rule is in force for whom."""

    everyone: bool
    of_site: dict[str, bool]
    of_resident: dict[int, bool]

    def is_on(self, site: str, resident: int) -> bool:
        """For a resident (−1: nobody known) of a site."""
        return self.of_resident.get(resident, self.of_site.get(site, self.everyone))


def switch(overrides: Mapping[str, Override], rule: Rule) -> Switch:
    """What was set of the parameter that switches a rule."""
    name = f"{rule.public_name}.enabled"
    found = Switch(bool(PARAMETERS[name].default), {}, {})
    for override in overrides.values():
        if override.name != name:
            continue
        on = override.value != 0
        if override.resident >= 0:
            found.of_resident[override.resident] = on
        elif override.site:
            found.of_site[override.site] = on
        else:
            found = found._replace(everyone=on)
    return found


class Layered(NamedTuple):
    """Rows of parameters, and who has one that is not everyone's."""

    rows: Records
    """shape (n,), ``catalogue.RULES``; row 0 is everyone's."""
    of_site: dict[str, int]
    of_resident: dict[int, int]


def layered(overrides: Mapping[str, Override], site_of: Mapping[int, str]) -> Layered:
    """Lay the layers over each other.

    Args:
        overrides: all that was set.
        site_of: the sites of the residents for whom something was set; one who is not known yet has none.
    """
    of_everyone: list[Override] = []
    sites: dict[str, list[Override]] = {}
    residents: dict[int, list[Override]] = {}
    for _, override in sorted(overrides.items()):
        if override.resident >= 0:
            residents.setdefault(override.resident, []).append(override)
        elif override.site:
            sites.setdefault(override.site, []).append(override)
        else:
            of_everyone.append(override)
    rows = [_row(of_everyone)]
    of_site: dict[str, int] = {}
    of_resident: dict[int, int] = {}
    for site, own in sorted(sites.items()):
        of_site[site] = len(rows)
        rows.append(_row([*of_everyone, *own]))
    for slot, own in sorted(residents.items()):
        of_resident[slot] = len(rows)
        rows.append(_row([*of_everyone, *sites.get(site_of.get(slot, ""), ()), *own]))
    return Layered(np.concatenate(rows), of_site, of_resident)


def _row(overrides: Iterable[Override]) -> Records:
    """The defaults with these over them, the later over the earlier; its version is the greatest in force."""
    row = DEFAULTS.copy()
    in_force: dict[str, Override] = {override.name: override for override in overrides}
    for name, override in in_force.items():
        spec = PARAMETERS[name]
        row[spec.field] = spec.stored(override.value)
    row["version"] = max((override.version for override in in_force.values()), default=0)
    return row
