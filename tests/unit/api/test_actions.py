"""What the desk is offered on an alarm's page."""

from __future__ import annotations

import msgspec

from alerts.alarm import TimelineEntry
from alerts.transitions import TOLD
from dashboards.web.alarm_context import actions_of
from tests.support.alarms import HOUR, MINUTE, T0, an_alarm


def test_a_family_that_has_been_told_is_not_offered_again_until_the_next_round() -> None:
    alarm = an_alarm()
    assert "notify" in actions_of(alarm, T0)

    told = TimelineEntry(t=T0 + MINUTE, actor="system", event=TOLD)
    after = msgspec.structs.replace(alarm, timeline=(*alarm.timeline, told))
    assert actions_of(after, T0) == ["acknowledge", "cancel"]

    again = TimelineEntry(t=T0 + 2 * MINUTE, actor="wearer", event="again")
    assert "notify" in actions_of(msgspec.structs.replace(after, timeline=(*after.timeline, again)), T0)


def test_nobody_outside_is_offered_to_be_told_of_a_drill() -> None:
    assert "notify" not in actions_of(an_alarm(drill=True), T0)


def test_reopening_is_offered_for_a_day() -> None:
    ended = TimelineEntry(t=T0, actor="li", event="cancel")
    cancelled = an_alarm(state="cancelled", timeline=(ended,))
    assert actions_of(cancelled, T0 + 24 * HOUR) == ["reopen"]
    assert actions_of(cancelled, T0 + 24 * HOUR + 1) == []


def test_a_rating_is_asked_for_once_it_is_over() -> None:
    assert "rate" in actions_of(an_alarm(state="resolved"), T0)
    assert "rate" in actions_of(an_alarm(state="closed"), T0)
    assert "rate" not in actions_of(an_alarm(state="cancelled"), T0)
