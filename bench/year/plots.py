"""The simulated year as pictures: false alarms by month and rule, and how soon by hour of the day.

matplotlib is an extra (``anxin[plot]``) and imported only where something is drawn.
"""

from __future__ import annotations

from pathlib import Path

from bench.pictures import kept, page
from bench.year.figures import Noticed, YearReport


def drawn(report: YearReport, folder: Path) -> list[Path]:
    """Draw both pictures into a folder, which is made where it is missing; returns their files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_by_month(report, folder / "year-by-month.png"), _by_hour(report, folder / "year-by-hour.png")]


def _by_month(report: YearReport, path: Path) -> Path:
    figure, axes = page()
    for rule in report.rules:
        if rule.sounding:
            axes.plot(range(1, len(rule.by_month) + 1), rule.by_month, marker="o", label=rule.rule)
    axes.set(
        xlabel="month", ylabel="false alarms that sound, a resident and day", ylim=(0, None),
        title=f"{report.residents:,} residents, {report.world} world",
    )  # fmt: skip
    return kept(figure, axes, path)


def _by_hour(report: YearReport, path: Path) -> Path:
    figure, axes = page()
    for name, hours, colour in (("all", report.by_hour, "#8a8a8a"), ("band worn", report.by_hour_worn, "#0b5cad")):
        axes.step(range(24), [_median(found) for found in hours], where="mid", color=colour, label=f"median, {name}")
        axes.step(
            range(24), [_p90(found) for found in hours], where="mid", color=colour, linestyle=":", label=f"90 %, {name}"
        )
    axes.set(
        xlabel="hour of the local day at which they came to lie", ylabel="hours until an alarm sounded",
        xticks=range(0, 24, 2), ylim=(0, None), title=f"{report.noticed.helpless:,} who lay helpless",
    )  # fmt: skip
    return kept(figure, axes, path)


def _median(found: Noticed) -> float:
    return float("nan") if found.median_h is None else found.median_h


def _p90(found: Noticed) -> float:
    return float("nan") if found.p90_h is None else found.p90_h
