"""Random lives of a small community: the engine says what the oracle says, whatever comes."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, Phase, event, given, seed, settings, target

from alerts.engine import What
from tests.reference.changes import COMMUNITY
from tests.reference.lives import Turn, lives
from tests.reference.oracle import Rule
from tests.reference.oracle.words import CRIES, OF_WAYS
from tests.reference.play import Play, Work

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
ELSEWHERE = (Rule.SYSTEM_SITE_SILENT, Rule.MISSED_CHECK_INACTIVITY, Rule.FALL_MOTION, *OF_WAYS)
"""What takes a whole site, days, windows of motion or ways: ``test_sites_against_oracle``,
``test_routines_against_oracle``, ``test_falls_against_oracle`` and ``test_patterns_against_oracle``."""


def everything() -> set[Work]:
    """Every rule with all that it can say."""
    return {
        Work(rule, what)
        for rule in Rule
        if rule not in ELSEWHERE
        for what in (What.OPENED, What.EVIDENCE, What.CANCELLED if rule in CRIES else What.RECOVERED)
    } | {Work(Rule.MISSED_CHECK_CHECKIN, what) for what in (What.KEPT, What.EXCUSED)}


def lived(life: list[Turn]) -> Counter[Work]:
    play = Play(COMMUNITY)
    play.live(life)
    return play.work


def whole_lives(seeds: int) -> list[list[Turn]]:
    """Some whole lives for each of so many seeds; the fewer a seed has to give, the less they are alike."""
    found: list[list[Turn]] = []
    for number in range(seeds):

        @seed(number)
        @settings(max_examples=6, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=SLOW)
        @given(lives(whole=True))
        def collect(life: list[Turn]) -> None:
            found.append(life)

        collect()
    return found


@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(lives())
def test_engine_says_what_the_oracle_says(life: list[Turn]) -> None:
    said = lived(life)
    target(float(len(said)), label="different things said")
    event(f"things said: {min(len(said), 9)}")


def test_every_rule_says_everything_that_it_can() -> None:
    said = sum(map(lived, whole_lives(seeds=12)), Counter[Work]())
    assert everything() <= set(said), sorted(everything() - set(said))
