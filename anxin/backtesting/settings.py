"""``--set RULE.PARAM=VALUE``: other values of parameters, checked against the catalogue of all rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from alerts.catalogue import PARAMETERS, ParameterSpec
from alerts.sense import contradictions
from anxin.backtesting.errors import BacktestError
from devices.registry import Parameter

_NEAR: Final = 6
"""So many names are offered for one that nobody knows."""
_SWITCH: Final = {"on": 1.0, "off": 0.0}


def settings_from(texts: Sequence[str]) -> list[Parameter]:
    """The parameters of ``NAME=VALUE`` texts, in force for everyone; the last word on a name counts.

    Raises:
        BacktestError: for a name that nobody knows, a value out of its range, or two that contradict each other.
    """
    values: dict[str, float] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise BacktestError(f"--set takes NAME=VALUE, not {text!r}")
        values[name] = _value(_known(name), value)
    _check_together(values)
    return [
        Parameter(id=f"everyone//{name}", scope="everyone", name=name, value=value) for name, value in values.items()
    ]


def _known(name: str) -> ParameterSpec:
    spec = PARAMETERS.get(name)
    if spec is not None:
        return spec
    near = get_close_matches(name, PARAMETERS, _NEAR, cutoff=0.6)
    near += [known for known in PARAMETERS if name in known and known not in near]
    if not near:
        near = [known for known in PARAMETERS if known.partition(".")[0] == name.partition(".")[0]]
    rules = ", ".join(dict.fromkeys(spec.rule for spec in PARAMETERS.values()))
    hint = "".join(f"\n  {_range(PARAMETERS[known])}" for known in near[:_NEAR]) if near else f"; rules are {rules}"
    raise BacktestError(f"no rule has a parameter {name!r}" + (", near are" + hint if near else hint))


def _value(spec: ParameterSpec, text: str) -> float:
    try:
        value = _SWITCH.get(text.lower(), None) if spec.name.endswith(".enabled") else None
        value = float(text) if value is None else value
    except ValueError:
        raise BacktestError(f"{text!r} is no number: {_range(spec)}") from None
    if not spec.low <= value <= spec.high:
        raise BacktestError(f"{text} is out of range: {_range(spec)}")
    if spec.whole and not value.is_integer():
        raise BacktestError(f"{text} is no whole number: {_range(spec)}")
    return value


def _range(spec: ParameterSpec) -> str:
    whole = "whole, " if spec.whole else ""
    return f"{spec.name} ({whole}{spec.low:g} to {spec.high:g}, {spec.default:g} by default)"


def _check_together(values: Mapping[str, float]) -> None:
    """Values that contradict each other, or a default where none was given."""
    for found in contradictions(values):
        raise BacktestError(found.detail)
