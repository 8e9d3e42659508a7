"""The list of parameters that people see is the engine's."""

from __future__ import annotations

from typing import Any

import msgspec

from alerts import catalogue, engine


def test_the_list_for_people_is_the_engines() -> None:
    """When it fails: run ``python scripts/parameter_catalogue.py``."""
    told: dict[str, dict[str, Any]] = {
        spec.name: {
            "name": spec.name,
            "rule": spec.rule,
            "default": spec.default,
            "low": spec.low,
            "high": spec.high,
            "whole": spec.whole,
            "source": spec.source,
        }
        for spec in engine.PARAMETERS.values()
    }
    assert {name: msgspec.structs.asdict(spec) for name, spec in catalogue.PARAMETERS.items()} == told
    assert list(catalogue.PARAMETERS) == list(told)
