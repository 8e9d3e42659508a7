"""What the holder of a link to the live map may write onto the alarm's timeline."""

from __future__ import annotations

from alerts.shared_map import HELPER_FOUND, SAID_AGAIN_MS, SAID_AT_MOST, found
from tests.support.alarms import T0, an_alarm


def test_the_holder_of_one_link_does_not_fill_the_alarm_with_words() -> None:
    alarm = an_alarm()
    for n in range(SAID_AT_MOST + 5):
        alarm = found(alarm, "zhao", T0 + n * SAID_AGAIN_MS, f"here {n}")
    assert sum(entry.event == HELPER_FOUND for entry in alarm.timeline) == SAID_AT_MOST
    assert found(alarm, "qian", T0, "at the bridge") is not alarm, "of somebody else it is heard"
