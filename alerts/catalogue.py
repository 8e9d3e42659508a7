"""The parameters of all rules, as people see and set them.

The engine's detectors tell them (``alerts.engine.PARAMETERS``); ``parameters.json`` is their copy, written by
``scripts/parameter_catalogue.py``, for those who must not load a compiler to read a list (ADR-16).
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import msgspec


class ParameterSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One parameter of a rule.

    ``name`` ends in its unit; ``default``, ``low`` and ``high`` are in it, switches are 0 or 1. ``whole``: only
    whole numbers make sense. ``source`` as its detector tells it; what it does is told in the console's words.
    """

    name: str
    rule: str
    default: float
    low: float
    high: float
    whole: bool
    source: str


PARAMETERS: Final[dict[str, ParameterSpec]] = {
    spec.name: spec
    for spec in msgspec.json.decode(files("alerts").joinpath("parameters.json").read_bytes(), type=list[ParameterSpec])
}
"""By name, in the engine's order."""
