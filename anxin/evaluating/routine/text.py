"""An evaluation as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from anxin.evaluating.routine.figures import Both, Figures, Report
from bench.intervals import Interval

_SUBJECTS_SHOWN: Final = 10


def lines(report: Report) -> Iterator[str]:
    """The report, line by line."""
    yield (
        f"{report.subjects} people, {report.days:,.1f} days; {report.trials:,} trials ({report.trials_each} each, seed"
        f" {report.seed}), an alarm waited for {report.wait_h:g} h; {report.seconds:.0f} s"
    )
    for name, value in report.parameters.items():
        yield f"with {name} = {value:g}"
    yield ""
    kinds: list[tuple[str, Both]] = [("all", report)]
    if len(report.per_folder) > 1:
        kinds += [(name or ".", both) for name, both in report.per_folder.items()]
    wide = max(12, *(len(name) for name, _ in kinds)) + 2
    yield (
        f"{'':{wide}}{'':6}{'people':>7}{'days':>8}{'false alarms a day':>20}  {'95 % Poisson':18}{'over people':18}"
        f"{'median':>8}  {'95 % over people':18}{'p90':>8}{'missed':>8}{'trials':>8}"
    )
    for name, both in kinds:
        yield f"{name:{wide}}{'rule':6}{_row(both)}"
        yield f"{'':{wide}}{'12 h':6}{_row(both.fixed_12h)}"
    yield ""
    yield "hour of the local day at which the signs ended, and hours until the alarm:"
    yield f"{'hour':8}" + "".join(f"{row.hour:>6}" for row in report.by_hour)
    yield f"{'trials':8}" + "".join(f"{row.trials:>6}" for row in report.by_hour)
    yield f"{'median':8}" + "".join(f"{_hours(row.median_detection_h, row.trials):>6}" for row in report.by_hour)
    yield f"{'p90':8}" + "".join(f"{_hours(row.p90_detection_h, row.trials):>6}" for row in report.by_hour)
    loudest = sorted(report.per_subject, key=lambda row: -row.false_alarms)[:_SUBJECTS_SHOWN]
    if loudest and loudest[0].false_alarms:
        yield ""
        yield "most false alarms: " + ", ".join(
            f"{row.subject} {row.false_alarms} in {row.days:g} days" for row in loudest if row.false_alarms
        )


def _row(figures: Figures) -> str:
    found = figures.intervals
    return (
        f"{figures.subjects:>7}{figures.days:>8,.0f}{figures.false_alarms_per_day:>13.4f} ({figures.false_alarms:>4})"
        f"  {_between(found.false_alarms_per_day, 4):18}{_between(found.false_alarms_per_day_over_people, 4):18}"
        f"{_hours(figures.median_detection_h):>8}  {_between(found.median_detection_h_over_people, 2):18}"
        f"{_hours(figures.p90_detection_h):>8}{figures.missed:>8}{figures.trials:>8}"
    )


def _between(interval: Interval, digits: int) -> str:
    low, high = interval
    if low is None and high is None:
        return "–"
    return f"{'never' if low is None else f'{low:.{digits}f}'} to {'never' if high is None else f'{high:.{digits}f}'}"


def _hours(value: float | None, trials: int = 1) -> str:
    if value is None:
        return "never" if trials else "–"
    return f"{value:.2f}"
