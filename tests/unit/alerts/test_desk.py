"""The desk's work in one transaction, over the store in memory."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from alerts.alarm import Alarm, Episode
from alerts.desk import Absorbed, UnknownAlarm, absorb, act, take_all
from alerts.reports import Report, report
from alerts.steps import carry_out_due
from alerts.transitions import Acknowledge, Cancel, Close, Command, Notify, Refused, Release, Reopen, Resolve
from tests.support.alarm_memory import MemoryStore
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, a_card, a_contact, an_episode, nth_uuid


@pytest.fixture
def store() -> MemoryStore:
    memory = MemoryStore()
    memory.cards["r1"] = a_card()
    return memory


async def take_in(store: MemoryStore, *episodes: Episode, now: int | None = None) -> Absorbed:
    async with store.transaction() as tx:
        return await absorb(tx, episodes, max(e.t for e in episodes) if now is None else now)


async def done(store: MemoryStore, alarm: Alarm | None, command: Command, now: int = T0) -> Alarm:
    assert alarm is not None
    answer = await act(store, alarm.id, command, "zhang", now)
    assert isinstance(answer, Alarm)
    return answer


def texts(store: MemoryStore, *states: str) -> list[tuple[str, str]]:
    return [(m["template"], m["recipient"]) for m in store.messages(*states)]


class TestAbsorb:
    async def test_each_episode_is_answered_in_its_order(self, store: MemoryStore) -> None:
        episodes = [
            an_episode(t=T0),
            an_episode("missed_check.silent", what="recovered"),
            an_episode(t=T0 + SECOND),
            an_episode("device.battery_low"),
        ]
        absorbed = await take_in(store, *episodes)
        sos, none, same, battery = absorbed.by_episode
        assert none is None
        assert sos is not None
        assert sos == same
        assert (sos.count, sos.version) == (2, 2)
        assert absorbed.changed == (sos, battery)
        assert [change[0] for change in store.contents.changes] == [sos, battery]

    async def test_replaying_a_batch_changes_nothing(self, store: MemoryStore) -> None:
        first = await take_in(store, an_episode(), an_episode("fall.device"))
        again = await take_in(store, an_episode(), an_episode("fall.device"), now=T0 + HOUR)
        assert again.by_episode == first.by_episode
        assert again.changed == ()

    async def test_replaying_an_episode_after_its_alarm_was_closed_opens_nothing(self, store: MemoryStore) -> None:
        (alarm,) = (await take_in(store, an_episode())).changed
        for command in (Acknowledge(), Resolve(), Close(outcome="test")):
            closed = await done(store, alarm, command)
        again = await take_in(store, an_episode(), now=T0 + HOUR)
        assert (again.by_episode, again.changed) == ((closed,), ())

    async def test_a_press_and_its_cancel_in_one_batch_tell_nobody(self, store: MemoryStore) -> None:
        (alarm,) = (await take_in(store, an_episode(), an_episode(t=T0 + SECOND, what="cancelled"))).changed
        assert alarm.state == "cancelled"
        assert store.contents.steps == []

    async def test_a_press_after_the_cancel_in_the_same_batch_opens_another(self, store: MemoryStore) -> None:
        absorbed = await take_in(
            store, an_episode(), an_episode(t=T0 + SECOND, what="cancelled"), an_episode(t=T0 + 2 * SECOND)
        )
        assert [alarm.state for alarm in absorbed.changed] == ["cancelled", "open"]

    async def test_silence_after_an_sos_in_the_same_batch_is_high(self, store: MemoryStore) -> None:
        absorbed = await take_in(store, an_episode(), an_episode("missed_check.silent"))
        assert absorbed.changed[1].severity == "high"

    async def test_device_and_motion_falls_of_one_batch_are_one_alarm(self, store: MemoryStore) -> None:
        absorbed = await take_in(store, an_episode("fall.device"), an_episode("fall.motion", T0 + 10 * SECOND))
        assert len(absorbed.changed) == 1
        assert absorbed.by_episode[0] == absorbed.by_episode[1]

    async def test_count_alone_is_marked_so(self, store: MemoryStore) -> None:
        await take_in(store, an_episode("wandering.zone_exit"))
        await take_in(store, an_episode("wandering.zone_exit", T0 + SECOND, opening_t=T0, what="evidence"))
        assert [count_only for _, count_only in store.contents.changes] == [False, True]

    async def test_a_silence_that_grows_worse_in_the_morning_is_not_marked_as_count_alone(
        self, store: MemoryStore
    ) -> None:
        rule = "missed_check.silent"
        await take_in(store, an_episode(rule, severity="low"))
        worse = an_episode(rule, T0 + 7 * HOUR, opening_t=T0, what="evidence", severity="medium")
        absorbed = await take_in(store, worse, now=T0 + 7 * HOUR)
        assert [alarm.severity for alarm in absorbed.changed] == ["medium"]
        assert [count_only for _, count_only in store.contents.changes] == [False, False]

    async def test_an_episode_folded_into_an_alarm_that_people_ended_stays_quiet(self, store: MemoryStore) -> None:
        rule = "wandering.zone_exit"
        (alarm,) = (await take_in(store, an_episode(rule))).changed
        await take_in(store, an_episode(rule, T0 + MINUTE, opening_t=T0, what="recovered"))
        second = an_episode(rule, T0 + 2 * MINUTE)
        await take_in(store, second)
        await done(store, await done(store, alarm, Acknowledge(), T0 + 3 * MINUTE), Resolve(), T0 + 3 * MINUTE)
        still = an_episode(rule, T0 + 4 * MINUTE, opening_t=second.t, what="evidence")
        assert (await take_in(store, still)).changed == ()
        (follower,) = (await take_in(store, still, now=T0 + 13 * MINUTE)).changed
        assert follower.previous == alarm.id

    async def test_an_empty_batch_asks_nothing(self, store: MemoryStore) -> None:
        async with store.transaction() as tx:
            assert await absorb(tx, [], T0) == Absorbed((), ())


class TestAct:
    async def test_an_unknown_alarm_is_said_to_be_unknown(self, store: MemoryStore) -> None:
        assert await act(store, nth_uuid(1), Acknowledge(), "zhang", T0) == UnknownAlarm(nth_uuid(1))

    async def test_a_refusal_stores_nothing(self, store: MemoryStore) -> None:
        (alarm,) = (await take_in(store, an_episode())).changed
        assert await act(store, alarm.id, Resolve(), "zhang", T0) == Refused(alarm, "state")
        assert len(store.contents.changes) == 1

    async def test_reopening_gives_way_to_a_newer_alarm(self, store: MemoryStore) -> None:
        (first,) = (await take_in(store, an_episode())).changed
        cancelled = await done(store, first, Cancel())
        await take_in(store, an_episode(t=T0 + HOUR))
        assert await act(store, first.id, Reopen(), "zhang", T0 + HOUR) == Refused(cancelled, "another_active")


class TestTellingTheFamily:
    async def sos(self, store: MemoryStore) -> Alarm:
        return (await take_in(store, an_episode())).changed[0]

    async def test_the_first_contact_is_told_after_120_s_without_anybody(self, store: MemoryStore) -> None:
        alarm = await self.sos(store)
        await carry_out_due(store, T0 + 2 * MINUTE - 1)
        assert texts(store) == []
        await carry_out_due(store, T0 + 2 * MINUTE)
        assert texts(store) == [("alarm", "+8613800000001")]
        assert store.contents.alarms[alarm.id].family_told
        assert store.contents.changes[-1][0].timeline[-1].event == "family_told"

    async def test_nobody_is_told_of_what_was_taken_in_time(self, store: MemoryStore) -> None:
        await done(store, await self.sos(store), Acknowledge(), T0 + MINUTE)
        await carry_out_due(store, T0 + 5 * MINUTE)
        assert texts(store) == []

    async def test_notify_tells_once_and_the_plan_tells_others(self, store: MemoryStore) -> None:
        alarm = await self.sos(store)
        told = await done(store, alarm, Notify(), T0 + SECOND)
        assert told.family_told
        await carry_out_due(store, T0 + 2 * MINUTE)
        await act(store, alarm.id, Notify(), "li", T0 + 3 * MINUTE)
        assert texts(store) == [("alarm", "+8613800000001")]
        await carry_out_due(store, T0 + 4 * MINUTE)
        assert texts(store) == [("alarm", "+8613800000001"), ("alarm", "+8613800000002")]

    async def test_notify_may_be_repeated_once_somebody_is_there_to_tell(self, store: MemoryStore) -> None:
        store.cards["r1"] = a_card(contacts=())
        alarm = await self.sos(store)
        assert (await done(store, alarm, Notify())).timeline[-1].event == "nobody_to_tell"
        store.cards["r1"] = a_card(contacts=(a_contact(7),))
        await done(store, alarm, Notify(), T0 + MINUTE)
        assert texts(store) == [("alarm", "+8613800000007")]

    async def test_who_was_told_hears_the_end_once(self, store: MemoryStore) -> None:
        alarm = await self.sos(store)
        await carry_out_due(store, T0 + 2 * MINUTE)
        await store.claim(T0 + 2 * MINUTE, 10)
        await done(store, alarm, Acknowledge(), T0 + 3 * MINUTE)
        await done(store, alarm, Resolve(), T0 + 4 * MINUTE)
        await done(store, alarm, Close(outcome="true_alarm"), T0 + 5 * MINUTE)
        assert texts(store) == [("alarm", "+8613800000001"), ("all_clear", "+8613800000001")]

    async def test_a_message_nobody_began_to_send_is_withdrawn_and_needs_no_all_clear(self, store: MemoryStore) -> None:
        alarm = await self.sos(store)
        await carry_out_due(store, T0 + 2 * MINUTE)
        await done(store, alarm, Cancel(), T0 + 2 * MINUTE)
        assert texts(store, "queued") == []
        assert texts(store, "withdrawn") == [("alarm", "+8613800000001")]

    async def test_the_wearers_cancel_clears_too(self, store: MemoryStore) -> None:
        alarm = await self.sos(store)
        await done(store, alarm, Notify(), T0 + SECOND)
        await store.claim(T0 + SECOND, 10)
        await take_in(store, an_episode(t=T0 + 5 * SECOND, what="cancelled"))
        assert texts(store, "queued") == [("all_clear_cancelled", "+8613800000001")]

    async def test_what_sounds_again_is_told_again_when_nobody_takes_it(self, store: MemoryStore) -> None:
        alarm = await self.sos(store)
        await carry_out_due(store, T0 + 2 * MINUTE)
        await store.claim(T0 + 2 * MINUTE, 10)
        await done(store, alarm, Acknowledge(), T0 + 3 * MINUTE)
        await take_in(store, an_episode(t=T0 + 10 * MINUTE))
        await carry_out_due(store, T0 + 12 * MINUTE)
        assert texts(store) == [("alarm", "+8613800000001")] * 2

    async def test_giving_back_what_was_told_does_not_tell_twice(self, store: MemoryStore) -> None:
        alarm = await self.sos(store)
        await carry_out_due(store, T0 + 2 * MINUTE)
        await store.claim(T0 + 2 * MINUTE, 10)
        await done(store, alarm, Acknowledge(), T0 + 3 * MINUTE)
        await done(store, alarm, Release(), T0 + 4 * MINUTE)
        await carry_out_due(store, T0 + 6 * MINUTE)
        assert len(texts(store)) == 1

    async def test_one_case_is_told_once_and_cleared_when_its_last_alarm_ends(self, store: MemoryStore) -> None:
        alarm = await self.sos(store)
        told = Report(kind="sos", site="north", resident="r1", note="n")
        phoned = await report(store, nth_uuid(7), told, "zhang", T0 + SECOND)
        assert phoned.case == alarm.case
        await done(store, phoned, Notify(), T0 + SECOND)
        await store.claim(T0 + SECOND, 10)
        await carry_out_due(store, T0 + 3 * MINUTE)
        assert len(texts(store)) == 1
        await done(store, phoned, Cancel(), T0 + HOUR)
        assert len(texts(store)) == 1
        await done(store, await done(store, alarm, Acknowledge()), Resolve(), T0 + HOUR)
        assert texts(store)[1:] == [("all_clear", "+8613800000001")]

    async def test_a_households_box_reaches_the_contacts_of_both(self, store: MemoryStore) -> None:
        store.cards["r2"] = a_card(id="r2", contacts=(a_contact(0, phone="+8613911111111"),))
        store.households["h1"] = {"r1", "r2"}
        await take_in(store, an_episode(resident=None, household="h1", subject="household:h1"))
        await carry_out_due(store, T0 + 2 * MINUTE)
        assert texts(store) == [("alarm", "+8613911111111")]
        await carry_out_due(store, T0 + 4 * MINUTE)
        assert texts(store)[1:] == [("alarm", "+8613800000001")]


class TestReport:
    async def reported(self, store: MemoryStore, number: int, now: int, **fields: str) -> Alarm:
        told = {"kind": "fall", "site": "north", "resident": "r1", "note": "in the yard", **fields}
        return await report(store, nth_uuid(number), msgspec.convert(told, Report), "li", now)

    async def test_a_reported_alarm_lives_like_any_other(self, store: MemoryStore) -> None:
        alarm = await self.reported(store, 1, T0)
        assert (alarm.rule, alarm.kind, alarm.severity, alarm.state) == ("fall.reported", "fall", "critical", "open")
        assert (alarm.timeline[0].actor, alarm.timeline[0].event, alarm.timeline[0].note) == (
            "li",
            "opened",
            "in the yard",
        )
        assert (await done(store, alarm, Acknowledge())).state == "acknowledged"

    @pytest.mark.parametrize(
        ("kind", "told"),
        [("sos", 1), ("fall", 1), ("wandering", 1), ("missed_check", 0), ("vitals", 0), ("device", 0), ("system", 0)],
    )
    async def test_a_report_that_nobody_takes_is_told_as_its_kind_is(
        self, store: MemoryStore, kind: str, told: int
    ) -> None:
        await self.reported(store, 1, T0, kind=kind)
        await carry_out_due(store, T0 + 2 * MINUTE)
        assert texts(store) == [("alarm", "+8613800000001")] * told

    async def test_a_second_report_of_the_same_joins_the_first(self, store: MemoryStore) -> None:
        first = await self.reported(store, 1, T0)
        second = await self.reported(store, 2, T0 + SECOND)
        assert (second.id, second.count, second.timeline[-1].event) == (first.id, 2, "reported")
        assert (second.timeline[-1].actor, second.timeline[-1].note) == ("li", "in the yard")

    async def test_a_report_of_another_fall_sounds_again(self, store: MemoryStore) -> None:
        first = await done(store, await self.reported(store, 1, T0), Acknowledge())
        again = await self.reported(store, 2, T0 + MINUTE + 1)
        assert (again.id, again.state) == (first.id, "open")
        assert [entry.event for entry in again.timeline[-2:]] == ["reported", "again"]

    @pytest.mark.parametrize(
        ("fields", "subject"),
        [
            ({"kind": "sos", "household": "h1"}, "r1"),
            ({"kind": "device", "device": "band-1"}, "band-1"),
            ({"kind": "device"}, "r1"),
            ({"kind": "system"}, "north"),
        ],
    )
    async def test_one_active_report_a_subject(self, store: MemoryStore, fields: dict[str, str], subject: str) -> None:
        assert (await self.reported(store, 1, T0, **fields)).subject == subject


class TestTakingAll:
    async def alarms(self, store: MemoryStore) -> list[Alarm]:
        rules = ("sos.button", "fall.device", "wandering.zone_exit")
        return list((await take_in(store, *(an_episode(rule) for rule in rules))).changed)

    async def test_one_word_takes_all_that_is_open(self, store: MemoryStore) -> None:
        alarms = await self.alarms(store)
        taken = await take_all(store, "resident", "r1", "zhang", T0)
        assert {alarm.id for alarm in taken.own} == {alarm.id for alarm in alarms}
        assert {(alarm.state, alarm.assignee) for alarm in taken.own} == {("acknowledged", "zhang")}
        assert taken.held == ()
        steps = store.contents.steps
        assert {step.step.step for step in steps if step.state == "pending"} == {"no_progress"}
        assert {step.state for step in steps if step.step.step == "tell"} == {"withdrawn"}

    async def test_what_somebody_else_has_stays_theirs_and_is_told(self, store: MemoryStore) -> None:
        first, *others = await self.alarms(store)
        theirs = await act(store, first.id, Acknowledge(), "li", T0)
        taken = await take_all(store, "resident", "r1", "zhang", T0)
        assert {alarm.id for alarm in taken.own} == {alarm.id for alarm in others}
        assert taken.held == (theirs,)

    async def test_taking_all_again_changes_nothing(self, store: MemoryStore) -> None:
        await self.alarms(store)
        first = await take_all(store, "resident", "r1", "zhang", T0)
        changes = len(store.contents.changes)
        assert await take_all(store, "resident", "r1", "zhang", T0 + SECOND) == first
        assert len(store.contents.changes) == changes

    async def test_the_alarms_of_others_are_not_taken(self, store: MemoryStore) -> None:
        neighbour = an_episode(subject="r2", resident="r2")
        box = an_episode(subject="h1", resident=None, household="h1")
        (other, _) = (await take_in(store, neighbour, box)).changed
        taken = await take_all(store, "household", "h1", "zhang", T0)
        assert [alarm.household for alarm in taken.own] == ["h1"]
        assert store.contents.alarms[other.id].state == "open"


async def test_a_batch_of_many_asks_few_questions(store: MemoryStore) -> None:
    asked: list[str] = []
    episodes: Sequence[Episode] = [
        an_episode(subject=f"resident:r{n}", resident=f"r{n}", device=f"band-{n}") for n in range(200)
    ]
    async with store.transaction() as tx:
        for name in ("lock_active", "lock_many", "last_ended", "active_of_residents", "resident_card", "told"):
            original = getattr(tx, name)

            async def counted(*args: object, _name: str = name, _original: object = original) -> object:
                asked.append(_name)
                return await _original(*args)  # type: ignore[operator]

            setattr(tx, name, counted)
        absorbed = await absorb(tx, episodes, T0)
    assert len(absorbed.changed) == 200
    assert asked == ["lock_active", "lock_many", "active_of_residents"]
