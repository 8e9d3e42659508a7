"""Who is told what, and when: what a change brings about, and what telling comes to."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alerts.alarm import Alarm, SeverityName, State, TimelineEntry
from alerts.escalation import Effects, effects, round_of
from alerts.folding import fold
from alerts.notifiers.port import Capabilities
from alerts.ports import Message, NewMessage
from alerts.telling import Telling, all_clear, card_of_household, family_of, owed_an_all_clear, tell
from alerts.transitions import (
    Acknowledge,
    AddNote,
    Arrive,
    Cancel,
    Command,
    Dispatch,
    Notify,
    Release,
    Reopen,
    Resolve,
    apply,
)
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, a_card, a_contact, an_alarm, an_episode


def after(alarm: Alarm, command: Command, now: int = T0) -> Alarm:
    changed = apply(alarm, command, "zhang", now)
    assert isinstance(changed, Alarm)
    return changed


def claimed(message: NewMessage, number: int = 1, **fields: Any) -> Message:
    values = {**msgspec.structs.asdict(message), "id": number, "attempts": 0, "created_at": T0, "demo": False}
    return Message(**{**values, **fields})


def tell_family(alarm: Alarm, now: int = T0, **more: Any) -> Telling:
    card = more.pop("card", a_card())
    return tell(alarm, card, family_of(card), "sms", now, **{"nth": 1, **more})


def told(alarm: Alarm) -> tuple[Alarm, list[Message]]:
    telling = tell_family(alarm)
    return telling.alarm, [claimed(message, n) for n, message in enumerate(telling.messages, 1)]


class TestEffects:
    def test_a_new_alarm_gets_a_plan_that_counts_from_when_it_was_raised(self) -> None:
        alarm = an_alarm(raised_at=T0 + SECOND)
        assert effects(None, alarm, T0 + 5 * SECOND) == Effects(plan_from=T0 + SECOND)

    @pytest.mark.parametrize(
        "fields", [{"drill": True}, {"late": True, "raised_at": T0 + 24 * HOUR + 1}, {"state": "cancelled"}]
    )
    def test_nobody_is_called_for_drills_and_old_news(self, fields: dict[str, Any]) -> None:
        assert effects(None, an_alarm(**fields), T0) == Effects()

    def test_late_by_less_than_a_day_still_calls_people(self) -> None:
        assert effects(None, an_alarm(late=True, raised_at=T0 + 24 * HOUR), T0).plan_from is not None

    def test_a_fresh_press_on_old_news_begins_from_now(self) -> None:
        old = an_alarm(late=True, raised_at=T0 + 25 * HOUR)
        fresh = fold(old, an_episode(t=T0 + 26 * HOUR), T0 + 26 * HOUR).alarm
        assert fresh is not None
        assert effects(old, fresh, T0 + 26 * HOUR).plan_from == T0 + 26 * HOUR

    def test_who_takes_it_stops_the_plan_is_watched_and_the_band_says_so(self) -> None:
        alarm = an_alarm()
        assert effects(alarm, after(alarm, Acknowledge()), T0) == Effects(withdraw="all", watch=True, reassure=True)
        walk = an_alarm("wandering.zone_exit")
        assert not effects(walk, after(walk, Acknowledge()), T0).reassure

    def test_a_note_is_progress_and_so_is_somebody_who_goes_there_until_they_arrive(self) -> None:
        taken = after(an_alarm(), Acknowledge())
        noted = after(taken, AddNote(code="no_answer"), T0 + MINUTE)
        assert effects(taken, noted, T0 + MINUTE) == Effects(withdraw="steps", watch=True)
        sent = after(noted, Dispatch(), T0 + MINUTE)
        assert effects(noted, sent, T0 + MINUTE) == Effects(withdraw="steps", watch=True)
        assert effects(sent, after(sent, Arrive(), T0 + MINUTE), T0 + MINUTE) == Effects(withdraw="steps")

    def test_more_evidence_of_what_somebody_has_taken_is_no_progress(self) -> None:
        taken = after(an_alarm(), Acknowledge())
        more = fold(taken, an_episode(t=T0 + SECOND), T0 + SECOND).alarm
        assert more is not None
        assert effects(taken, more, T0 + SECOND) == Effects()

    def test_giving_it_back_begins_the_plan_from_now(self) -> None:
        taken = after(an_alarm(), Acknowledge())
        found = effects(taken, after(taken, Release(), T0 + HOUR), T0 + HOUR)
        assert found == Effects(withdraw="steps", plan_from=T0 + HOUR)

    def test_more_evidence_changes_no_plan(self) -> None:
        alarm = an_alarm()
        more = fold(alarm, an_episode(t=T0 + SECOND), T0 + SECOND).alarm
        assert more is not None
        assert effects(alarm, more, T0 + SECOND) == Effects()

    def test_what_grows_worse_gets_another_plan_that_counts_from_the_beginning(self) -> None:
        mild = an_alarm("missed_check.silent", raised_at=T0 + SECOND)
        grave = msgspec.structs.replace(mild, severity="high")
        found = effects(mild, grave, T0 + HOUR)
        assert found == Effects(withdraw="steps", plan_from=T0 + SECOND)
        given_back = after(after(mild, Acknowledge()), Release(), T0 + MINUTE)
        grave = msgspec.structs.replace(given_back, severity="high")
        assert effects(given_back, grave, T0 + HOUR).plan_from == T0 + MINUTE

    @pytest.mark.parametrize("rule", ["wandering.zone_exit", "missed_check.silent"])
    def test_the_plan_of_what_was_low_counts_from_when_it_became_more(self, rule: str) -> None:
        def heard(alarm: Alarm | None, severity: SeverityName, now: int) -> Alarm:
            episode = an_episode(rule, now, opening_t=T0, what="evidence", severity=severity)
            folded = fold(alarm, episode, now).alarm
            assert folded is not None
            return folded

        low = heard(None, "low", T0)
        loud = heard(low, "high", T0 + 3 * HOUR)
        assert effects(low, loud, T0 + 3 * HOUR).plan_from == T0 + 3 * HOUR
        worse = heard(loud, "critical", T0 + 4 * HOUR)
        assert effects(loud, worse, T0 + 4 * HOUR).plan_from == T0 + 3 * HOUR
        never_low = heard(None, "medium", T0)
        assert effects(never_low, heard(never_low, "high", T0 + HOUR), T0 + HOUR).plan_from == T0

    def test_of_older_timelines_what_became_medium_was_low(self) -> None:
        def raised(severity: SeverityName, t: int) -> TimelineEntry:
            return TimelineEntry(t=t, actor="engine", event="severity_raised", note=severity)

        alarm = an_alarm("missed_check.silent").noting(raised("medium", T0 + HOUR), raised("high", T0 + 2 * HOUR))
        assert alarm.grew_from_low == raised("medium", T0 + HOUR)
        assert an_alarm("missed_check.silent").noting(raised("high", T0 + HOUR)).grew_from_low is None

    def test_what_sounds_again_starts_a_new_round(self) -> None:
        known, _ = told(an_alarm())
        taken = after(known, Acknowledge())
        again = fold(taken, an_episode(t=T0 + HOUR), T0 + HOUR).alarm
        assert again is not None
        assert (round_of(taken), round_of(again)) == (1, 2)
        assert effects(taken, again, T0 + HOUR) == Effects(withdraw="steps", plan_from=T0 + HOUR)

    def test_reopening_starts_a_new_round_and_withdraws_the_all_clear_on_its_way(self) -> None:
        ended = after(after(an_alarm(), Acknowledge()), Resolve())
        found = effects(ended, after(ended, Reopen()), T0 + HOUR)
        assert found == Effects(withdraw="all", plan_from=T0 + HOUR)

    def test_notify_tells_at_once_and_the_plan_goes_on(self) -> None:
        alarm = an_alarm()
        assert effects(alarm, after(alarm, Notify()), T0) == Effects(tell_family=True)

    @pytest.mark.parametrize("command", [Resolve(), Cancel()])
    def test_the_end_withdraws_what_waits_and_clears(self, command: Command) -> None:
        taken = after(an_alarm(), Acknowledge())
        assert effects(taken, after(taken, command), T0) == Effects(withdraw="all", all_clear=True)


class TestTelling:
    def test_the_first_contact_who_can_receive_sms_is_told(self) -> None:
        contacts = (a_contact(3), a_contact(1, can_receive_sms=False), a_contact(2), a_contact(4, phone=" "))
        (message,) = tell_family(an_alarm(), card=a_card(contacts=contacts)).messages
        assert message.contact == "c2"

    def test_who_cannot_be_reached_that_way_is_passed_over(self) -> None:
        contacts = (a_contact(1, phone="+862155501234"), a_contact(2), a_contact(3))
        can = Capabilities(sms=True)
        (first,) = tell_family(an_alarm(), card=a_card(contacts=contacts), can=can).messages
        (second,) = tell_family(an_alarm(), card=a_card(contacts=contacts), can=can, nth=2).messages
        assert (first.contact, second.contact) == ("c2", "c3")
        third = tell_family(an_alarm(), card=a_card(contacts=contacts), can=can, nth=3)
        assert (third.outcome, third.reached, third.messages) == ("no_more", False, ())

    def test_why_nobody_can_be_reached_is_said(self) -> None:
        assert tell_family(an_alarm(), can=Capabilities()).outcome == "no_sms"
        assert tell_family(an_alarm(), card=a_card(contacts=())).outcome == "nobody"

    def test_who_was_told_of_the_case_is_not_told_again_but_when_it_is_repeated(self) -> None:
        mate = an_alarm("sos.button", T0 + HOUR)
        _, messages = told(an_alarm())
        knows = tell_family(mate, told=messages, mates={an_alarm().id})
        assert (knows.messages, knows.outcome, knows.reached) == ((), "knows", True)
        assert len(tell_family(mate, T0 + HOUR, told=messages, repeat=1).messages) == 1
        assert len(tell_family(mate, told=messages).messages) == 1, "the other has ended"

    def test_the_message_holds_codes_and_an_end(self) -> None:
        telling = tell_family(an_alarm(), T0 + MINUTE)
        assert telling.messages == (
            NewMessage(
                alarm=an_alarm().id,
                site="north",
                resident="r1",
                contact="c1",
                name="王女士1",
                recipient="+8613800000001",
                template="alarm",
                params={
                    "name": "王秀兰",
                    "who": "somebody",
                    "site": "北苑社区",
                    "time": "23:06",
                    "kind": "sos",
                    "todo": "call_them",
                    "round": 1,
                },
                language="zh",
                expires_at=T0 + 16 * MINUTE,
                priority=35,
            ),
        )
        assert telling.alarm.family_told
        entry = TimelineEntry(t=T0 + MINUTE, actor="system", event="family_told", note="女儿", to="王女士1")
        assert telling.alarm.timeline[-1] == entry

    @pytest.mark.parametrize("state", ["open", "acknowledged"])
    def test_only_an_untaken_alarm_asks_the_family_to_act(self, state: State) -> None:
        (message,) = tell_family(an_alarm(state=state)).messages
        assert message.params["todo"] == ("call_them" if state == "open" else "stay_reachable")

    @pytest.mark.parametrize("status", ["moved", "deceased"])
    def test_the_family_of_somebody_who_left_hears_nothing(self, status: str) -> None:
        assert tell_family(an_alarm(), card=a_card(status=status)).outcome == "nobody"
        assert all_clear(an_alarm(), a_card(status=status), told(an_alarm())[1], T0) == []

    def test_the_same_is_never_said_twice_in_a_round(self) -> None:
        _, messages = told(an_alarm())
        assert tell_family(an_alarm(), told=messages).messages == ()

    def test_a_household_is_told_through_the_contacts_of_both(self) -> None:
        card = card_of_household(
            [a_card(contacts=(a_contact(2),)), a_card(id="r2", name="李建国", contacts=(a_contact(1),))]
        )
        assert card is not None
        assert (card.name, [contact.id for contact in card.contacts]) == ("王秀兰、李建国", ["c1", "c2"])
        assert card_of_household([a_card(status="moved")]) is None


class TestAllClear:
    def test_everybody_whose_last_word_was_an_alarm_gets_one(self) -> None:
        alarm, (message,) = told(an_alarm())
        daughter_knows = claimed(message, 2, template="all_clear")
        son = claimed(message, 3, recipient="+8613900000000", contact="c9", language="en")
        ended = after(after(alarm, Acknowledge()), Resolve())
        cleared = all_clear(ended, a_card(), [message, daughter_knows, son], T0)
        assert [(m.recipient, m.contact, m.language, m.template) for m in cleared] == [
            ("+8613900000000", "c9", "en", "all_clear")
        ]
        assert cleared[0].params["how"] == "settled"

    def test_a_cancelled_alarm_has_words_of_its_own(self) -> None:
        alarm, messages = told(an_alarm())
        (message,) = all_clear(after(alarm, Cancel()), a_card(), messages, T0)
        assert (message.template, message.params["how"]) == ("all_clear_cancelled", "no_emergency")

    def test_who_was_told_again_is_owed_another(self) -> None:
        _, (message,) = told(an_alarm())
        assert owed_an_all_clear([message, claimed(message, 2, template="all_clear")]) == []
        assert len(owed_an_all_clear([message, claimed(message, 2, template="all_clear"), claimed(message, 3)])) == 1

    def test_of_a_death_only_people_speak_beyond_the_desk(self) -> None:
        alarm, (message,) = told(an_alarm())
        duty = claimed(message, 2, recipient="+8613900000000", role="duty", contact=None, template="alarm_staff")
        ended = after(after(alarm, Acknowledge()), Resolve(result="died"))
        assert [m.role for m in all_clear(ended, a_card(), [message, duty], T0)] == ["duty"]

    def test_who_is_on_the_way_is_told_to_turn_back_and_who_ended_it_is_told_nothing(self) -> None:
        alarm, (message,) = told(an_alarm())
        going = claimed(message, 2, recipient="+8613900000001", role="neighbour", contact=None, responder="n1")
        ending = claimed(message, 3, recipient="+8613900000002", role="duty", contact=None, account="zhang")
        taken = after(after(alarm, Acknowledge()), Dispatch(responder="responder:n1"))
        templates = {
            m.recipient: m.template for m in all_clear(after(taken, Cancel()), a_card(), [message, going, ending], T0)
        }
        assert templates == {message.recipient: "all_clear_cancelled", going.recipient: "stand_down"}

    def test_a_call_is_followed_by_a_text_where_there_was_one(self) -> None:
        _, (message,) = told(an_alarm())
        call = claimed(message, 2, channel="voice")
        assert [m.id for m in owed_an_all_clear([message, call])] == [1]
        assert [m.id for m in owed_an_all_clear([claimed(message, 1, state="failed"), call])] == [2]
