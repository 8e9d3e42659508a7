"""Who is told what, and when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alerts.alarm import Alarm, State, TimelineEntry
from alerts.escalation import (
    Effects,
    all_clear,
    card_of_household,
    effects,
    first_contact,
    owed_an_all_clear,
    round_of,
    tell_family,
    waits_to_tell,
)
from alerts.folding import fold
from alerts.ports import Message, NewMessage
from alerts.transitions import Acknowledge, Cancel, Command, Notify, Release, Reopen, Resolve, apply
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, a_card, a_contact, an_alarm, an_episode

TOLD_RULES = ["sos.button", "fall.device", "fall.motion", "wandering.zone_exit", "missed_check.checkin"]


def after(alarm: Alarm, command: Command, now: int = T0) -> Alarm:
    changed = apply(alarm, command, "zhang", now)
    assert isinstance(changed, Alarm)
    return changed


def claimed(message: NewMessage, number: int = 1, **fields: Any) -> Message:
    values = {**msgspec.structs.asdict(message), "id": number, "attempts": 0, "created_at": T0, "demo": False}
    return Message(**{**values, **fields})


def told(alarm: Alarm) -> tuple[Alarm, list[Message]]:
    noted, messages = tell_family(alarm, a_card(), [], T0)
    return noted, [claimed(message, n) for n, message in enumerate(messages, 1)]


class TestSchedule:
    @pytest.mark.parametrize("rule", TOLD_RULES)
    def test_the_family_is_told_120_s_after_an_untaken_alarm_was_raised(self, rule: str) -> None:
        alarm = an_alarm(rule, raised_at=T0 + SECOND)
        assert effects(None, alarm, T0 + 5 * SECOND) == Effects(schedule=(("tell_family", T0 + 121 * SECOND),))

    @pytest.mark.parametrize("rule", ["missed_check.silent", "device.battery_low"])
    def test_other_rules_concern_the_desk_alone(self, rule: str) -> None:
        assert effects(None, an_alarm(rule), T0) == Effects()

    @pytest.mark.parametrize(
        "fields",
        [
            {"drill": True},
            {"late": True, "raised_at": T0 + 24 * HOUR + 1},
            {"resident": None, "household": None},
            {"state": "cancelled"},
        ],
    )
    def test_nobody_outside_hears_of_drills_old_news_and_strangers(self, fields: dict[str, Any]) -> None:
        assert effects(None, an_alarm(**fields), T0).schedule == ()

    def test_late_by_less_than_a_day_still_reaches_the_family(self) -> None:
        assert effects(None, an_alarm(late=True, raised_at=T0 + 24 * HOUR), T0).schedule

    def test_a_fresh_press_on_old_news_schedules_from_now(self) -> None:
        old = an_alarm(late=True, raised_at=T0 + 25 * HOUR)
        fresh = fold(old, an_episode(t=T0 + 26 * HOUR), T0 + 26 * HOUR).alarm
        assert fresh is not None
        assert effects(old, fresh, T0 + 26 * HOUR).schedule == (("tell_family", T0 + 26 * HOUR + 2 * MINUTE),)

    def test_acknowledging_withdraws_the_step(self) -> None:
        alarm = an_alarm()
        assert effects(alarm, after(alarm, Acknowledge()), T0) == Effects(withdraw=True)

    def test_giving_it_back_schedules_it_from_now(self) -> None:
        taken = after(an_alarm(), Acknowledge())
        released = after(taken, Release())
        assert effects(taken, released, T0 + HOUR).schedule == (("tell_family", T0 + HOUR + 2 * MINUTE),)

    def test_giving_back_what_the_family_knows_schedules_nothing(self) -> None:
        known, _ = told(an_alarm())
        taken = after(known, Acknowledge())
        assert effects(taken, after(taken, Release()), T0).schedule == ()

    def test_more_evidence_schedules_nothing_new(self) -> None:
        alarm = an_alarm()
        more = fold(alarm, an_episode(t=T0 + SECOND), T0 + SECOND).alarm
        assert more is not None
        assert effects(alarm, more, T0 + SECOND) == Effects()

    def test_what_sounds_again_starts_a_new_round(self) -> None:
        known, _ = told(an_alarm())
        taken = after(known, Acknowledge())
        again = fold(taken, an_episode(t=T0 + HOUR), T0 + HOUR).alarm
        assert again is not None
        assert (round_of(taken), round_of(again)) == (1, 2)
        assert effects(taken, again, T0 + HOUR).schedule == (("tell_family", T0 + HOUR + 2 * MINUTE),)

    def test_reopening_starts_a_new_round_and_withdraws_the_all_clear_on_its_way(self) -> None:
        ended = after(after(an_alarm(), Acknowledge()), Resolve())
        found = effects(ended, after(ended, Reopen()), T0 + HOUR)
        assert found == Effects(withdraw=True, schedule=(("tell_family", T0 + HOUR + 2 * MINUTE),))

    def test_notify_tells_at_once_instead_of_later(self) -> None:
        alarm = an_alarm()
        assert effects(alarm, after(alarm, Notify()), T0) == Effects(withdraw=True, tell_family=True)

    @pytest.mark.parametrize("command", [Resolve(), Cancel()])
    def test_the_end_withdraws_what_waits_and_clears(self, command: Command) -> None:
        taken = after(an_alarm(), Acknowledge())
        assert effects(taken, after(taken, command), T0) == Effects(withdraw=True, all_clear=True)

    def test_a_death_is_told_by_people(self) -> None:
        taken = after(an_alarm(), Acknowledge())
        assert not effects(taken, after(taken, Resolve(result="died")), T0).all_clear


class TestTelling:
    def test_the_first_contact_who_can_receive_sms_is_told(self) -> None:
        contacts = (a_contact(3), a_contact(1, can_receive_sms=False), a_contact(2), a_contact(4, phone=" "))
        contact = first_contact(a_card(contacts=contacts))
        assert contact is not None
        assert contact.id == "c2"

    def test_the_message_holds_codes_and_an_end(self) -> None:
        noted, messages = tell_family(an_alarm(), a_card(), [], T0 + MINUTE)
        assert messages == [
            NewMessage(
                alarm=an_alarm().id,
                site="north",
                resident="r1",
                contact="c1",
                recipient="+8613800000001",
                template="alarm",
                params={
                    "name": "王秀兰",
                    "site": "北苑社区",
                    "time": "23:06",
                    "kind": "sos",
                    "todo": "call_them",
                    "round": 1,
                },
                language="zh",
                expires_at=T0 + 16 * MINUTE,
            )
        ]
        assert noted.family_told
        assert noted.timeline[-1] == TimelineEntry(t=T0 + MINUTE, actor="system", event="family_told", note="女儿")

    @pytest.mark.parametrize("state", ["open", "acknowledged"])
    def test_only_an_untaken_alarm_asks_the_family_to_act(self, state: State) -> None:
        _, (message,) = tell_family(an_alarm(state=state), a_card(), [], T0)
        assert message.params["todo"] == ("call_them" if state == "open" else "stay_reachable")

    @pytest.mark.parametrize("status", ["moved", "deceased"])
    def test_the_family_of_somebody_who_left_hears_nothing(self, status: str) -> None:
        noted, messages = tell_family(an_alarm(), a_card(status=status), [], T0)
        assert messages == []
        assert (noted.family_told, noted.timeline[-1].event) == (False, "nobody_to_tell")
        assert all_clear(an_alarm(), a_card(status=status), told(an_alarm())[1], T0) == []

    def test_nobody_to_tell_is_said_once(self) -> None:
        noted, _ = tell_family(an_alarm(), a_card(contacts=()), [], T0)
        assert not waits_to_tell(noted)

    def test_the_same_is_never_said_twice_in_a_round(self) -> None:
        _, messages = told(an_alarm())
        assert tell_family(an_alarm(), a_card(), messages, T0)[1] == []

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
