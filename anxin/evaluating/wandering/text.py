"""An evaluation as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from anxin.evaluating.scores import Row, between, figure_line, in_words
from anxin.evaluating.wandering.figures import OfRule, Report

_SHOWN: Final = 20
_SEVERITIES: Final = ("low", "medium", "high", "critical")


def lines(report: Report) -> Iterator[str]:
    """The report, line by line."""
    yield (
        f"{report.files:,} walks of {report.subjects} people on {report.days:,} days, {report.hours:,.1f} h recorded"
        f"{'; each walk on its own' if report.independent else ''}; seed {report.seed}; {report.seconds:.0f} s"
    )
    for name, value in report.parameters.items():
        yield f"with {name} = {value:g}"
    if report.without_timezone:
        yield f"no time zone is told of {report.without_timezone} people: wandering.night_exit does not judge them"
    if report.ways_unknown and report.per_rule["wandering.lost"].judged:
        yield f"before {report.ways_unknown} walks too little was known of the person's ways for wandering.lost"
    yield ""
    yield f"{'':22}{'':>9}  {'95 % exact':18}95 % over people"
    found = report.intervals
    yield figure_line("sensitivity", report.sensitivity, found.sensitivity, found.sensitivity_over_people)
    yield figure_line("specificity", report.specificity, found.specificity, found.specificity_over_people)
    yield figure_line("F1", report.f1, (None, None), (None, None))
    yield figure_line(
        "false alarms a day", report.false_alarms_per_day, found.false_alarms_per_day,
        found.false_alarms_per_day_over_people,
    )  # fmt: skip
    yield figure_line("median delay, s", report.median_delay_s, found.median_delay_s, (None, None), 0)
    yield figure_line("delay of 90 %, s", report.p90_delay_s, (None, None), (None, None), 0)
    yield (
        f"{report.tp} of {report.tp + report.fn} walks astray found; {report.fp} of {report.fp + report.tn} ordinary"
        f" walks alarmed, in {report.stood_through} of them by an alarm that stood from before;"
        f" {report.false_alarms} false alarms, {report.before_onset} of them before the onset"
    )
    if report.known_at_onset:
        yield f"in {report.known_at_onset} of the walks not found an alarm stood at the onset that had begun too early"
    yield from _table("by rule, each alone", report.per_rule)
    yield from _table("by activity", report.per_activity)
    if len(report.per_subject) > 1:
        yield from _table("by subject", report.per_subject)
    for words, files in (("walks astray not found", report.missed), ("ordinary walks with alarms", report.false)):
        if files:
            yield ""
            yield f"{words} ({len(files)}): {', '.join(files[:_SHOWN])}{_more(len(files))}"
    if report.alarms:
        yield ""
        yield f"alarms ({len(report.alarms)}):"
        for alarm in report.alarms[:_SHOWN]:
            kind = ("false" if alarm.is_false else "right") + (", joins" if alarm.joins else "")
            evidence = " ".join(f"{name}={value:.6g}" for name, value in alarm.evidence.items())
            yield (
                f"  {alarm.file}  {alarm.rule.removeprefix('wandering.')} ({kind}, {_SEVERITIES[alarm.severity]}) after"
                f" {alarm.after_s:.0f} s: {evidence}"
            )
        if len(report.alarms) > _SHOWN:
            yield f"  and {len(report.alarms) - _SHOWN} more: --json names all"


def _more(count: int) -> str:
    return f" and {count - _SHOWN} more: --json names all" if count > _SHOWN else ""


def _table(title: str, rows: Mapping[str, Row]) -> Iterator[str]:
    wide = max(len(title), *(len(name) for name in rows)) + 2
    yield ""
    yield (
        f"{title:{wide}}{'astray':>7}{'found':>7}{'sensitivity':>13}  {'95 %':17}{'ordinary':>9}{'alarmed':>9}"
        f"{'specificity':>13}  {'95 %':17}{'false alarms':>13}{'median delay, s':>17}"
    )
    for name, row in rows.items():
        more = ""
        if isinstance(row, OfRule):
            more = f"  first {row.first} times" if row.judged else "  judged nobody"
        yield (
            f"{name:{wide}}{row.tp + row.fn:>7}{row.tp:>7}{in_words(row.sensitivity):>13}"
            f"  {between(row.sensitivity_95):17}{row.tn + row.fp:>9}{row.fp:>9}{in_words(row.specificity):>13}"
            f"  {between(row.specificity_95):17}{row.false_alarms:>13}{in_words(row.median_delay_s, 0):>17}{more}"
        )
