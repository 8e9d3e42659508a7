"""An evaluation as pictures: how soon by hour of the day, and what each kind of sign comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from anxin.evaluating.routine.figures import Report
from anxin.evaluating.routine.plain_limit import LIMIT_H
from bench.pictures import kept, page

_PLAIN: Final = "#8a8a8a"


def drawn(report: Report, folder: Path) -> list[Path]:
    """Draw both pictures into a folder, which is made where it is missing; returns their files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_by_hour(report, folder / "routine-by-hour.png"), _by_kind(report, folder / "routine-by-kind.png")]


def _by_hour(report: Report, path: Path) -> Path:
    figure, axes = page()
    for name, both in report.per_folder.items():
        rows = [row for row in both.by_hour if row.trials]
        median = [_or_cut(row.median_detection_h, report.wait_h) for row in rows]
        axes.plot([row.hour for row in rows], median, marker="o", markersize=3, label=name or "all")
    axes.axhline(LIMIT_H, color=_PLAIN, linestyle="--", label=f"plain limit, {LIMIT_H:g} h at most")
    axes.set(
        xlabel="hour of the local day at which the signs ended", ylabel="median hours until the alarm",
        xticks=range(0, 24, 2), ylim=(0, None), title=f"{report.trials:,} trials of {report.subjects} people",
    )  # fmt: skip
    return kept(figure, axes, path)


def _by_kind(report: Report, path: Path) -> Path:
    figure, axes = page()
    kinds = report.per_folder
    for number, (name, both) in enumerate(kinds.items()):
        colour = f"C{number}"
        for found, marker, words in ((both, "o", name or "all"), (both.fixed_12h, "x", None)):
            low, high = found.intervals.false_alarms_per_day
            rate = found.false_alarms_per_day
            spread = np.array([[rate - (low or 0.0)], [(high or rate) - rate]])
            delay = _or_cut(found.median_detection_h, report.wait_h)
            axes.errorbar([delay], [rate], yerr=spread, fmt=marker, color=colour, label=words, capsize=3)
    axes.set_yscale("symlog", linthresh=0.001)
    axes.set(
        xlabel="median hours until the alarm", ylabel="false alarms a day, 95 % exact Poisson", ylim=(0, None),
        xlim=(0, None), title=f"the rule (dots) and a plain limit of {LIMIT_H:g} h (crosses)",
    )  # fmt: skip
    return kept(figure, axes, path)


def _or_cut(value: float | None, wait_h: float) -> float:
    """Never is drawn at the end of the waiting."""
    return wait_h if value is None else value
