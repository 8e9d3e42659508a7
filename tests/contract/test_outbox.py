"""What every implementation of ``alerts.outbox`` keeps, over the one in memory and over PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from alerts.outbox import LEASE_MS, NUMBER_GAP_MS, URGENT, Claim
from alerts.ports import Message, NewMessage, NewStep
from gateway.store.connection import pool
from tests.support.alarm_worlds import MemoryWorld, PostgresWorld, World
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, a_card, an_alarm


@pytest.fixture(params=["memory", "postgres"])
def database(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("conninfo")) if request.param == "postgres" else None


@pytest.fixture
async def world(database: str | None) -> AsyncIterator[World]:
    if database is None:
        yield MemoryWorld()
        return
    async with pool(database, application="anxin test", size=4) as connections:
        yield PostgresWorld(connections)


def a_message(**fields: Any) -> NewMessage:
    message = NewMessage(
        alarm=None,
        site="north",
        resident="r1",
        contact=None,
        name="王芳",
        recipient="+8613800000001",
        template="alarm",
        params={"name": "王秀兰", "round": 1},
        language="zh",
        expires_at=T0 + HOUR,
    )
    return msgspec.structs.replace(message, **fields)


async def queued(world: World, *messages: NewMessage) -> list[int]:
    async with world.store.transaction() as tx:
        return [await tx.queue(message, T0) for message in messages]


async def claimed(world: World, now: int = T0, limit: int = 10, *, urgent_only: bool = False) -> list[Message]:
    return [claim.message for claim in await world.outbox.claim(now, limit, urgent_only=urgent_only)]


async def recipients(world: World, now: int = T0, limit: int = 10, *, urgent_only: bool = False) -> list[str]:
    return [message.recipient for message in await claimed(world, now, limit, urgent_only=urgent_only)]


class Interrupted(Exception):
    pass


async def fail(world: World, message: Message, *, interrupt: bool = False) -> None:
    async with world.outbox.failing(message, now=T0, reason="bad number", provider="p") as tx:
        assert tx is not None
        await tx.insert(an_alarm())
        if interrupt:
            raise Interrupted


class TestClaims:
    async def test_a_message_comes_back_as_it_was_queued(self, world: World) -> None:
        async with world.store.transaction() as tx:
            await tx.insert(an_alarm())
        (number,) = await queued(world, a_message(alarm=an_alarm().id))
        (claim,) = await world.outbox.claim(T0, 10)
        assert claim == Claim(message=claim.message, until=T0 + LEASE_MS)
        message = claim.message
        assert (message.id, message.attempts, message.demo, message.state) == (number, 1, False, "sending")
        for name, value in msgspec.structs.asdict(a_message(alarm=an_alarm().id)).items():
            assert getattr(message, name) == value

    async def test_a_message_of_a_demo_site_says_so(self, world: World) -> None:
        await world.register(a_card(demo=True))
        await queued(world, a_message())
        assert [message.demo for message in await claimed(world)] == [True]

    async def test_the_most_urgent_go_first_then_the_oldest(self, world: World) -> None:
        await queued(world, *(a_message(recipient=f"{n}", priority=n % 3) for n in range(5)))
        assert await recipients(world, limit=3) == ["2", "1", "4"]
        assert await recipients(world) == ["0", "3"]
        assert await recipients(world) == []

    async def test_urgent_ones_can_be_claimed_alone(self, world: World) -> None:
        await queued(world, a_message(recipient="a", priority=URGENT - 1), a_message(recipient="b", priority=URGENT))
        assert await recipients(world, urgent_only=True) == ["b"]

    async def test_one_message_at_a_time_is_on_its_way_to_a_recipient_in_a_channel(self, world: World) -> None:
        await queued(world, a_message(), a_message(template="all_clear"), a_message(channel="voice"))
        first, call = await claimed(world)
        assert (first.template, call.channel) == ("alarm", "voice")
        assert await claimed(world) == []
        await world.outbox.finish(first, state="sent", now=T0)
        (then,) = await claimed(world, T0 + NUMBER_GAP_MS)
        assert then.template == "all_clear"

    async def test_a_number_gets_a_pause_unless_it_is_urgent(self, world: World) -> None:
        await queued(
            world, a_message(), a_message(), a_message(recipient="b"), a_message(recipient="b", priority=URGENT)
        )
        for message in await claimed(world):
            await world.outbox.finish(message, state="sent", now=T0)
        assert await claimed(world, T0 + NUMBER_GAP_MS - 1) == []
        await queued(world, a_message(recipient="b", priority=URGENT))
        assert [m.priority for m in await claimed(world, T0 + NUMBER_GAP_MS - 1)] == [URGENT]
        assert await recipients(world, T0 + NUMBER_GAP_MS) == ["+8613800000001"]

    async def test_what_never_left_makes_nobody_wait(self, world: World) -> None:
        await queued(world, a_message(), a_message())
        (first,) = await claimed(world)
        await world.outbox.finish(first, state="not_sent", now=T0, reason="no_account")
        assert len(await claimed(world)) == 1

    async def test_a_message_that_waits_to_be_tried_again_holds_up_nobody(self, world: World) -> None:
        await queued(world, a_message(), a_message(template="all_clear"))
        (first,) = await claimed(world)
        await world.outbox.retry(first, not_before=T0 + MINUTE, reason="busy", in_doubt=False)
        assert [message.template for message in await claimed(world)] == ["all_clear"]

    @pytest.mark.parametrize("status", ["moved", "deceased"])
    async def test_nothing_goes_out_for_who_has_left_meanwhile(self, world: World, status: Any) -> None:
        await world.register(a_card(status=status))
        await world.register(a_card(id="r2", contacts=()))
        several = [a_message(resident=resident, recipient=f"{resident}") for resident in ("r1", "r2", None)]
        await queued(world, *several)
        assert await recipients(world) == ["r2", "None"]
        assert await world.message_states() == [("withdrawn", "resident_left"), ("sending", None), ("sending", None)]

    async def test_whoever_claims_at_the_same_moment_gets_others(self, world: World) -> None:
        await queued(world, *(a_message(recipient=f"{n % 10}") for n in range(40)))
        rounds = [await asyncio.gather(*(recipients(world, T0, 4) for _ in range(4))) for _ in range(6)]
        everybody = [recipient for group in rounds for claims in group for recipient in claims]
        assert sorted(everybody) == [f"{n}" for n in range(10)]


class TestDoubt:
    async def test_a_claimed_message_is_not_claimed_again_while_it_is_somebodys(self, world: World) -> None:
        await queued(world, a_message())
        assert len(await claimed(world)) == 1
        assert await claimed(world, T0 + LEASE_MS - 1) == []
        assert await world.store.next_due() == T0 + LEASE_MS

    async def test_whoever_finds_an_abandoned_message_is_told_since_when_it_is_in_doubt(self, world: World) -> None:
        await queued(world, a_message())
        await world.outbox.claim(T0, 1)
        (again,) = await world.outbox.claim(T0 + LEASE_MS, 1)
        assert (again.message.attempts, again.in_doubt_since) == (2, T0)

    async def test_a_new_attempt_begins_the_lease_and_the_doubt_anew(self, world: World) -> None:
        await queued(world, a_message())
        await world.outbox.claim(T0, 1)
        (again,) = await claimed(world, T0 + MINUTE)
        assert await world.outbox.renew(again, T0 + MINUTE + SECOND) == T0 + MINUTE + SECOND + LEASE_MS
        (third,) = await world.outbox.claim(T0 + HOUR, 1)
        assert third.in_doubt_since == T0 + MINUTE + SECOND

    async def test_whoever_lost_a_message_changes_nothing_but_that_it_was_sent(self, world: World) -> None:
        await queued(world, a_message())
        (late,) = await claimed(world)
        await world.outbox.claim(T0 + MINUTE, 1)
        assert await world.outbox.renew(late, T0 + MINUTE) is None
        await world.outbox.retry(late, not_before=T0, reason="busy", in_doubt=False)
        await world.outbox.finish(late, state="not_sent", now=T0, reason="no_account")
        async with world.outbox.failing(late, now=T0, reason="bad", provider="p") as tx:
            assert tx is None
        assert await world.message_states() == [("sending", None)]
        await world.outbox.finish(late, state="sent", now=T0, provider="p", provider_id="SM1")
        assert await world.message_states() == [("sent", None)]

    @pytest.mark.parametrize(("in_doubt", "since"), [(True, T0), (False, None)])
    async def test_a_retry_keeps_the_doubt_or_ends_it(self, world: World, in_doubt: Any, since: int | None) -> None:
        await queued(world, a_message())
        (message,) = await claimed(world)
        await world.outbox.retry(message, not_before=T0 + MINUTE, reason="busy", in_doubt=in_doubt)
        (again,) = await world.outbox.claim(T0 + MINUTE, 1)
        assert again.in_doubt_since == since

    async def test_names_at_a_provider_that_no_message_has_are_found(self, world: World) -> None:
        await queued(world, a_message())
        (message,) = await claimed(world)
        await world.outbox.finish(message, state="sent", now=T0, provider="p", provider_id="SM2")
        assert await world.outbox.unrecorded(["SM3", "SM2", "SM1"]) == ["SM3", "SM1"]

    @pytest.mark.parametrize(("state", "moot"), [("open", False), ("on_scene", False), ("resolved", True)])
    async def test_a_second_attempt_knows_whether_its_alarm_still_stands(
        self, world: World, state: Any, moot: Any
    ) -> None:
        async with world.store.transaction() as tx:
            await tx.insert(an_alarm(state=state))
        await queued(world, a_message(alarm=an_alarm().id), a_message(alarm=an_alarm().id, template="all_clear"))
        for message in await claimed(world):
            await world.outbox.retry(message, not_before=T0, reason="busy", in_doubt=False)
        (alarm,) = await world.outbox.claim(T0, 10)
        assert alarm.moot is moot
        await world.outbox.finish(alarm.message, state="not_sent", now=T0)
        (clear,) = await world.outbox.claim(T0, 10)
        assert not clear.moot

    @pytest.mark.parametrize(("in_doubt", "state"), [(True, "queued"), (False, "withdrawn")])
    async def test_what_may_have_arrived_outlives_its_alarm(self, world: World, in_doubt: Any, state: Any) -> None:
        async with world.store.transaction() as tx:
            await tx.insert(an_alarm())
        await queued(world, a_message(alarm=an_alarm().id))
        (message,) = await claimed(world)
        await world.outbox.retry(message, not_before=T0 + MINUTE, reason="twilio_timeout", in_doubt=in_doubt)
        async with world.store.transaction() as tx:
            await tx.withdraw_steps(an_alarm().id)
        assert await world.message_states() == [(state, "twilio_timeout")]

    async def test_no_alarm_joins_a_bundle_that_may_have_arrived(self, world: World) -> None:
        alarms = [an_alarm("sos.button"), an_alarm("fall.device")]
        async with world.store.transaction() as tx:
            for alarm in alarms:
                await tx.insert(alarm)
            await tx.bundle(a_message(alarm=alarms[0].id, role="duty"), T0, due_at=T0)
        (bundle,) = await claimed(world)
        await world.outbox.retry(bundle, not_before=T0 + MINUTE, reason="twilio_timeout", in_doubt=True)
        async with world.store.transaction() as tx:
            assert await tx.bundle(a_message(alarm=alarms[1].id, role="duty"), T0, due_at=T0)


class TestEnds:
    async def test_a_retry_waits_for_its_time(self, world: World) -> None:
        await queued(world, a_message())
        (message,) = await claimed(world)
        await world.outbox.retry(message, not_before=T0 + 5 * SECOND, reason="busy", in_doubt=False)
        assert await world.message_states() == [("queued", "busy")]
        assert await claimed(world, T0 + 5 * SECOND - 1) == []
        assert len(await claimed(world, T0 + 5 * SECOND)) == 1

    @pytest.mark.parametrize("state", ["sent", "not_sent", "withdrawn"])
    async def test_a_finished_message_stays_finished(self, world: World, state: Any) -> None:
        await queued(world, a_message())
        (message,) = await claimed(world)
        await world.outbox.finish(message, state=state, now=T0, reason="why", provider="p", provider_id="SM1")
        await world.outbox.retry(message, not_before=T0, reason="too late", in_doubt=False)
        assert await world.message_states() == [(state, "why")]
        assert await world.store.next_due() is None

    async def test_a_failure_and_what_follows_from_it_are_one(self, world: World) -> None:
        await queued(world, a_message())
        (message,) = await claimed(world)
        with pytest.raises(Interrupted):
            await fail(world, message, interrupt=True)
        assert await world.message_states() == [("sending", None)]
        assert await world.published() == []
        await fail(world, message)
        assert await world.message_states() == [("failed", "bad number")]
        assert len(await world.published()) == 1

    async def test_what_left_for_a_number_in_a_day_is_counted(self, world: World) -> None:
        await queued(world, a_message(), a_message(), a_message(channel="voice"), a_message(recipient="b"))
        for hours in range(4):
            for message in await claimed(world, T0 + hours * HOUR):
                sid = f"SM{message.id}"
                await world.outbox.finish(message, state="sent", now=T0 + hours * HOUR, provider_id=sid)
        assert await world.outbox.sent_since("+8613800000001", "sms", T0 - 1) == 2
        assert await world.outbox.sent_since("+8613800000001", "sms", T0) == 1
        assert await world.outbox.sent_since("+8613800000001", "sms", T0 + 24 * HOUR) == 0


class TestAClockThatWasSetBack:
    """By an hour, a second ago."""

    NOW = T0 - HOUR + SECOND

    async def test_steps_wait_as_much_less(self, world: World) -> None:
        await scheduled(world, due_at=T0 + MINUTE)
        await world.outbox.clock_went_back(self.NOW, HOUR)
        assert await due_steps(world, self.NOW + 59 * SECOND - 1) == 0
        assert await due_steps(world, self.NOW + 59 * SECOND) == 1

    async def test_where_nobody_knows_by_how_much_they_wait_anew(self, world: World) -> None:
        await scheduled(world, due_at=T0 + MINUTE)
        for _ in range(2):
            await world.outbox.clock_went_back(self.NOW, None)
        assert await due_steps(world, self.NOW + MINUTE - 1) == 0
        assert await due_steps(world, self.NOW + MINUTE) == 1

    async def test_a_second_dispatcher_that_notices_changes_nothing(self, world: World) -> None:
        await scheduled(world, due_at=T0 + MINUTE)
        for _ in range(2):
            await world.outbox.clock_went_back(self.NOW, HOUR)
        assert await due_steps(world, self.NOW + 59 * SECOND - 1) == 0

    async def test_what_was_written_by_the_new_clock_stays(self, world: World) -> None:
        await scheduled(world, due_at=self.NOW + MINUTE, written_at=self.NOW)
        await world.outbox.clock_went_back(self.NOW, HOUR)
        assert await due_steps(world, self.NOW + MINUTE - 1) == 0

    async def test_a_message_that_is_tried_again_waits_no_longer(self, world: World) -> None:
        await queued(world, a_message())
        (message,) = await claimed(world)
        await world.outbox.retry(message, not_before=T0 + 30 * SECOND, reason="busy", in_doubt=False)
        await world.outbox.clock_went_back(self.NOW, HOUR)
        assert len(await claimed(world, self.NOW)) == 1

    async def test_a_lease_lasts_no_longer_than_before(self, world: World) -> None:
        await queued(world, a_message())
        await claimed(world)
        await world.outbox.clock_went_back(self.NOW, HOUR)
        assert await claimed(world, self.NOW) == []
        assert len(await claimed(world, self.NOW + LEASE_MS)) == 1

    async def test_a_number_that_was_written_to_by_the_old_clock_is_free(self, world: World) -> None:
        await queued(world, a_message(), a_message())
        (message,) = await claimed(world)
        await world.outbox.finish(message, state="sent", now=T0, provider="twilio", provider_id="SM1")
        assert len(await claimed(world, self.NOW)) == 1


async def scheduled(world: World, *, due_at: int, written_at: int = T0) -> None:
    async with world.store.transaction() as tx:
        await tx.insert(an_alarm())
        step = NewStep(step="tell", round=1, due_at=due_at, written_at=written_at, who="duty", how="sms")
        await tx.schedule(an_alarm().id, [step])


async def due_steps(world: World, now: int) -> int:
    async with world.store.transaction() as tx:
        return len(await tx.claim_due_steps(now, 10))
