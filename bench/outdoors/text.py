"""Years out of doors, and trials of patterns, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.outdoors.figures import OfKind, OfRule, OutdoorReport
from bench.outdoors.trials import Trials


def year_lines(report: OutdoorReport) -> Iterator[str]:
    """False alarms by rule and cause, and who was found when."""
    yield (
        f"{report.residents:,} residents, {report.days} days, seed {report.seed}, {report.world} world:"
        f" {report.judged_days:,} resident-days, {report.readings:,} readings in {report.seconds:.0f} s"
    )
    yield from _settings(report.parameters)
    yield ""
    yield "false alarms, a resident and 100 days:"
    yield f"{'':28}{'sounding':>10}  {'95 % Poisson':20}{'count':>7}{'again':>8}{'soundless':>11}  by 30 days"
    for rule in (*report.rules, report.all_rules):
        yield _of_rule(rule)
    yield f"{'cases':28}{report.cases_per_100:>10.3f}"
    yield f"{report.quiet_residents:.0%} of the residents had none; laps for exercise excused: {report.laps_excused}"
    for rule in report.rules:
        if rule.by_cause:
            yield ""
            yield f"{rule.rule}, what they were about:"
            for cause, rate in rule.by_cause.items():
                yield f"{rate:>10.3f}  {cause}"
    for name, kinds in (("from day 30 on", report.later), ("before day 30", report.earlier)):
        yield ""
        yield from _found(f"incidents {name}", {kind.kind: kind for kind in kinds})


def trial_lines(trials: Trials) -> Iterator[str]:
    """Patterns found, and ordinary outings taken for one."""
    yield f"{trials.each:,} outings of a kind, seed {trials.seed}, by wandering.pattern:"
    yield from _settings(trials.parameters)
    yield ""
    yield from _found("patterns, s between fixes", trials.found | {"all": trials.all_found})
    yield ""
    yield from _found("ordinary outings, taken for one", trials.alarmed)


def _settings(parameters: Mapping[str, float]) -> Iterator[str]:
    for name, value in parameters.items():
        yield f"with {name} = {value:g}"


def _of_rule(rule: OfRule) -> str:
    low, high = rule.interval
    months = " ".join(f"{rate:.2f}" for rate in rule.by_month)
    return (
        f"{rule.rule:28}{rule.per_100:>10.3f}  {f'{low:.3f} to {high:.3f}':20}{rule.false_alarms:>7}"
        f"{rule.again_per_100:>8.3f}{rule.silent_per_100:>11.3f}  {months}"
    )


def _found(title: str, kinds: Mapping[str, OfKind]) -> Iterator[str]:
    yield f"{title:34}{'of':>6}{'found':>7}{'share':>8}  {'95 %':14}{'median s':>9}{'p90 s':>7}  by rule"
    for name, kind in kinds.items():
        low, high = kind.interval
        rules = ", ".join(f"{rule} {count}" for rule, count in kind.by_rule.items())
        yield (
            f"{name:34}{kind.incidents:>6}{kind.found:>7}{kind.share:>8.1%}  {f'{low:.1%} to {high:.1%}':14}"
            f"{_seconds(kind.median_s):>9}{_seconds(kind.p90_s):>7}  {rules}"
        )


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f}"
