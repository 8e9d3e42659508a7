"""Both halves of the benchmark together: years, and single outings."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bench.outdoors.figures import OutdoorReport
from bench.outdoors.text import trial_lines, year_lines
from bench.outdoors.trials import Trials


class Outdoor(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; None: nothing of it was."""

    years: OutdoorReport | None
    trials: Trials | None


def lines(report: Outdoor) -> Iterator[str]:
    """As lines for people."""
    if report.trials is not None:
        yield from trial_lines(report.trials)
    if report.years is not None:
        yield ""
        yield from year_lines(report.years)
