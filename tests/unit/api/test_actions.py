"""What the desk is offered on an alarm's page."""

from __future__ import annotations

import msgspec

from alerts.alarm import TimelineEntry
from alerts.transitions import TOLD
from dashboards.web.pages import actions_of
from tests.support.alarms import MINUTE, T0, an_alarm


def test_a_family_that_has_been_told_is_not_offered_again_until_the_next_round() -> None:
    alarm = an_alarm()
    assert "notify" in actions_of(alarm)

    told = TimelineEntry(t=T0 + MINUTE, actor="system", event=TOLD)
    after = msgspec.structs.replace(alarm, timeline=(*alarm.timeline, told))
    assert actions_of(after) == ["acknowledge", "cancel"]

    again = TimelineEntry(t=T0 + 2 * MINUTE, actor="wearer", event="again")
    assert "notify" in actions_of(msgspec.structs.replace(after, timeline=(*after.timeline, again)))
