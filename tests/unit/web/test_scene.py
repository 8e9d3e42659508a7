"""What the map of an alarm's page shows: the place of the alarm, and where they are since."""

from __future__ import annotations

import msgspec

from alerts.alarm import Place, State
from dashboards.web.alarm_context import scene_of_alarm
from gateway.store.queries import AlarmPage, Fix
from tests.support.alarms import an_alarm

PRESSED_AT = 1_750_000_000_000
GATE = Place(lat=31.2, lon=121.4, accuracy_m=8, t=PRESSED_AT)


def shown(*fixes: int, state: State = "open", rule: str = "sos.button") -> AlarmPage:
    """A page of an alarm at the gate, and fixes so many ms after it, newest first."""
    return AlarmPage(
        alarm=msgspec.structs.replace(an_alarm(rule), position=GATE, state=state),
        cards=[],
        fixes=[Fix(t=PRESSED_AT + after, lat=31.3, lon=121.5, accuracy_m=10, device="band") for after in fixes],
        device=None,
        messages=[],
        related=[],
        change=1,
    )


def test_whoever_pressed_and_went_on_is_shown_where_they_are_beside_where_they_pressed() -> None:
    scene = scene_of_alarm(shown(90_000, 60_000))
    assert (scene["fix"]["t"], scene["moment"]["t"]) == (PRESSED_AT + 90_000, PRESSED_AT)
    assert (scene["fix"]["lat"], scene["moment"]["lat"]) == (31.3, 31.2)


def test_nothing_newer_than_the_alarm_takes_its_place() -> None:
    scene = scene_of_alarm(shown(-30_000))
    assert (scene["fix"]["t"], scene["moment"]) == (PRESSED_AT, None)


def test_where_they_are_after_it_is_over_is_nobodys_but_for_who_wandered() -> None:
    assert scene_of_alarm(shown(90_000, state="closed"))["moment"] is None
    assert scene_of_alarm(shown(90_000, state="closed"))["fix"]["t"] == PRESSED_AT
    assert scene_of_alarm(shown(90_000, state="closed", rule="wandering.zone_exit"))["moment"]["t"] == PRESSED_AT
