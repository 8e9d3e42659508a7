"""What somebody writes behind ``--set`` is either in the catalogue, or told with what is."""

from __future__ import annotations

import pytest

from alerts.catalogue import PARAMETERS
from anxin.backtesting.errors import BacktestError
from anxin.backtesting.settings import settings_from


def values(*texts: str) -> dict[str, float]:
    return {parameter.name: parameter.value for parameter in settings_from(texts)}


def test_values_are_in_force_for_everyone_and_the_last_word_counts() -> None:
    found = settings_from(["wandering.zone_exit.dwell_s=60", "wandering.zone_exit.dwell_s = 90"])
    assert [(p.id, p.scope, p.key, p.value) for p in found] == [
        ("everyone//wandering.zone_exit.dwell_s", "everyone", "", 90.0)
    ]


def test_a_switch_may_be_said_in_words() -> None:
    name = next(name for name in PARAMETERS if name.endswith(".enabled"))
    assert values(f"{name}=off") == {name: 0.0}
    assert values(f"{name}=on") == {name: 1.0}
    with pytest.raises(BacktestError, match="is no number"):
        values("wandering.zone_exit.dwell_s=off")


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_default_may_be_set_and_nothing_beyond_the_range(name: str) -> None:
    spec = PARAMETERS[name]
    assert values(f"{name}={spec.default!r}") == {name: spec.default}
    for beyond in (spec.low - 1, spec.high + 1, float("nan"), float("inf")):
        with pytest.raises(BacktestError, match="range"):
            values(f"{name}={beyond!r}")


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("wandering.zone_exit.dwel_s", "wandering.zone_exit.dwell_s"),
        ("dwell_s", "wandering.zone_exit.dwell_s"),
        ("device.battery.low_pct", "device.battery_low.low_pct"),
        ("wandering.speed", "wandering.pattern.score"),
    ],
)
def test_a_wrong_name_is_answered_with_those_near_it_and_their_ranges(wrong: str, near: str) -> None:
    with pytest.raises(BacktestError) as refused:
        values(f"{wrong}=1")
    assert repr(wrong) in str(refused.value)
    line = next(line for line in str(refused.value).splitlines() if near in line)
    assert "by default" in line


def test_a_name_like_no_other_is_answered_with_the_rules() -> None:
    with pytest.raises(BacktestError, match=r"device\.battery_low") as refused:
        values("qqq=1")
    assert "wandering.zone_exit" in str(refused.value)


def test_whole_numbers_are_whole() -> None:
    name = next(spec.name for spec in PARAMETERS.values() if spec.whole and spec.high > spec.low + 1)
    with pytest.raises(BacktestError, match="whole"):
        values(f"{name}={PARAMETERS[name].low + 0.5}")


def test_values_that_contradict_each_other_or_a_default_are_refused() -> None:
    with pytest.raises(BacktestError, match="below"):
        values("device.battery_low.low_pct=30", "device.battery_low.recovered_pct=20")
    with pytest.raises(BacktestError, match=r"device\.battery_low\.low_pct must lie .* below"):
        values("device.battery_low.low_pct=26")
    assert values("device.battery_low.low_pct=30", "device.battery_low.recovered_pct=40")


def test_what_is_no_assignment_is_refused() -> None:
    with pytest.raises(BacktestError, match="NAME=VALUE"):
        values("wandering.zone_exit.dwell_s")
