"""What a parameter of a rule is: its name with the unit, its range, its default and where that comes from.

Each detector's file lists its own; ``alerts.engine.catalogue`` collects them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

_UNITS_MS: Final = {"s": 1000, "min": 60_000}


class ParameterSpec(NamedTuple):
    """One parameter of a rule.

    Attributes:
        name: ``<rule>.<parameter>``, the unit at its end, for example ``wandering.zone_exit.dwell_s``.
        default: what is in force where nobody set anything, in the name's unit; switches are 0 or 1.
        low: the least value allowed.
        high: the greatest value allowed.
        about: what it decides.
        source: where the default comes from: a publication, the contract, or an assumption with its ADR.
        whole: only whole numbers are allowed.
    """

    name: str
    default: float
    low: float
    high: float
    about: str
    source: str
    whole: bool = False

    @property
    def rule(self) -> str:
        """The rule, for example ``wandering.zone_exit``."""
        return self.name.rpartition(".")[0]

    @property
    def field(self) -> str:
        """Its column in the kernels' table: ``zone_exit_dwell_ms``; times are kept as milliseconds."""
        _, rule, own = self.name.split(".")
        return f"{rule}_{own.rpartition('_')[0]}_ms" if self._unit_ms else f"{rule}_{own}"

    @property
    def column(self) -> tuple[str, np.dtype[np.int64] | np.dtype[np.float64]]:
        """Name and type of its column."""
        return self.field, np.dtype(np.int64) if self.whole or self._unit_ms else np.dtype(np.float64)

    def stored(self, value: float) -> float:
        """A value as its column holds it."""
        if self._unit_ms:
            return round(value * self._unit_ms)
        return round(value) if self.whole else value

    def refusal(self, value: float) -> str | None:
        """Why a value is not allowed, in words; None when it is."""
        if not self.low <= value <= self.high:
            return f"{self.name} lies between {self.low:g} and {self.high:g}, not at {value:g}"
        if self.whole and value != round(value):
            return f"{self.name} is a whole number, not {value:g}"
        return None

    @property
    def _unit_ms(self) -> int:
        """Of a time its unit, ms; 0 of what is none."""
        return _UNITS_MS.get(self.name.rpartition("_")[2], 0)


def switch(rule: str, off: str | None = None) -> ParameterSpec:
    """The parameter that switches a rule off where it is not wanted; no cry for help has one.

    Args:
        rule: its public name.
        off: why it is off until somebody wants it.
    """
    about = "1: the rule is in force; 0: it raises nothing"
    source = off or "contract section 3: all rules are in force"
    return ParameterSpec(f"{rule}.enabled", 0 if off else 1, 0, 1, about, source, whole=True)


CONTRACT: Final = "contract section 3"
ASKED: Final = "assumption, ADR-33"
HELD: Final = "assumption, ADR-37"
