"""What staff did in reality is done again in a run, with the alarm that stands in the place of theirs."""

from __future__ import annotations

import msgspec

from alerts.alarm import Alarm
from alerts.folding import fold
from alerts.standing import Standing
from alerts.transitions import Acknowledge, Arrive, Cancel, Close, Command, Dispatch, Release, Reopen, Resolve, apply
from anxin.backtesting.staff import Staff, ended_at
from devices.wearing import FOREVER
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, an_alarm, an_episode

WHOLE_WAY = (Acknowledge(), Dispatch(responder="w1"), Arrive(), Resolve(), Close(outcome="true_alarm"))


def handled(alarm: Alarm, *commands: Command, start: int = T0 + MINUTE) -> Alarm:
    """The alarm after the nurse did all of this, a minute each."""
    for i, command in enumerate(commands):
        after = apply(alarm, command, "nurse", start + i * MINUTE)
        assert isinstance(after, Alarm)
        alarm = after
    return alarm


def standing(*alarms: Alarm) -> Standing:
    found = Standing()
    for alarm in alarms:
        found.keep(alarm)
    return found


def test_the_same_alarm_goes_the_way_it_really_went() -> None:
    alarm = an_alarm()
    real = handled(alarm, *WHOLE_WAY)
    run = standing(alarm)
    staff = Staff([real])
    staff.act(run, T0 + MINUTE)
    assert run.known[alarm.id].state == "open"
    staff.act(run, T0 + 2 * MINUTE + 1)
    assert run.known[alarm.id].state == "dispatched"
    staff.act(run, T0 + HOUR)
    assert msgspec.json.encode(run.known[alarm.id]) == msgspec.json.encode(real)


def test_what_was_given_back_cancelled_and_opened_again_is_so_in_the_run() -> None:
    alarm = an_alarm()
    real = handled(alarm, Acknowledge(), Release(), Cancel(), Reopen())
    run = standing(alarm)
    Staff([real]).act(run, T0 + HOUR)
    assert run.known[alarm.id] == real


def test_an_alarm_of_the_same_subject_and_rule_stands_in_the_place_of_theirs() -> None:
    real = handled(an_alarm("wandering.zone_exit"), Acknowledge(), Resolve())
    later = an_alarm("wandering.zone_exit", T0 + 90 * SECOND)
    other = fold(None, an_episode("wandering.zone_exit", subject="resident:r2"), T0).alarm
    assert other is not None
    run = standing(later, other)
    Staff([real]).act(run, T0 + HOUR)
    assert (run.known[later.id].state, run.known[other.id].state) == ("resolved", "open")


def test_one_that_came_after_somebody_had_taken_theirs_is_ended_with_it_all_the_same() -> None:
    real = handled(an_alarm("wandering.zone_exit"), Acknowledge(), Dispatch(), Arrive(), Resolve())
    later = an_alarm("wandering.zone_exit", T0 + 150 * SECOND)
    run, staff = Standing(), Staff([real])
    staff.act(run, T0 + 150 * SECOND)
    run.keep(later)
    staff.act(run, T0 + HOUR)
    assert run.known[later.id].state == "resolved"


def test_one_that_came_when_theirs_was_over_is_left_alone() -> None:
    real = handled(an_alarm("wandering.zone_exit"), Acknowledge(), Resolve())
    later = an_alarm("wandering.zone_exit", T0 + HOUR)
    run, staff = Standing(), Staff([real])
    staff.act(run, T0 + HOUR)
    run.keep(later)
    staff.act(run, T0 + 2 * HOUR)
    assert run.known[later.id].state == "open"


def test_an_alarm_that_the_run_raises_a_moment_later_is_waited_for() -> None:
    alarm = an_alarm()
    real = handled(alarm, Acknowledge(), start=T0 + 100)
    run, staff = Standing(), Staff([real])
    staff.act(run, T0 + SECOND)
    run.keep(alarm)
    staff.act(run, T0 + 5 * MINUTE)
    assert run.known[alarm.id].state == "acknowledged"


def test_the_wearers_cancel_and_what_the_engine_did_are_left_to_the_run() -> None:
    alarm = an_alarm()
    run = Standing()
    run.keep(alarm)
    run.fold(an_episode(t=T0 + 5 * SECOND, what="cancelled"), T0 + 5 * SECOND)
    real = run.known[alarm.id]
    assert real.state == "cancelled"
    again = standing(alarm)
    Staff([real]).act(again, T0 + HOUR)
    assert again.known[alarm.id].state == "open"


def test_they_had_it_while_it_was_active() -> None:
    real = handled(an_alarm("wandering.zone_exit"), Acknowledge(), Resolve())
    key = (real.subject, real.rule)
    staff = Staff([real])
    had = [staff.had_it(key, t) for t in (T0 - 1, T0, T0 + 2 * MINUTE - 1, T0 + 2 * MINUTE)]
    assert had == [False, True, True, False]
    assert not staff.had_it((real.subject, "sos.button"), T0)
    assert (ended_at(real), ended_at(an_alarm())) == (T0 + 2 * MINUTE, FOREVER)
