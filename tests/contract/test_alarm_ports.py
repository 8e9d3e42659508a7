"""What every implementation of ``alerts.ports`` keeps, over the one in memory and over PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest

from alerts.alarm import Alarm, Latency, Place, Suppression, TimelineEntry
from alerts.clearing import clear
from alerts.desk import absorb, act, take_all
from alerts.policies import BUILT_IN
from alerts.ports import AlarmTransaction, AnotherActive, Message, NewMessage, NewStep, Plan
from alerts.reports import Report, report
from alerts.steps import carry_out_due
from alerts.transitions import Acknowledge, Notify, Refused, Release, Reopen, Resolve
from gateway.store.connection import pool
from tests.support.alarm_worlds import MemoryWorld, PostgresWorld, World
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, a_card, a_contact, an_alarm, an_episode, nth_uuid


@pytest.fixture(params=["memory", "postgres", "pipelined"])
def database(request: pytest.FixtureRequest) -> tuple[str, str]:
    kind = str(request.param)
    return kind, "" if kind == "memory" else str(request.getfixturevalue("conninfo"))


@pytest.fixture
async def world(database: tuple[str, str]) -> AsyncIterator[World]:
    kind, conninfo = database
    if kind == "memory":
        yield MemoryWorld()
        return
    async with pool(conninfo, application="anxin test", size=4) as connections:
        yield PostgresWorld(connections, pipelined=kind == "pipelined")


class Interrupted(Exception):
    pass


def a_message(**fields: Any) -> NewMessage:
    message = NewMessage(
        alarm=None,
        site="north",
        resident="r1",
        contact="c1",
        recipient="+8613800000001",
        template="alarm",
        params={"name": "王秀兰", "round": 1},
        language="zh",
        expires_at=T0 + HOUR,
    )
    return msgspec.structs.replace(message, **fields)


def a_step(due_at: int, n: int | None = None, **fields: Any) -> NewStep:
    """A step with a place in the plan of its own, unless that is told."""
    place = due_at - T0 if n is None else n
    step = NewStep(step="tell", round=1, due_at=due_at, n=place, who="family", nth=1, how="sms")
    return msgspec.structs.replace(step, **fields)


def a_place(t: int) -> Place:
    return Place(lat=31.25, lon=121.5, accuracy_m=8.0, t=t)


def full_alarm() -> Alarm:
    """An alarm in which every field says something."""
    return an_alarm(
        recovered_at=T0 + 1,
        late=True,
        position=Place(lat=31.2304, lon=121.4737, accuracy_m=12.5, t=T0),
        evidence={"impact_g": 3.25, "defects": {"lat": "out of range"}, "clock_suspect": True},
        previous=nth_uuid(9),
        assignee="zhang",
        suppression=Suppression(id="m", site="north", device=None, reason="换网关", by="chen", until=T0 + HOUR),
        outcome="true_alarm",
        result="helped_on_site",
        rating=5,
        latency_ms=Latency(transport=3.5, decided=1.25, commit_issued=2.0),
        family_told=True,
        timeline=(TimelineEntry(t=T0, actor="zhang", event="note", note="敲门", code="no_answer", to="li"),),
    )


async def put(world: World, *alarms: Alarm) -> None:
    async with world.store.transaction() as tx:
        for alarm in alarms:
            await tx.insert(alarm)


async def queued(world: World, *messages: NewMessage) -> list[int]:
    async with world.store.transaction() as tx:
        return [await tx.queue(message, T0) for message in messages]


async def claimed(world: World, now: int) -> list[Message]:
    return [claim.message for claim in await world.outbox.claim(now, 10)]


async def interrupted(world: World, work: Callable[[AlarmTransaction], Awaitable[None]]) -> None:
    async with world.store.transaction() as tx:
        await work(tx)
        raise Interrupted


class TestAlarms:
    async def test_an_alarm_comes_back_as_it_was(self, world: World) -> None:
        await put(world, full_alarm())
        async with world.store.transaction() as tx:
            assert await tx.lock(full_alarm().id) == full_alarm()

    async def test_an_unknown_alarm_is_none(self, world: World) -> None:
        async with world.store.transaction() as tx:
            assert await tx.lock(nth_uuid(404)) is None

    async def test_an_exception_leaves_nothing_behind(self, world: World) -> None:
        async def everything(tx: AlarmTransaction) -> None:
            await tx.insert(an_alarm())
            await tx.schedule(an_alarm().id, [a_step(T0)])
            await tx.queue(a_message(alarm=an_alarm().id), T0)

        with pytest.raises(Interrupted):
            await interrupted(world, everything)
        async with world.store.transaction() as tx:
            assert await tx.lock(an_alarm().id) is None
        assert await world.published() == []
        assert await world.store.next_due() is None

    async def test_only_active_alarms_of_these_pairs_are_found_active(self, world: World) -> None:
        sos, fall = an_alarm("sos.button"), an_alarm("fall.device", state="closed", outcome="test")
        elsewhere = an_alarm("wandering.zone_exit")
        await put(world, sos, fall, elsewhere)
        pairs = [("resident:r1", "sos.button"), ("resident:r1", "fall.device"), ("resident:r2", "sos.button")]
        async with world.store.transaction() as tx:
            assert await tx.lock_active(pairs) == {("resident:r1", "sos.button"): sos}
            assert await tx.lock_active([]) == {}

    async def test_those_that_exist_are_found_by_id_in_any_state(self, world: World) -> None:
        closed = an_alarm(state="closed", outcome="test")
        await put(world, closed)
        async with world.store.transaction() as tx:
            assert await tx.lock_many([closed.id, nth_uuid(404)]) == {closed.id: closed}
            assert await tx.lock_many([]) == {}

    async def test_the_youngest_ended_alarm_of_a_pair_is_the_last(self, world: World) -> None:
        old = an_alarm(t=T0, state="closed", outcome="test")
        young = an_alarm(t=T0 + HOUR, state="cancelled")
        await put(world, young, old, an_alarm(t=T0 + 2 * HOUR))
        key = ("resident:r1", "sos.button")
        async with world.store.transaction() as tx:
            assert await tx.last_ended([key]) == {key: young}
            assert await tx.last_ended([]) == {}

    async def test_active_alarms_of_residents_leave_out_ended_ones_and_others(self, world: World) -> None:
        mine = an_alarm("sos.button")
        others = an_alarm("fall.device", id=nth_uuid(2), resident="r2", subject="resident:r2")
        await put(world, mine, others, an_alarm("wandering.zone_exit", state="resolved"))
        async with world.store.transaction() as tx:
            assert await tx.active_of_residents(["r1"]) == [mine]
            assert {alarm.id for alarm in await tx.active_of_residents(["r1", "r2"])} == {mine.id, others.id}
            assert await tx.active_of_residents([]) == []

    async def test_all_that_episodes_concern_is_found_at_once(self, world: World) -> None:
        standing = an_alarm("sos.button")
        ended = an_alarm("fall.device", id=nth_uuid(2), state="closed", outcome="test")
        mate = an_alarm("wandering.zone_exit", id=nth_uuid(3))
        await put(world, standing, ended, mate, an_alarm("fall.device", id=nth_uuid(4), subject="resident:r2"))
        await world.see("b1", a_place(T0 - 1), a_place(T0), a_place(T0 - 2))
        await world.see("b2", a_place(T0))
        async with world.store.transaction() as tx:
            found = await tx.concerned(
                subjects_and_rules=[("resident:r1", "sos.button"), ("resident:r1", "fall.device")],
                alarms=[ended.id, nth_uuid(404)],
                residents=["r1"],
                devices=["b1", "nobody's"],
            )
            nothing = await tx.concerned(subjects_and_rules=[], alarms=[], residents=[], devices=[])
        assert found.locked == [standing, ended]
        assert {alarm.id for alarm in found.of_residents} >= {standing.id, mate.id}
        assert found.last_places == {"b1": a_place(T0)}
        assert nothing == ([], [], {})

    async def test_two_active_alarms_of_one_pair_are_refused(self, world: World) -> None:
        await put(world, an_alarm(t=T0))
        with pytest.raises(AnotherActive):
            await put(world, an_alarm(t=T0 + HOUR))

    async def test_what_is_active_of_a_person_or_of_a_household_as_such(self, world: World) -> None:
        second = an_alarm("fall.device", id=nth_uuid(2), household="h1", state="on_scene")
        first = an_alarm("sos.button", id=nth_uuid(1), household="h1")
        ended = an_alarm("wandering.zone_exit", state="resolved")
        box = an_alarm("sos.button", id=nth_uuid(3), resident=None, household="h1", subject="h1")
        nobodys = an_alarm("sos.button", id=nth_uuid(4), resident=None, subject="band-9")
        await put(world, second, first, ended, box, nobodys)
        async with world.store.transaction() as tx:
            assert await tx.lock_active_of("resident", "r1") == [first, second]
            assert await tx.lock_active_of("household", "h1") == [box]
            assert await tx.lock_active_of("resident", "h1") == []

    async def test_everybody_who_takes_all_at_once_is_told_who_has_what(self, world: World) -> None:
        rules = ("sos.button", "fall.device", "wandering.zone_exit")
        await put(world, *(an_alarm(rule) for rule in rules))
        names = ("li", "zhang", "chen")
        answers = await asyncio.gather(*(take_all(world.store, "resident", "r1", name, T0) for name in names))
        winner = next(name for name, taken in zip(names, answers, strict=True) if taken.own)
        assert sorted((len(taken.own), len(taken.held)) for taken in answers) == [(0, 3), (0, 3), (3, 0)]
        assert {alarm.assignee for taken in answers for alarm in (*taken.own, *taken.held)} == {winner}
        assert len(await world.published()) == 6

    async def test_of_reports_of_the_same_at_once_one_opens_and_the_others_join(self, world: World) -> None:
        told = Report(kind="fall", site="north", resident="r1", note="in the yard")
        alarms = await asyncio.gather(*(report(world.store, nth_uuid(n), told, f"li{n}", T0) for n in range(4)))
        assert len({alarm.id for alarm in alarms}) == 1
        (last,) = [alarm for alarm in alarms if alarm.count == 4]
        assert sorted(entry.event for entry in last.timeline) == ["opened", "reported", "reported", "reported"]

    async def test_reopening_while_the_same_cries_again_gives_way(self, world: World) -> None:
        ended = an_alarm(t=T0, state="cancelled")
        await put(world, ended)
        young = an_alarm(t=T0 + MINUTE)
        answers = await asyncio.gather(
            act(world.store, ended.id, Reopen(), "li", T0 + MINUTE), put(world, young), return_exceptions=True
        )
        async with world.store.transaction() as tx:
            (active,) = await tx.lock_active_of("resident", "r1")
        refused = [answer for answer in answers if isinstance(answer, Refused | AnotherActive)]
        assert len(refused) == 1, answers
        assert active.id == (young.id if isinstance(refused[0], Refused) else ended.id)

    async def test_changes_are_published_in_order_with_the_last_word_of_each_transaction(self, world: World) -> None:
        first = an_alarm()
        second = msgspec.structs.replace(first, version=2, count=2)
        third = msgspec.structs.replace(first, version=3, count=3)
        await put(world, first)
        async with world.store.transaction() as tx:
            await tx.save(second, count_only=True)
        async with world.store.transaction() as tx:
            await tx.save(third)
            await tx.save(msgspec.structs.replace(third, version=4, count=4), count_only=True)
        changes = await world.published()
        assert [(alarm.version, count_only) for alarm, count_only in changes] == [(1, False), (2, True), (4, False)]


class TestRegistry:
    async def test_a_card_has_its_contacts_in_their_order(self, world: World) -> None:
        card = a_card(contacts=(a_contact(1), a_contact(2, language="en", can_receive_sms=False)), demo=True)
        await world.register(msgspec.structs.replace(card, contacts=card.contacts[::-1]))
        async with world.store.transaction() as tx:
            found = await tx.resident_card("r1")
            assert found is not None
            assert msgspec.structs.replace(found, contacts=()) == msgspec.structs.replace(card, contacts=())
            assert sorted(found.contacts, key=lambda contact: contact.order) == list(card.contacts)
            assert await tx.resident_card("nobody") is None

    async def test_a_household_has_the_cards_of_all_who_live_there(self, world: World) -> None:
        await world.register(a_card(id="r2"), "h1")
        await world.register(a_card(id="r1"), "h1")
        await world.register(a_card(id="r3"), "h2")
        async with world.store.transaction() as tx:
            assert [card.id for card in await tx.household_cards("h1")] == ["r1", "r2"]
            assert await tx.household_cards("h9") == []


class TestSteps:
    async def test_due_steps_are_claimed_once_in_their_order(self, world: World) -> None:
        sos, fall = an_alarm("sos.button"), an_alarm("fall.device")
        await put(world, sos, fall)
        async with world.store.transaction() as tx:
            await tx.schedule(sos.id, [a_step(T0 + 2)])
            await tx.schedule(fall.id, [a_step(T0 + 1)])
            await tx.schedule(fall.id, [a_step(T0 + 3)])
        assert await world.store.next_due() == T0 + 1
        async with world.store.transaction() as tx:
            steps = await tx.claim_due_steps(T0 + 2, 10)
            assert [(step.alarm, step.step, step.due_at) for step in steps] == [
                (fall.id, "tell", T0 + 1),
                (sos.id, "tell", T0 + 2),
            ]
        async with world.store.transaction() as tx:
            assert await tx.claim_due_steps(T0 + 2, 10) == []
        assert await world.store.next_due() == T0 + 3

    async def test_of_much_that_is_due_the_worst_is_claimed_first(self, world: World) -> None:
        mild, grave = an_alarm("device.battery_low"), an_alarm("sos.button")
        await put(world, mild, grave)
        async with world.store.transaction() as tx:
            await tx.schedule(mild.id, [a_step(T0 + n) for n in range(5)])
            await tx.schedule(grave.id, [a_step(T0 + 9)])
        async with world.store.transaction() as tx:
            assert [step.alarm for step in await tx.claim_due_steps(T0 + 9, 2)] == [mild.id, grave.id]

    async def test_a_step_of_a_round_is_written_down_once_unless_it_was_withdrawn(self, world: World) -> None:
        sos = an_alarm()
        await put(world, sos)
        for due_at in (T0 + 1, T0 + 2):
            async with world.store.transaction() as tx:
                await tx.schedule(sos.id, [a_step(due_at, n=4), a_step(due_at, n=4, repeat=1)])
        async with world.store.transaction() as tx:
            assert [step.repeat for step in await tx.claim_due_steps(T0 + 1, 10)] == [0, 1]
        async with world.store.transaction() as tx:
            await tx.schedule(sos.id, [a_step(T0 + 2, n=4), a_step(T0 + 2, n=4, round=2), a_step(T0 + 2, n=5)])
            await tx.withdraw_steps(sos.id)
            await tx.schedule(sos.id, [a_step(T0 + 3, n=5)])
        async with world.store.transaction() as tx:
            (step,) = await tx.claim_due_steps(T0 + 3, 10)
        assert msgspec.structs.asdict(a_step(T0 + 3, n=5)).items() <= msgspec.structs.asdict(step).items()

    async def test_the_next_step_that_tells_somebody_falls_due_at_once_and_only_that(self, world: World) -> None:
        sos = an_alarm()
        await put(world, sos)
        async with world.store.transaction() as tx:
            watch = NewStep(step="no_progress", round=1, due_at=T0 + 5)
            await tx.schedule(sos.id, [watch, a_step(T0 + 20), a_step(T0 + 10), a_step(T0 + 30)])
            await tx.next_step_now(sos.id, T0 + 2)
        assert await world.store.next_due() == T0 + 2
        async with world.store.transaction() as tx:
            assert [step.n for step in await tx.claim_due_steps(T0 + 19, 10)] == [10, 0]
        assert await world.store.next_due() == T0 + 20

    async def test_a_plan_stays_as_it_was_frozen_until_another_takes_its_place(self, world: World) -> None:
        sos = an_alarm()
        await put(world, sos)
        first, second = (Plan(policy=policy, timezone="Europe/Paris") for policy in BUILT_IN[:2])
        async with world.store.transaction() as tx:
            assert await tx.plan_of(sos.id) is None
            await tx.keep_plan(sos.id, first)
        async with world.store.transaction() as tx:
            assert await tx.plan_of(sos.id) == first
            await tx.keep_plan(sos.id, second)
            assert await tx.plan_of(sos.id) == second

    async def test_a_claim_is_undone_with_its_transaction(self, world: World) -> None:
        await put(world, an_alarm())
        async with world.store.transaction() as tx:
            await tx.schedule(an_alarm().id, [a_step(T0)])

        async def claim(tx: AlarmTransaction) -> None:
            assert len(await tx.claim_due_steps(T0, 10)) == 1

        with pytest.raises(Interrupted):
            await interrupted(world, claim)
        async with world.store.transaction() as tx:
            assert len(await tx.claim_due_steps(T0, 10)) == 1

    async def test_withdrawing_takes_the_alarms_own_steps_and_unsent_messages(self, world: World) -> None:
        sos, fall = an_alarm("sos.button"), an_alarm("fall.device")
        await put(world, sos, fall)
        await queued(world, a_message(alarm=sos.id, recipient="being sent"))
        await world.outbox.claim(T0, 1)
        async with world.store.transaction() as tx:
            await tx.schedule(sos.id, [a_step(T0)])
            await tx.schedule(fall.id, [a_step(T0)])
            await tx.queue(a_message(alarm=sos.id, recipient="waits"), T0)
            await tx.queue(a_message(alarm=fall.id, recipient="other"), T0)
        async with world.store.transaction() as tx:
            await tx.withdraw_steps(sos.id)
        async with world.store.transaction() as tx:
            assert [message.recipient for message in await tx.told(sos.id)] == ["being sent"]
            assert [step.alarm for step in await tx.claim_due_steps(T0, 10)] == [fall.id]
        assert [message.recipient for message in await claimed(world, T0)] == ["other"]


class TestMessages:
    async def test_a_phone_gets_a_code_of_its_own_for_each_alarm(self, world: World) -> None:
        sos, fall = an_alarm("sos.button"), an_alarm("fall.device")
        await put(world, sos, fall)
        await queued(
            world,
            a_message(alarm=sos.id),
            a_message(alarm=fall.id),
            a_message(alarm=sos.id, channel="voice"),
            a_message(alarm=sos.id, template="all_clear"),
            a_message(alarm=sos.id, recipient="chat:north", channel="chat"),
        )
        async with world.store.transaction() as tx:
            said = {message.id: message.code for alarm in (sos, fall) for message in await tx.told(alarm.id)}
        first, second, call, end, chat = (code for _, code in sorted(said.items()))
        assert first is not None
        assert second is not None
        assert first == call != second
        assert {first, second} <= set(range(10, 100))
        assert (end, chat) == (None, None)

    async def test_a_bundle_gathers_alarms_until_it_is_sent_and_loses_those_that_end(self, world: World) -> None:
        sos, fall, walk = an_alarm("sos.button"), an_alarm("fall.device"), an_alarm("wandering.zone_exit")
        await put(world, sos, fall, walk)
        async with world.store.transaction() as tx:
            told = [a_message(alarm=alarm.id, role="duty", priority=n) for n, alarm in enumerate((sos, fall, walk))]
            assert [await tx.bundle(message, T0, due_at=T0 + n) for n, message in enumerate(told)] == [
                True,
                False,
                False,
            ]
            assert len(await tx.said_lately(told[0].recipient, T0 - 1)) == 1
        async with world.store.transaction() as tx:
            assert [message.alarms for message in await tx.told(walk.id)] == [(sos.id, fall.id, walk.id)]
            await tx.withdraw_steps(fall.id)
        (bundle,) = await claimed(world, T0)
        assert (bundle.alarm, bundle.alarms, bundle.template) == (None, (sos.id, walk.id), "bundle")
        assert (bundle.params["count"], bundle.priority) == (2, 2)
        async with world.store.transaction() as tx:
            assert await tx.bundle(told[1], T0, due_at=T0)

    async def test_an_alarm_stands_in_one_bundle_of_a_recipient_at_a_time(self, world: World) -> None:
        sos, fall = an_alarm("sos.button"), an_alarm("fall.device")
        await put(world, sos, fall)
        async with world.store.transaction() as tx:
            for alarm in (sos, fall, sos, fall):
                await tx.bundle(a_message(alarm=alarm.id), T0, due_at=T0)
        (bundle,) = await claimed(world, T0)
        assert (bundle.alarms, bundle.params["count"]) == ((sos.id, fall.id), 2)

    async def test_a_bundle_without_alarms_is_withdrawn(self, world: World) -> None:
        await put(world, an_alarm())
        async with world.store.transaction() as tx:
            await tx.bundle(a_message(alarm=an_alarm().id), T0, due_at=T0)
            await tx.withdraw_steps(an_alarm().id)
        assert await world.outbox.claim(T0, 10) == []

    async def test_what_was_said_lately_counts_alarms_in_writing(self, world: World) -> None:
        await put(world, an_alarm())
        said = [
            a_message(alarm=an_alarm().id, template="alarm_staff", params={"kind": "fall"}),
            a_message(alarm=an_alarm().id, template="system", params={}),
            a_message(alarm=an_alarm().id, template="all_clear"),
            a_message(alarm=an_alarm().id, channel="voice"),
            a_message(alarm=an_alarm().id, recipient="another"),
        ]
        await queued(world, *said)
        async with world.store.transaction() as tx:
            assert await tx.said_lately(said[0].recipient, T0 - 1) == ["fall", ""]
            assert await tx.said_lately(said[0].recipient, T0) == []

    async def test_those_that_are_active_are_told_from_the_others(self, world: World) -> None:
        sos, fall = an_alarm("sos.button"), an_alarm("fall.device", state="resolved")
        await put(world, sos, fall)
        async with world.store.transaction() as tx:
            assert await tx.active_among([sos.id, fall.id, nth_uuid(404)]) == {sos.id}

    async def test_told_speaks_of_the_whole_case(self, world: World) -> None:
        first = an_alarm("missed_check.silent")
        mate = an_alarm("missed_check.checkin", case=first.id)
        other = an_alarm("sos.button")
        await put(world, first, mate, other)
        await queued(world, *(a_message(alarm=a.id, recipient=a.rule) for a in (first, mate, other)))
        async with world.store.transaction() as tx:
            assert [message.recipient for message in await tx.told(first.id)] == [first.rule, mate.rule]
            assert await tx.told(nth_uuid(404)) == []


class TestMissedChecks:
    async def test_an_alarm_is_found_with_what_else_is_missed_and_whatever_its_kind(self, world: World) -> None:
        missed, silent, fall = (
            an_alarm(rule) for rule in ("missed_check.checkin", "missed_check.silent", "fall.device")
        )
        await put(world, missed, silent, fall)
        async with world.store.transaction() as tx:
            for alarm in (missed, silent, fall):
                assert await tx.lock_with_checks(alarm.id) == alarm
            assert await tx.lock_with_checks(nth_uuid(404)) is None

    async def test_clearing_ends_what_is_missed_of_the_resident_and_of_nobody_else(self, world: World) -> None:
        await world.register(a_card())
        mine = [an_alarm(rule) for rule in ("missed_check.checkin", "missed_check.silent", "fall.device")]
        theirs = an_alarm(
            "missed_check.checkin", id=nth_uuid(77), case=nth_uuid(77), resident="r2", subject="resident:r2"
        )
        over = an_alarm("missed_check.inactivity", state="cancelled")
        await put(world, *mine, theirs, over)
        for _ in range(2):
            async with world.store.transaction() as tx:
                await clear(tx, "r1", actor="zhang", how="call", at=T0 + MINUTE, note="在楼下")
        async with world.store.transaction() as tx:
            locked = await tx.lock_many([alarm.id for alarm in (*mine, theirs, over)])
        ended = {
            key: (alarm.result, alarm.timeline[-1].note) for key, alarm in locked.items() if alarm.state == "resolved"
        }
        assert ended == {alarm.id: ("settled_by_phone", "在楼下") for alarm in mine[:2]}
        assert [alarm.version for alarm in locked.values() if alarm.state == "resolved"] == [2, 2]


class TestTheDeskOverEachStore:
    async def test_an_sos_nobody_takes_reaches_the_daughter_and_so_does_its_end(self, world: World) -> None:
        await world.register(a_card())
        async with world.store.transaction() as tx:
            absorbed = await absorb(tx, [an_episode(), an_episode("device.battery_low")], T0)
        sos = absorbed.changed[0]
        assert await world.store.next_due() == T0 + MINUTE
        assert await carry_out_due(world.store, T0 + MINUTE) == 1
        assert await world.store.next_due() == T0 + 2 * MINUTE
        assert await carry_out_due(world.store, T0 + 2 * MINUTE) == 1
        (told,) = await claimed(world, T0 + 2 * MINUTE)
        assert (told.template, told.recipient, told.params["name"]) == ("alarm", "+8613800000001", "王秀兰")
        await world.outbox.finish(told, state="sent", now=T0 + 2 * MINUTE, provider="twilio", provider_id="SM1")
        await act(world.store, sos.id, Acknowledge(), "zhang", T0 + 3 * MINUTE)
        await act(world.store, sos.id, Resolve(result="settled_by_phone"), "zhang", T0 + 4 * MINUTE)
        (cleared,) = await claimed(world, T0 + 4 * MINUTE)
        assert (cleared.template, cleared.params["how"]) == ("all_clear", "settled_by_phone")
        assert [(alarm.rule, alarm.state) for alarm, _ in await world.published()] == [
            ("sos.button", "open"),
            ("device.battery_low", "open"),
            ("sos.button", "open"),
            ("sos.button", "acknowledged"),
            ("sos.button", "resolved"),
        ]

    async def test_an_alarm_without_a_place_begins_where_its_device_was_last(self, world: World) -> None:
        await world.see("b1", a_place(T0))
        own = Place(lat=31.0, lon=121.0, t=T0)
        async with world.store.transaction() as tx:
            absorbed = await absorb(
                tx,
                [
                    an_episode(device="b1", position=None),
                    an_episode("fall.device", device="b1", position=own),
                    an_episode("device.battery_low", device="nobody's", position=None),
                ],
                T0,
            )
        assert [alarm and alarm.position for alarm in absorbed.by_episode] == [a_place(T0), own, None]

    async def test_replaying_the_batch_changes_nothing(self, world: World) -> None:
        for now in (T0, T0 + HOUR):
            async with world.store.transaction() as tx:
                absorbed = await absorb(tx, [an_episode(), an_episode("fall.device")], now)
            assert [alarm and alarm.id for alarm in absorbed.by_episode] == [
                an_episode().id,
                an_episode("fall.device").id,
            ]
        assert len(await world.published()) == 2

    async def test_taking_it_in_time_tells_nobody_and_giving_it_back_starts_the_clock(self, world: World) -> None:
        await world.register(a_card())
        async with world.store.transaction() as tx:
            (sos,) = (await absorb(tx, [an_episode()], T0)).changed
        await act(world.store, sos.id, Acknowledge(), "zhang", T0 + MINUTE)
        assert await world.store.next_due() == T0 + 6 * MINUTE, "somebody looks whether there is progress"
        await act(world.store, sos.id, Release(), "zhang", T0 + HOUR)
        assert await world.store.next_due() == T0 + HOUR + MINUTE

    async def test_notify_tells_now(self, world: World) -> None:
        await world.register(a_card())
        async with world.store.transaction() as tx:
            (sos,) = (await absorb(tx, [an_episode()], T0)).changed
        await act(world.store, sos.id, Notify(), "zhang", T0 + SECOND)
        (told,) = await claimed(world, T0 + SECOND)
        await world.outbox.finish(told, state="sent", now=T0 + SECOND)
        await carry_out_due(world.store, T0 + 2 * MINUTE)
        assert await world.outbox.claim(T0 + 2 * MINUTE, 10) == [], "who knows it is not told again"
