"""What the simulated year counts, by hand."""

from __future__ import annotations

from bench.desk.month import START_MS
from bench.year.figures import Judged, Trouble, YearReport, summed
from bench.year.helpless import Helpless
from bench.year.text import lines
from devices.clock import DAY_MS, HOUR_MS


def report(troubles: list[Trouble], helpless: list[Helpless] | None = None, days: int = 40) -> YearReport:
    judged = [Judged(START_MS + day * DAY_MS, 10, festive=day < 3) for day in range(days)]
    return summed(
        troubles, helpless or [], residents=10, days=days, seed=1, world="usual", judged=judged, readings=0,
        parameters={}, seconds=0.0,
    )  # fmt: skip


def trouble(day: float, kind: str = "new", cause: str = "forgot", rule: str = "missed_check.checkin") -> Trouble:
    return Trouble(START_MS + int(day * DAY_MS), rule, 1, kind, cause, day < 3)  # type: ignore[arg-type]


def test_troubles_are_rates_a_resident_and_day_of_those_who_are_looked_after() -> None:
    (rule,) = report([trouble(1), trouble(5), trouble(6, "again", "ill"), trouble(7, "silent")]).rules
    assert (rule.sounding, rule.sounding_per_day, rule.soundless_per_day) == (3, 3 / 400, 1 / 400)
    assert (rule.festive_per_day, rule.ordinary_per_day) == (round(1 / 30, 6), round(2 / 370, 6))
    assert rule.by_cause == {"forgot": 2 / 400, "ill": 1 / 400}


def test_a_month_is_judged_by_its_own_days() -> None:
    (rule,) = report([trouble(1), trouble(39)]).rules
    assert rule.by_month == [round(1 / 310, 6), round(1 / 90, 6)]


def test_rules_are_told_apart() -> None:
    found = report([trouble(1), trouble(1, rule="missed_check.silent", cause="cellar")])
    assert [rule.rule for rule in found.rules] == ["missed_check.checkin", "missed_check.silent"]


def test_who_is_never_noticed_counts_as_never() -> None:
    def lay(hour: int, wait_h: float | None) -> Helpless:
        t = START_MS + hour * HOUR_MS
        noticed = None if wait_h is None else t + int(wait_h * HOUR_MS)
        return Helpless(
            1, t, "worn" if hour < 12 else "silent", noticed, "" if wait_h is None else "missed_check.silent"
        )

    found = report([], [lay(3, 1.0), lay(3, 2.0), lay(3, None), lay(20, None)])
    assert (found.noticed.helpless, found.noticed.unnoticed) == (4, 2)
    assert (found.noticed.median_h, found.noticed.p90_h) == (2.0, None)
    assert (found.by_hour[3].median_h, found.by_hour[20].median_h, found.by_hour[4].helpless) == (2.0, None, 0)
    assert found.by_band["worn"].unnoticed == 1
    assert found.noticed.by_rule == {"missed_check.silent": 2}
    text = "\n".join(lines(found))
    assert "never" in text
    assert "noticed by: missed_check.silent 2" in text
