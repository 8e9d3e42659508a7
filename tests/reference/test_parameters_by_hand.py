"""Parameters in layers: the nearest one decides, what is taken away gives way to the next, and a version names it."""

from __future__ import annotations

from itertools import count

import pytest

import alerts.engine
from alerts.engine import PARAMETERS
from devices.registry import RegistryChange
from tests.reference.oracle import Oracle, Rule
from tests.reference.oracle.settings import DEFAULTS
from tests.reference.oracle.words import OF_WAYS
from tests.reference.speakers import Speaker
from tests.reference.streams import START, beat, change, device, parameter, resident

LOW = "device.battery_low.low_pct"
MINUTE = 60_000

minutes = count(START, MINUTE)


def unset(scope: str, key: str, version: int = 0) -> RegistryChange:
    return change(None, "parameter", f"{scope}/{key}/{LOW}", version)


def told_at(speaker: Speaker, level: float, device_slot: int = 0) -> int | None:
    """The version under which a battery at this level is low, None when it is not; charged again afterwards."""
    t = next(minutes)
    said = [one.said for one in speaker.hear([beat(t, device_slot, battery_pct=level)], t)]
    speaker.hear([beat(t + 1, device_slot, battery_pct=100.0)], t + 1)
    return said[0].parameters if said else None


def test_the_nearest_layer_decides_and_gives_way_when_it_is_taken_away(speaker: Speaker) -> None:
    assert told_at(speaker, 15.0) == 0
    speaker.apply(change(parameter(LOW, 16.0), version=3))
    assert told_at(speaker, 16.0) == 3
    speaker.apply(change(parameter(LOW, 12.0, "site"), version=5))
    assert (told_at(speaker, 12.5), told_at(speaker, 12.0)) == (None, 5)
    speaker.apply(change(parameter(LOW, 20.0, "resident"), version=9))
    assert told_at(speaker, 20.0) == 9
    speaker.apply(unset("resident", "r0", 10))
    assert (told_at(speaker, 12.5), told_at(speaker, 12.0)) == (None, 5)
    speaker.apply(unset("site", "s", 11))
    assert told_at(speaker, 16.0) == 3
    speaker.apply(unset("everyone", "", 12))
    assert (told_at(speaker, 16.0), told_at(speaker, 15.0)) == (None, 0)


def test_what_is_set_for_one_concerns_nobody_else(speaker: Speaker) -> None:
    speaker.apply(change(resident(1)))
    speaker.apply(change(device(1)))
    speaker.apply(change(parameter(LOW, 20.0, "resident", 1), version=2))
    assert told_at(speaker, 20.0) is None
    assert told_at(speaker, 20.0, device_slot=1) is None


def test_a_device_without_a_wearer_follows_its_site(nobody: Speaker) -> None:
    nobody.apply(change(device()))
    nobody.apply(change(parameter(LOW, 20.0, "site"), version=2))
    assert told_at(nobody, 20.0) == 2
    assert told_at(nobody, 20.0, device_slot=5) is None


def test_what_was_set_before_its_resident_or_site_is_known_counts(nobody: Speaker) -> None:
    nobody.apply(change(parameter(LOW, 20.0, "resident"), version=1))
    nobody.apply(change(parameter(LOW, 18.0, "site"), version=2))
    nobody.apply(change(device()))
    assert told_at(nobody, 18.0) == 2
    for entry in (change(resident()), change(parameter("device.fault.remind_s", 60.0), version=7)):
        nobody.apply(entry)
    assert told_at(nobody, 18.0) == 7


def test_a_resident_who_moves_house_gets_the_rules_of_the_new_site(speaker: Speaker) -> None:
    speaker.apply(change(parameter(LOW, 20.0, "site"), version=2))
    moved = resident()
    speaker.apply(change(type(moved)(id="r0", slot=0, site="elsewhere", name="")))
    assert told_at(speaker, 20.0) is None


def test_the_version_is_of_what_decides_not_of_what_was_overruled(speaker: Speaker) -> None:
    speaker.apply(change(parameter(LOW, 16.0, "resident"), version=3))
    speaker.apply(change(parameter(LOW, 2.0), version=8))
    assert told_at(speaker, 16.0) == 3


def test_a_disabled_rule_says_nothing_until_it_is_enabled(speaker: Speaker) -> None:
    speaker.disable(Rule.DEVICE_BATTERY_LOW)
    assert told_at(speaker, 3.0) is None
    speaker.enable(Rule.DEVICE_BATTERY_LOW)
    assert told_at(speaker, 3.0) == 0


@pytest.mark.parametrize("name", sorted({*DEFAULTS, *PARAMETERS}))
def test_engine_and_oracle_have_the_same_defaults(name: str) -> None:
    spec = PARAMETERS[name]
    assert spec.default == pytest.approx(DEFAULTS[name])
    assert spec.low <= spec.default <= spec.high
    assert spec.name == name
    assert spec.source
    assert spec.rule in {rule.public_name for rule in Rule}


def test_rules_have_the_numbers_of_the_contract() -> None:
    for rule in Rule:
        assert alerts.engine.Rule[rule.name] == int(rule)
        assert alerts.engine.Rule(rule).public_name == rule.public_name


def test_the_oracle_knows_every_rule() -> None:
    beside = {Rule.MISSED_CHECK_CHECKIN, Rule.MISSED_CHECK_INACTIVITY, Rule.FALL_MOTION, *OF_WAYS}
    assert {*Oracle().stories, *beside} == set(Rule)
