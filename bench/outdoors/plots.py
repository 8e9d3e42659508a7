"""Years out of doors as a picture: false alarms by 30 days and rule.

matplotlib is an extra (``anxin[plot]``) and imported only where something is drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bench.outdoors.figures import OutdoorReport
from bench.pictures import kept, page

GOAL_PER_100: Final = 1.0
"""Source: design goals, ordinary walks."""


def drawn(report: OutdoorReport, folder: Path) -> list[Path]:
    """Draw the picture into a folder, which is made where it is missing; returns its file."""
    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = page()
    for rule in report.rules:
        if rule.false_alarms:
            axes.plot(range(1, len(rule.by_month) + 1), rule.by_month, marker="o", label=rule.rule)
    together = report.all_rules.by_month
    axes.plot(range(1, len(together) + 1), together, color="black", linewidth=2, label="all rules")
    axes.axhline(GOAL_PER_100, color="#8a8a8a", linestyle=":", label="goal")
    axes.set(
        xlabel="30 days", ylabel="false alarms that sound, a resident and 100 days", ylim=(0, None),
        title=f"{report.residents:,} residents, {report.world} world",
    )  # fmt: skip
    return [kept(figure, axes, folder / "outdoors-by-month.png")]
