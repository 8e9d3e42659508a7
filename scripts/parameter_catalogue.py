"""Writes alerts/parameters.json anew from the engine's detectors, where the parameters of the rules are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from anxin import jit_cache

WRITTEN: Final = Path(__file__).resolve().parent.parent / "alerts" / "parameters.json"


def catalogue() -> str:
    """The engine's parameters as JSON, a line each."""
    jit_cache.configure()
    from alerts.engine import PARAMETERS  # noqa: PLC0415 the engine takes its cache folder when it is imported

    lines = (
        json.dumps(
            {
                "name": spec.name,
                "rule": spec.rule,
                "default": spec.default,
                "low": spec.low,
                "high": spec.high,
                "whole": spec.whole,
                "source": spec.source,
            },
            ensure_ascii=False,
        )
        for spec in PARAMETERS.values()
    )
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    WRITTEN.write_text(catalogue(), "utf-8")
