"""The state machine of contract section 3: every event in every state, then any sequence of them."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts.alarm import Alarm, State, TimelineEntry
from alerts.transitions import (
    Acknowledge,
    AddNote,
    Arrive,
    Assign,
    Cancel,
    Close,
    Command,
    Dispatch,
    Event,
    Notify,
    Rate,
    Refused,
    Release,
    Reopen,
    Resolve,
    Unchanged,
    apply,
)
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, an_alarm

COMMANDS: dict[str, Command] = {
    "acknowledge": Acknowledge(),
    "assign": Assign(assignee="chen"),
    "dispatch": Dispatch(responder="neighbour"),
    "arrive": Arrive(),
    "resolve": Resolve(),
    "close": Close(outcome="true_alarm"),
    "cancel": Cancel(),
    "release": Release(),
    "reopen": Reopen(),
    "rate": Rate(rating=4),
    "note": AddNote(text="spoke to the neighbour"),
    "notify": Notify(),
}
STATES: tuple[State, ...] = get_args(State)
ENTERED_BY = {
    "open": "opened",
    "acknowledged": "acknowledge",
    "dispatched": "dispatch",
    "on_scene": "arrive",
    "resolved": "resolve",
    "closed": "close",
    "cancelled": "cancel",
    "suppressed": "opened",
}
NEXT: dict[str, dict[str, State]] = {
    "open": {"acknowledge": "acknowledged", "cancel": "cancelled", "assign": "open", "note": "open", "notify": "open"},
    "acknowledged": {
        "dispatch": "dispatched",
        "resolve": "resolved",
        "cancel": "cancelled",
        "release": "open",
        "assign": "acknowledged",
        "note": "acknowledged",
        "notify": "acknowledged",
    },
    "dispatched": {
        "dispatch": "dispatched",
        "arrive": "on_scene",
        "resolve": "resolved",
        "cancel": "cancelled",
        "release": "open",
        "assign": "dispatched",
        "note": "dispatched",
        "notify": "dispatched",
    },
    "on_scene": {
        "resolve": "resolved",
        "cancel": "cancelled",
        "assign": "on_scene",
        "note": "on_scene",
        "notify": "on_scene",
    },
    "resolved": {"close": "closed", "reopen": "open", "assign": "resolved", "note": "resolved", "rate": "resolved"},
    "closed": {"reopen": "open", "rate": "closed"},
    "cancelled": {"reopen": "open", "assign": "cancelled", "note": "cancelled"},
    "suppressed": {"assign": "suppressed", "note": "suppressed"},
}


def alarm_in(state: State, *, by: str = "li", rule: str = "sos.button", **fields: Any) -> Alarm:
    opened = an_alarm(rule)
    entered = TimelineEntry(t=T0 + SECOND, actor=by, event=ENTERED_BY[state], to="stairs guard")
    outcome = "true_alarm" if state == "closed" else None
    return msgspec.structs.replace(
        opened, state=state, version=2, timeline=(*opened.timeline, entered), outcome=outcome, **fields
    )


@pytest.mark.parametrize("event", get_args(Event))
@pytest.mark.parametrize("state", STATES)
def test_each_event_is_allowed_from_exactly_its_states(state: State, event: str) -> None:
    before = alarm_in(state)
    answer = apply(before, COMMANDS[event], "zhang", T0 + MINUTE)
    expected = NEXT[state].get(event)
    if expected is None:
        assert answer == Refused(before, "state")
    else:
        assert isinstance(answer, Alarm)
        assert answer.state == expected
        assert answer.version == before.version + 1
        assert answer.timeline[:-1] == before.timeline
        assert (answer.timeline[-1].event, answer.timeline[-1].actor, answer.timeline[-1].t) == (
            event,
            "zhang",
            T0 + MINUTE,
        )


@pytest.mark.parametrize(
    "event", ["acknowledge", "assign", "dispatch", "arrive", "resolve", "close", "cancel", "reopen", "rate", "note"]
)
def test_repeating_ones_own_event_changes_nothing(event: str) -> None:
    state = next(state for state in STATES if event in NEXT[state])
    once = apply(alarm_in(state), COMMANDS[event], "zhang", T0 + MINUTE)
    assert isinstance(once, Alarm)
    again = apply(once, COMMANDS[event], "zhang", T0 + MINUTE + SECOND)
    assert again == Unchanged(once)


@pytest.mark.parametrize("event", ["acknowledge", "arrive", "resolve", "close", "cancel"])
def test_repeating_somebody_elses_event_is_refused(event: str) -> None:
    state = next(state for state in STATES if event in NEXT[state])
    once = apply(alarm_in(state), COMMANDS[event], "zhang", T0 + MINUTE)
    assert isinstance(once, Alarm)
    assert apply(once, COMMANDS[event], "li", T0 + MINUTE) == Refused(once, "state")


def test_who_acknowledges_becomes_the_assignee() -> None:
    taken = apply(an_alarm(), Acknowledge(), "zhang", T0)
    assert isinstance(taken, Alarm)
    assert taken.assignee == "zhang"


def test_release_gives_it_back_to_nobody() -> None:
    released = apply(alarm_in("acknowledged", assignee="li"), Release(), "li", T0)
    assert isinstance(released, Alarm)
    assert (released.state, released.assignee) == ("open", None)


def test_assign_without_a_name_is_the_actors_own() -> None:
    assigned = apply(alarm_in("dispatched"), Assign(), "zhang", T0)
    assert isinstance(assigned, Alarm)
    assert (assigned.assignee, assigned.timeline[-1].to) == ("zhang", "zhang")


def test_another_responder_may_be_dispatched() -> None:
    first = apply(alarm_in("acknowledged"), Dispatch(responder="neighbour"), "zhang", T0)
    assert isinstance(first, Alarm)
    second = apply(first, Dispatch(responder="grid worker"), "zhang", T0)
    assert isinstance(second, Alarm)
    assert [entry.to for entry in second.timeline[-2:]] == ["neighbour", "grid worker"]


def test_closing_keeps_outcome_and_result() -> None:
    closed = apply(alarm_in("resolved"), Close(outcome="true_alarm", result="hospital", note="n"), "zhang", T0)
    assert isinstance(closed, Alarm)
    assert (closed.outcome, closed.result, closed.timeline[-1].note) == ("true_alarm", "hospital", "n")


def test_closing_keeps_the_result_told_when_resolving() -> None:
    resolved = apply(alarm_in("on_scene"), Resolve(result="helped_on_site"), "zhang", T0)
    assert isinstance(resolved, Alarm)
    closed = apply(resolved, Close(outcome="true_alarm"), "zhang", T0)
    assert isinstance(closed, Alarm)
    assert closed.result == "helped_on_site"


def test_closing_without_an_outcome_is_not_a_command() -> None:
    with pytest.raises(msgspec.ValidationError, match="outcome"):
        msgspec.convert({"event": "close"}, Command)


def test_a_rating_outside_one_to_five_is_not_a_command() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"event": "rate", "rating": 6}, Command)


def test_every_event_of_the_contract_decodes_by_its_tag() -> None:
    for event, command in COMMANDS.items():
        fields = {"event": event, "outcome": "true_alarm", "rating": 4, "assignee": "chen", "responder": "neighbour"}
        fields |= {"text": "spoke to the neighbour"}
        assert msgspec.convert(fields, Command) == command


@pytest.mark.parametrize("state", ["resolved", "closed", "cancelled"])
def test_reopen_is_possible_within_24_hours_of_the_end(state: State) -> None:
    ended = alarm_in(state)
    at_the_limit = T0 + SECOND + 24 * HOUR
    reopened = apply(ended, Reopen(), "zhang", at_the_limit)
    assert isinstance(reopened, Alarm)
    assert (reopened.state, reopened.outcome, reopened.assignee) == ("open", None, None)
    assert apply(ended, Reopen(), "zhang", at_the_limit + 1) == Refused(ended, "too_late")


def test_a_note_carries_its_code() -> None:
    noted = apply(an_alarm(), AddNote(text="no reply", code="no_answer"), "zhang", T0)
    assert isinstance(noted, Alarm)
    assert (noted.timeline[-1].note, noted.timeline[-1].code) == ("no reply", "no_answer")


def test_the_same_note_after_a_minute_is_a_second_try() -> None:
    once = apply(an_alarm(), AddNote(code="no_answer"), "zhang", T0)
    assert isinstance(once, Alarm)
    assert isinstance(apply(once, AddNote(code="no_answer"), "zhang", T0 + MINUTE), Unchanged)
    assert isinstance(apply(once, AddNote(code="no_answer"), "zhang", T0 + MINUTE + 1), Alarm)


def test_nobody_outside_is_told_of_a_drill_or_of_maintenance_or_of_yesterday() -> None:
    for alarm in (
        an_alarm(drill=True),
        an_alarm("device.battery_low"),
        an_alarm(late=True, raised_at=T0 + 24 * HOUR + 1),
    ):
        assert apply(alarm, Notify(), "zhang", T0) == Refused(alarm, "desk_only")


class AlarmLife(RuleBasedStateMachine):
    """Any sequence of events by three people."""

    def __init__(self) -> None:
        super().__init__()
        self.alarm = an_alarm()
        self.now = T0
        self.before = self.alarm

    @initialize(rule_name=st.sampled_from(["sos.button", "wandering.zone_exit", "device.battery_low"]))
    def open(self, rule_name: str) -> None:
        self.alarm = self.before = an_alarm(rule_name)

    @rule(
        event=st.sampled_from(sorted(COMMANDS)),
        actor=st.sampled_from(["li", "zhang", "chen"]),
        passed_ms=st.sampled_from([0, SECOND, MINUTE, HOUR, 25 * HOUR]),
    )
    def something_is_done(self, event: str, actor: str, passed_ms: int) -> None:
        self.now += passed_ms
        self.before = self.alarm
        answer = apply(self.alarm, COMMANDS[event], actor, self.now)
        if isinstance(answer, Alarm):
            assert answer.version == self.before.version + 1
            assert len(answer.timeline) == len(self.before.timeline) + 1
            self.alarm = answer
            assert apply(answer, COMMANDS[event], actor, self.now) == Unchanged(answer)
        else:
            assert answer.alarm is self.before

    @invariant()
    def the_story_only_grows(self) -> None:
        assert self.alarm.timeline[: len(self.before.timeline)] == self.before.timeline

    @invariant()
    def what_never_changes_stays(self) -> None:
        for name in ("id", "case", "rule", "subject", "event_time", "raised_at", "evidence", "count"):
            assert getattr(self.alarm, name) == getattr(self.before, name)

    @invariant()
    def an_outcome_is_there_exactly_when_closed(self) -> None:
        assert (self.alarm.outcome is not None) == (self.alarm.state == "closed")

    @invariant()
    def a_taken_alarm_has_somebody(self) -> None:
        if self.alarm.state in ("acknowledged", "dispatched", "on_scene"):
            assert self.alarm.assignee is not None

    @invariant()
    def a_rating_needs_an_end(self) -> None:
        assert self.alarm.rating is None or self.alarm.state in ("resolved", "closed")


TestAlarmLife = AlarmLife.TestCase
TestAlarmLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
