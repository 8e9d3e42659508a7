"""Why an alarm of wandering came, in words."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from alerts.engine import EVIDENCE_FIELDS
from dashboards.web.why import why
from dashboards.web.wording import LANGUAGES, Wording
from tests.support.alarms import an_alarm

EVIDENCE: dict[str, dict[str, Any]] = {
    "wandering.zone_exit": {
        "distance_outside_m": 34.2, "accuracy_m": 8, "fixes_outside": 3, "seconds_outside": 62, "dwell_s": 30,
    },
    "wandering.night_exit": {
        "home_m": 146, "accuracy_m": 8, "fixes_away": 3, "seconds_away": 95, "night_from_h": 22.5, "night_to_h": 5.25,
    },
    "wandering.pattern": {
        "pattern": 2, "theta_deg_per_m": 7.42, "threshold_deg_per_m": 0.5, "score": 1.3, "threshold": 0.6,
        "window_s": 600,
    },
    "wandering.lost": {
        "reason": 1, "off_way_m": 86, "seconds_off_way": 190, "home_m": 1640, "regular": 0.91, "walks_known": 42,
    },
}  # fmt: skip


def said(rule: str, language: str = "en", **evidence: Any) -> str:
    alarm = msgspec.structs.replace(an_alarm("wandering.zone_exit"), rule=rule, evidence=evidence)
    return why(Wording(language), alarm, "Asia/Shanghai")


def test_the_numbers_are_those_of_the_rules() -> None:
    told = {rule.public_name: set(names) for rule, names in EVIDENCE_FIELDS.items()}
    for rule, evidence in EVIDENCE.items():
        assert evidence.keys() <= told[rule], rule


def test_each_rule_says_its_numbers() -> None:
    assert said("wandering.zone_exit", **EVIDENCE["wandering.zone_exit"]) == (
        "At 23:06: About 34 m from the nearest safe zone. The position is good to ±8 m."
        " 3 positions in a row lay outside, over 62 s."
    )
    assert "at night (22:30–05:15), about 150 m from home" in said(
        "wandering.night_exit", **EVIDENCE["wandering.night_exit"]
    )
    assert said("wandering.pattern", **EVIDENCE["wandering.pattern"]).startswith("At 23:06: Walks round in circles.")
    lost = said("wandering.lost", **EVIDENCE["wandering.lost"])
    assert "About 86 m off the ways they know, for 3 min." in lost
    assert "About 1.6 km from home. 42 walks are known; 91 %" in lost


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", EVIDENCE)
def test_a_number_that_is_missing_costs_only_its_sentence(rule: str, language: str) -> None:
    whole = said(rule, language, **EVIDENCE[rule])
    for gone in EVIDENCE[rule]:
        rest = said(rule, language, **{name: value for name, value in EVIDENCE[rule].items() if name != gone})
        assert len(rest) <= len(whole)
        assert "None" not in rest
        assert "{" not in rest
    assert said(rule, language) == ""


@pytest.mark.parametrize("reason", [1, 2, 3])
def test_each_reason_of_being_lost_has_a_sentence_of_its_own(reason: int) -> None:
    evidence = EVIDENCE["wandering.lost"]
    others = {said("wandering.lost", **{**evidence, "reason": other}) for other in {1, 2, 3} - {reason}}
    assert said("wandering.lost", **{**evidence, "reason": reason}) not in others


def test_a_threshold_is_counted_as_what_it_is_a_threshold_of() -> None:
    wording = Wording("en")
    assert ("alarm from", "0.6") in wording.evidence({"score": 1.3, "threshold": 0.6})
    assert ("alarm from", "60 %") in wording.evidence({"probability": 0.9, "threshold": 0.6})


def test_what_a_way_is_judged_by_is_said_in_words_and_not_in_scores() -> None:
    evidence = EVIDENCE["wandering.pattern"]
    assert not re.search(r"0\.6|1\.3|7\.4|°", said("wandering.pattern", **evidence))
    assert "Just enough" in said("wandering.pattern", **evidence)
    assert "Very plainly so." in said("wandering.pattern", **{**evidence, "score": 2.4})
    assert [label for label, _ in Wording("en").evidence(evidence)] == ["way of walking", "watched over"]


def test_whoever_phoned_gave_no_numbers_to_explain() -> None:
    assert said("wandering.reported", home_m=100) == ""
    assert said("fall.motion", home_m=100) == ""


def test_an_unknown_pattern_is_not_made_up() -> None:
    assert said("wandering.pattern", pattern=9) == ""
