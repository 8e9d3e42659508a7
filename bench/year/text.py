"""The simulated year as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from bench.year.figures import Noticed, YearReport


def lines(report: YearReport) -> Iterator[str]:
    """What troubled people who were well, and how soon the helpless were noticed."""
    yield (
        f"{report.residents:,} residents, {report.days} days, seed {report.seed}, {report.world} world:"
        f" {report.judged_days:,} resident-days, {report.readings:,} readings in {report.seconds:.0f} s"
    )
    for name, value in report.parameters.items():
        yield f"with {name} = {value:g}"
    yield ""
    yield "false alarms, a resident and day:"
    yield f"{'':28}{'sounding':>10}  {'95 % Poisson':22}{'soundless':>10}{'ordinary':>10}{'holidays':>10}"
    for rule in report.rules:
        low, high = rule.interval
        yield (
            f"{rule.rule:28}{rule.sounding_per_day:>10.5f}  {f'{low:.5f} to {high:.5f}':22}"
            f"{rule.soundless_per_day:>10.5f}{rule.ordinary_per_day:>10.5f}{rule.festive_per_day:>10.5f}"
        )
    for rule in report.rules:
        if any(rule.by_cause) and rule.sounding:
            causes = ", ".join(f"{cause} {rate:.5f}" for cause, rate in rule.by_cause.items())
            yield f"{rule.rule}: {causes}"
    yield ""
    yield f"helpless, hours until an alarm sounded:{'':9}{'people':>8}{'median':>8}{'p90':>8}{'unnoticed':>11}"
    for name, found in (("all", report.noticed), *((f"band {name}", each) for name, each in report.by_band.items())):
        waits = _hours(found.median_h, found) + _hours(found.p90_h, found)
        yield f"{name:48}{found.helpless:>8}{waits}{found.unnoticed:>11}"
    yield "noticed by: " + ", ".join(f"{rule} {count}" for rule, count in report.noticed.by_rule.items())
    for name, hours in (("all", report.by_hour), ("band worn", report.by_hour_worn)):
        yield ""
        yield f"by the hour at which they came to lie, {name}:"
        yield f"{'hour':8}" + "".join(f"{hour:>6}" for hour in range(24))
        yield f"{'people':8}" + "".join(f"{found.helpless:>6}" for found in hours)
        yield f"{'median':8}" + "".join(_hours(found.median_h, found, 6) for found in hours)
        yield f"{'p90':8}" + "".join(_hours(found.p90_h, found, 6) for found in hours)


def _hours(value: float | None, found: Noticed, wide: int = 8) -> str:
    if value is None:
        return f"{'never' if found.helpless else '–':>{wide}}"
    return f"{value:>{wide}.1f}"
