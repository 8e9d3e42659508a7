"""Random lives of a small community: the engine says what the oracle says, whatever comes."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, Phase, event, given, seed, settings, target

from alerts.engine import What
from tests.reference.changes import COMMUNITY, SETTINGS
from tests.reference.lives import Turn, lives
from tests.reference.oracle import Rule
from tests.reference.play import Play, Work

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
CRIES = (Rule.SOS_BUTTON, Rule.FALL_DEVICE)
NEW = (r for r in Rule if r >= Rule.DEVICE_NOT_WORN)


def everything() -> set[Work]:
    """Every rule with all that it can say."""
    found = {
        Work(rule, what)
        for rule in Rule
        for what in (What.OPENED, What.EVIDENCE, What.CANCELLED if rule in CRIES else What.RECOVERED)
    }
    if SETTINGS:
        return found
    early = {Work(rule, What.EVIDENCE) for rule in (Rule.DEVICE_BATTERY_LOW, Rule.DEVICE_FAULT)}
    return {work for work in found - early if work.rule < Rule.DEVICE_NOT_WORN}


def lived(life: list[Turn]) -> Counter[Work]:
    play = Play(COMMUNITY)
    play.live(life)
    return play.work


def tally(examples: int) -> Counter[Work]:
    """What is said in so many lives, which are the same each time."""
    said: Counter[Work] = Counter()

    @seed(20_250_615)
    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=SLOW)
    @given(lives(whole=True))
    def live(life: list[Turn]) -> None:
        said.update(lived(life))

    live()
    return said


@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(lives())
def test_engine_says_what_the_oracle_says(life: list[Turn]) -> None:
    said = lived(life)
    target(float(len(said)), label="different things said")
    event(f"things said: {min(len(said), 9)}")


def test_every_rule_says_everything_that_it_can() -> None:
    said = tally(60)
    assert everything() <= set(said), sorted(everything() - set(said))
