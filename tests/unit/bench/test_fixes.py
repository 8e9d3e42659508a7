"""The benchmark of fixes lets everybody do what it says, and tells what came of it."""

from __future__ import annotations

from bench.fixes import DOINGS, ON, measure


def test_everybody_does_what_is_measured_and_the_rules_say_what_they_see() -> None:
    found = measure(residents=20, progress=lambda _: None)
    by_name = {doing.name: doing for doing in found.doings}
    assert tuple(by_name) == DOINGS
    for doing in found.doings:
        assert set(doing.us) == set(ON)
        assert min(*doing.us.values(), doing.memory_limit_us) > 0
    assert by_name["at home"].alarms == by_name["about the block"].alarms == {}
    assert by_name["away from home"].alarms["wandering.zone_exit opened"] == 20
    assert "wandering.zone_exit opened" in by_name["along the line"].alarms
    assert by_name["to and fro"].alarms.get("wandering.pattern opened", 0) >= 15
