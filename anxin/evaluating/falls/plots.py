"""An evaluation as pictures: the ROC, what was made of each activity, and examples of what was judged wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from anxin.evaluating.falls.figures import Report
from anxin.evaluating.falls.people import Judged
from bench.pictures import kept, page

_RIGHT: Final = "#4c8c6b"
_WRONG: Final = "#c4473a"
_EXAMPLES: Final = 12
_COLUMNS: Final = 3


def drawn(report: Report, judged: Sequence[Judged], folder: Path) -> list[Path]:
    """Draw the pictures into a folder, which is made where it is missing; returns their files."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [_by_activity(report, folder / "falls-by-activity.png")]
    if report.roc:
        found.append(_roc(report, folder / "falls-roc.png"))
    for words, name, wrong in (
        (
            "falls without an alarm",
            "falls-missed.png",
            [one for one in judged if one.recording.is_fall and not one.is_right],
        ),
        (
            "daily life with an alarm",
            "falls-false.png",
            [one for one in judged if not (one.recording.is_fall or one.is_right)],
        ),
    ):
        if wrong:
            found.append(_examples(wrong, words, folder / name))
    return found


def _roc(report: Report, path: Path) -> Path:
    figure, axes = page()
    quiet = [1.0, *(specificity for _, _, specificity in report.roc)]
    found = [0.0, *(sensitivity for _, sensitivity, _ in report.roc)]
    auc = "" if report.auc is None else f"area {report.auc:.4f}"
    axes.plot(100 * (1 - np.array(quiet)), 100 * np.array(found), drawstyle="steps-post", label=auc)
    if report.sensitivity is not None and report.specificity is not None:
        (low, high), (worst, best) = report.sensitivity_95, report.specificity_95
        at = 100 * (1 - report.specificity), 100 * report.sensitivity
        axes.errorbar(
            [at[0]], [at[1]], xerr=_arms(at[0], best, worst, flip=True), yerr=_arms(at[1], low, high), fmt="o",
            color=_WRONG, capsize=3, label="as alarms were raised, 95 % exact",
        )  # fmt: skip
    shown_from = min(80.0, 100 * (report.sensitivity or 0.0) - 10)
    shown_to = max(20.0, 100 * (1 - (report.specificity or 0.0)) + 10)
    axes.set(
        xlabel="daily life with an alarm, % of recordings", ylabel="falls found, % of recordings",
        ylim=(shown_from, 100.5), xlim=(-0.2, shown_to),
        title=f"{report.files:,} recordings of {report.subjects} people",
    )  # fmt: skip
    return kept(figure, axes, path)


def _arms(at: float, low: float | None, high: float | None, *, flip: bool = False) -> Any:
    """The lengths of an interval's two arms, in %."""
    ends = [100 * ((1 - end) if flip else end) for end in (low or 0.0, high or 0.0)]
    return np.array([[max(0.0, at - ends[0])], [max(0.0, ends[1] - at)]])


def _by_activity(report: Report, path: Path) -> Path:
    figure, axes = page()
    order = sorted(report.per_activity.items(), key=lambda item: (item[1].tp + item[1].fn > 0, item[0]), reverse=True)
    names = [f"{name} (fall)" if row.tp + row.fn else name for name, row in order]
    right = np.array([row.tp + row.tn for _, row in order])
    wrong = np.array([row.fn + row.fp for _, row in order])
    figure.set_figheight(max(4.5, 0.26 * len(names) + 1.2))
    axes.barh(names, right, color=_RIGHT, label="found, or left alone")
    bars = axes.barh(names, wrong, left=right, color=_WRONG, hatch="//", label="missed, or alarmed")
    axes.bar_label(bars, [f" {number}" if number else "" for number in wrong.tolist()])
    axes.margins(x=0.08, y=0.01)
    axes.set(xlabel="recordings", title="by activity; figures: recordings judged wrongly")
    return kept(figure, axes, path)


def _examples(wrong: Sequence[Judged], title: str, path: Path) -> Path:
    """The |a| of the first few of each activity, in turn."""
    some = _one_of_each_in_turn(wrong)[:_EXAMPLES]
    figure, axes = page()
    axes.remove()
    down = -(-len(some) // _COLUMNS)
    figure.set_size_inches(12.0, 2.2 * down + 0.6)
    panels = figure.subplots(down, _COLUMNS, squeeze=False)
    figure.suptitle(f"{title}: {len(some)} of {len(wrong)}; |a| in g, the largest jolt dotted, alarms as lines")
    for panel in panels.flat:
        panel.set_axis_off()
    for one, panel in zip(some, panels.flat, strict=False):
        panel.set_axis_on()
        strength = np.linalg.norm(one.recording.samples.astype(np.float64), axis=1) / 1000
        panel.plot(one.recording.t / 1000, strength, linewidth=0.8)
        panel.axvline(one.jolt_ms / 1000, color="#8a8a8a", linestyle=":")
        for alarm in one.heard.alarms:
            panel.axvline(alarm.raised_ms / 1000, color=_WRONG)
        panel.set_title(f"{one.recording.file} ({one.recording.activity}), {max(one.heard.surest, 0):.2f}", fontsize=8)
        panel.grid(visible=True, alpha=0.3)
    return kept(figure, panels.flat[0], path)


def _one_of_each_in_turn(wrong: Sequence[Judged]) -> list[Judged]:
    seen: dict[str, int] = {}
    turns: list[tuple[int, int]] = []
    for number, one in enumerate(wrong):
        turn = seen.get(one.recording.activity, 0)
        seen[one.recording.activity] = turn + 1
        turns.append((turn, number))
    return [wrong[number] for _, number in sorted(turns)]
