"""``anxin rules`` against a real database."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from anxin.cli import main

LOW = "vitals.heart_rate.low_bpm"
HIGH = "vitals.heart_rate.high_bpm"


@pytest.fixture
def system(conninfo: str) -> str:
    with psycopg.connect(conninfo) as connection:
        connection.execute("insert into site (id, name) values ('north', '北社区')")
        connection.execute("insert into resident (id, site, name) values ('r1', 'north', '李奶奶')")
    return conninfo


def _anxin(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["rules", *arguments])


def _told(system: str, *whom: str) -> dict[str, Any]:
    result = _anxin("list", "--json", *whom, "--database", system)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.output)
    return told


def test_what_is_set_is_in_force_in_its_layer_until_it_is_taken_back(system: str) -> None:
    assert _anxin("set", f"{LOW}=45", f"{HIGH}=125", "--database", system).exit_code == 0
    assert _anxin("set", f"{LOW}=50", "--site", "north", "--database", system).exit_code == 0
    assert _anxin("set", f"{LOW}=55", "--resident", "r1", "--database", system).exit_code == 0
    layers = [_told(system, *whom)[LOW] for whom in ((), ("--site", "north"), ("--resident", "r1"))]
    assert [(each["value"], each["layer"]) for each in layers] == [(45, "everyone"), (50, "site"), (55, "resident")]
    assert _anxin("unset", LOW, "--resident", "r1", "--database", system).exit_code == 0
    assert _told(system, "--resident", "r1")[LOW]["layer"] == "site"
    only_set = _anxin("list", "--set", "--database", system).output
    assert [line.split() for line in only_set.splitlines()] == [[LOW, "45", "everyone"], [HIGH, "125", "everyone"]]


def test_a_switch_takes_on_and_off_and_a_setting_taken_back_is_said_to_be(system: str) -> None:
    switch = "device.not_worn.enabled"
    assert "1 set for everyone" in _anxin("set", f"{switch}=off", "--database", system).output
    assert _told(system)[switch]["value"] == 0
    assert "1 taken back for everyone" in _anxin("unset", switch, "--database", system).output
    assert _told(system)[switch]["value"] == 1


def test_a_working_point_goes_by_its_name(system: str) -> None:
    point = "fall.motion.working_point"
    assert _anxin("set", f"{point}=quiet", "--resident", "r1", "--database", system).exit_code == 0
    assert _told(system, "--resident", "r1")[point]["value"] == 2
    assert "no NAME=VALUE" in _anxin("set", f"{LOW}=quiet", "--database", system).output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "vitals.heart_rate.low=45"), f"near it: {LOW}"),
        (("set", f"{LOW}=5000"), "must be from 10 to 300"),
        (("set", f"{LOW}=130"), f"must lie more than 10 below {HIGH}"),
        (("set", f"{LOW}=much"), "no NAME=VALUE with a number"),
        (("set", f"{LOW}=45", "--site", "nowhere"), "there is no site nowhere"),
        (("set", f"{LOW}=45", "--site", "north", "--resident", "r1"), "not for both"),
        (("set", f"{LOW}=off"), "no NAME=VALUE with a number"),
        (("unset", "no.such_thing"), "there is no parameter no.such_thing; `anxin rules list`"),
        (("list", "--resident", "nobody"), "there is no resident nobody"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_and_nothing_is_set(
    system: str, arguments: tuple[str, ...], words: str
) -> None:
    refused = _anxin(*arguments, "--database", system)
    assert refused.exit_code == 1
    assert words in refused.output
    assert all(each["layer"] == "default" for each in _told(system, "--site", "north").values())
