"""An evaluation as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from anxin.evaluating.falls.figures import Figures, Report
from anxin.evaluating.scores import Row, between, figure_line, in_words

_FILES_SHOWN: Final = 12


def lines(report: Report) -> Iterator[str]:
    """The report, line by line."""
    yield (
        f"{report.files:,} recordings of {report.subjects} people; model: {report.model}; seed {report.seed};"
        f" {report.seconds:.0f} s"
    )
    for name, value in (*report.parameters.items(), *report.alterations.items()):
        yield f"with {name} = {value:g}"
    yield ""
    yield f"{'':22}{'':>9}  {'95 % exact':18}95 % over people"
    found = report.intervals
    yield figure_line("sensitivity", report.sensitivity, found.sensitivity, found.sensitivity_over_people)
    yield figure_line("specificity", report.specificity, found.specificity, found.specificity_over_people)
    yield figure_line("F1", report.f1, (None, None), found.f1_over_people)
    yield figure_line("area under ROC", report.auc, (None, None), found.auc_over_people)
    yield figure_line("sensitivity at 99 %", report.sensitivity_at_99, (None, None), (None, None))
    yield figure_line(
        "false alarms a day", report.false_alarms_per_day, found.false_alarms_per_day,
        found.false_alarms_per_day_over_people, 1,
    )  # fmt: skip
    yield figure_line("median delay, s", report.median_delay_s, (None, None), found.median_delay_s_over_people, 2)
    yield (
        f"{report.tp} of {report.tp + report.fn} falls found, {report.raised_early} of them before the largest jolt;"
        f" {report.fp} of {report.fp + report.tn} recordings of daily life with {report.false_alarms} alarms,"
        f" in {report.hours:.2f} h"
    )
    yield from _table("by recordings", report.per_folder)
    yield from _table("by age", report.per_age)
    yield from _table("by activity", report.per_activity)
    yield from _table("by subject", report.per_subject)
    for words, files in (("falls missed", report.missed), ("daily life with alarms", report.false)):
        if files:
            yield ""
            yield f"{words} ({len(files)}), with the highest probability:"
            for one in files[:_FILES_SHOWN]:
                yield f"  {one.folder}/{one.file}  {one.subject}  {one.activity}  {in_words(max(one.surest, 0.0), 3)}"
            if len(files) > _FILES_SHOWN:
                yield f"  and {len(files) - _FILES_SHOWN} more: --json names all"


def _table(title: str, rows: Mapping[str, Row]) -> Iterator[str]:
    if not rows:
        return
    wide = max(len(title), *(len(name) for name in rows)) + 2
    yield ""
    yield (
        f"{title:{wide}}{'files':>6}{'falls':>7}{'missed':>8}{'sensitivity':>13}  {'95 %':17}{'daily':>6}{'alarmed':>9}"
        f"{'specificity':>13}  {'95 %':17}{'median delay, s':>16}"
    )
    for name, row in rows.items():
        people = f"  {row.subjects} people" if isinstance(row, Figures) else ""
        yield (
            f"{name:{wide}}{row.files:>6}{row.tp + row.fn:>7}{row.fn:>8}{in_words(row.sensitivity):>13}"
            f"  {between(row.sensitivity_95):17}{row.tn + row.fp:>6}{row.fp:>9}{in_words(row.specificity):>13}"
            f"  {between(row.specificity_95):17}{in_words(row.median_delay_s, 2):>16}{people}"
        )
