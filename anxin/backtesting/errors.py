"""Why there is no back-test."""

from __future__ import annotations


class BacktestError(Exception):
    """What was asked for cannot be run; ``str(error)`` says to a person what to ask instead."""
