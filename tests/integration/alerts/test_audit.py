"""The auditor over a real database: what is overdue, where nobody is on duty, and one auditor at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.audit import MESSAGE_OVERDUE_MS, STEP_OVERDUE_MS, audit
from alerts.checks import WindowTerms
from alerts.desk import act
from alerts.findings import CHECKS_UNPLANNED, NOBODY_ON_DUTY, STEP_OVERDUE, Look
from alerts.transitions import Acknowledge, Resolve
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from devices.registry import ResidentStatus
from gateway.store.accounts import add_account
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.audit import PostgresAuditStore
from gateway.store.connection import Connection, pool
from gateway.store.registry import add_plan, add_resident, add_shift, plan_ahead, remove, save_site
from gateway.store.registry_records import PlanFields, ResidentFields, Shift, ShiftFields, Site
from tests.support.console import NOW, Desk

Pool = AsyncConnectionPool[Connection]


@pytest.fixture
async def connections(conninfo: str) -> AsyncIterator[Pool]:
    async with pool(conninfo, application="anxin test audit") as opened:
        async with opened.connection() as conn:
            for key in ("north", "south"):
                await save_site(conn, "test", Site(id=key, name=key), create=True)
        yield opened


@pytest.fixture
def alarms(connections: Pool) -> PostgresAlarmStore:
    return PostgresAlarmStore(connections)


async def look(connections: Pool, now: int) -> Look:
    async with PostgresAuditStore(connections).turn(now) as found:
        assert found is not None
        return found


async def found(connections: Pool, now: int) -> list[tuple[str, str, int]]:
    return [(each.rule, each.site, each.since) for each in (await look(connections, now)).findings]


async def active(connections: Pool) -> list[tuple[str, str, str]]:
    return [(each.rule, each.site, each.state) for each in (await look(connections, NOW)).active]


async def shift(connections: Pool, start: int, end: int, *, site: str = "north", name: str | None = None) -> Shift:
    async with connections.connection() as conn:
        account = await add_account(conn, username=name or f"duty-{uuid4().hex[:8]}", role="duty", sites=[site])
        fields = ShiftFields(site=site, account=account.username, from_ms=start, to_ms=end)
        return await add_shift(conn, "test", fields)


async def step(connections: Pool, alarm: object, due_at: int, state: str = "pending") -> None:
    async with connections.connection() as conn:
        await conn.execute(
            "insert into escalation_step (alarm, step, due_at, state, n) values (%s, 'tell', %s, %s, 99)",
            (alarm, due_at, state),
        )


async def message(connections: Pool, state: str = "queued", *, created_at: int, not_before: int = 0) -> None:
    async with connections.connection() as conn:
        await conn.execute(
            "insert into message (site, recipient, channel, template, params, language, state, created_at, not_before)"
            " values ('south', '+8613800000001', 'sms', 'alarm', '{}', 'zh', %s, %s, %s)",
            (state, created_at, not_before),
        )


class TestOverdue:
    async def test_a_step_is_overdue_half_a_minute_after_it_was_due(
        self, connections: Pool, alarms: PostgresAlarmStore
    ) -> None:
        alarm = await Desk(alarms).raise_alarm()
        await step(connections, alarm.id, NOW)
        assert await found(connections, NOW + STEP_OVERDUE_MS) == []
        assert await found(connections, NOW + STEP_OVERDUE_MS + 1) == [(STEP_OVERDUE, "north", NOW)]

    @pytest.mark.parametrize("state", ["done", "withdrawn"])
    async def test_what_was_done_or_withdrawn_is_never_overdue(
        self, connections: Pool, alarms: PostgresAlarmStore, state: str
    ) -> None:
        alarm = await Desk(alarms).raise_alarm()
        await step(connections, alarm.id, NOW, state)
        assert await found(connections, NOW + HOUR_MS) == []

    async def test_a_message_is_overdue_a_minute_after_it_could_have_left(self, connections: Pool) -> None:
        await message(connections, created_at=NOW)
        await message(connections, "sending", created_at=NOW, not_before=NOW + HOUR_MS)
        await message(connections, "sent", created_at=NOW)
        assert await found(connections, NOW + MESSAGE_OVERDUE_MS) == []
        late = NOW + MESSAGE_OVERDUE_MS + 1
        assert await found(connections, late) == [(STEP_OVERDUE, "south", NOW)]
        (finding,) = (await look(connections, late)).findings
        assert finding.evidence == {"overdue_s": 60, "overdue_steps": 0, "overdue_messages": 1}


class TestNobodyOnDuty:
    async def test_where_no_shift_was_ever_kept_nobody_is_missed(self, connections: Pool) -> None:
        await shift(connections, NOW + HOUR_MS, NOW + 2 * HOUR_MS)
        assert await found(connections, NOW) == []

    async def test_a_gap_in_the_roster_counts_from_the_end_of_the_shift_before(self, connections: Pool) -> None:
        await shift(connections, NOW, NOW + HOUR_MS)
        await shift(connections, NOW, NOW + 2 * HOUR_MS, site="south")
        await shift(connections, NOW + 3 * HOUR_MS, NOW + 4 * HOUR_MS)
        assert await found(connections, NOW + HOUR_MS - 1) == []
        assert await found(connections, NOW + HOUR_MS) == [(NOBODY_ON_DUTY, "north", NOW + HOUR_MS)]
        assert await found(connections, NOW + 3 * HOUR_MS) == [(NOBODY_ON_DUTY, "south", NOW + 2 * HOUR_MS)]

    async def test_an_account_that_ended_leaves_its_shift_empty(self, connections: Pool) -> None:
        await shift(connections, NOW, NOW + HOUR_MS, name="li")
        async with connections.connection() as conn:
            await conn.execute("update account set disabled = true where username = 'li'")
        assert await found(connections, NOW + MINUTE_MS) == [(NOBODY_ON_DUTY, "north", NOW)]

    async def test_whoever_gives_up_the_roster_is_left_in_peace(self, connections: Pool) -> None:
        tried = await shift(connections, NOW, NOW + HOUR_MS)
        async with connections.connection() as conn:
            await remove(conn, "test", Shift, tried.id)
        assert await found(connections, NOW + 2 * HOUR_MS) == []


class TestAlarms:
    async def test_the_alarm_opens_once_and_ends_when_somebody_comes(
        self, connections: Pool, alarms: PostgresAlarmStore
    ) -> None:
        store = PostgresAuditStore(connections)
        await shift(connections, NOW, NOW + HOUR_MS)
        assert await audit(store, alarms, NOW) is True
        for second in (0, 10, 20):
            await audit(store, alarms, NOW + HOUR_MS + second * 1000)
        assert await active(connections) == [(NOBODY_ON_DUTY, "north", "open")]
        (alarm,) = (await look(connections, NOW)).active
        assert (alarm.count, alarm.severity, alarm.subject, alarm.kind) == (1, "medium", "north", "system")
        await shift(connections, NOW + HOUR_MS, NOW + 2 * HOUR_MS)
        await audit(store, alarms, NOW + HOUR_MS + 25_000)
        assert await active(connections) == []

    async def test_what_people_end_while_it_stands_opens_anew_half_an_hour_later(
        self, connections: Pool, alarms: PostgresAlarmStore
    ) -> None:
        store = PostgresAuditStore(connections)
        stuck = await Desk(alarms).raise_alarm()
        await step(connections, stuck.id, NOW)
        now = NOW + MINUTE_MS
        assert await audit(store, alarms, now) is False
        (alarm,) = (await look(connections, now)).active
        for command in (Acknowledge(), Resolve()):
            await act(alarms, alarm.id, command, "li", now)
        await audit(store, alarms, now + 29 * MINUTE_MS)
        assert await active(connections) == []
        await audit(store, alarms, now + 30 * MINUTE_MS)
        (later,) = (await look(connections, now)).active
        assert (later.previous, later.state) == (alarm.id, "open")

    async def test_while_one_audits_no_other_does(self, connections: Pool, alarms: PostgresAlarmStore) -> None:
        await shift(connections, NOW, NOW + HOUR_MS)
        store = PostgresAuditStore(connections)
        async with store.turn(NOW + HOUR_MS):
            assert await audit(store, alarms, NOW + HOUR_MS) is None
        assert await active(connections) == []
        assert await audit(store, alarms, NOW + HOUR_MS) is True


async def test_promises_that_nothing_plans_any_more_are_an_alarm_while_a_day_is_left(
    connections: Pool, alarms: PostgresAlarmStore
) -> None:
    people: list[tuple[str, ResidentStatus]] = [("north", "active"), ("south", "moved")]
    async with connections.connection() as conn:
        for site, status in people:
            resident = await add_resident(conn, "test", ResidentFields(site=site, name="李奶奶", status=status))
            fields = PlanFields(
                resident=resident.id, name="早安", windows=(WindowTerms(opens="08:00", closes="09:00"),)
            )
            await add_plan(conn, "test", fields, now=NOW)
        assert await found(connections, NOW + DAY_MS) == []
        late = NOW + DAY_MS + 1
        assert await found(connections, late) == [(CHECKS_UNPLANNED, "north", NOW + DAY_MS)], "no planner ever worked"
        await plan_ahead(conn, NOW + HOUR_MS)
        assert await found(connections, late) == []
        late += HOUR_MS
        assert await found(connections, late) == [(CHECKS_UNPLANNED, "north", NOW + DAY_MS + HOUR_MS)]
        assert await audit(PostgresAuditStore(connections), alarms, late) is False
        assert await active(connections) == [(CHECKS_UNPLANNED, "north", "open")]
        await plan_ahead(conn, late)
        assert await audit(PostgresAuditStore(connections), alarms, late + 1) is True
    [alarm] = (await look(connections, late + 2)).active
    assert (alarm.state, alarm.severity, alarm.recovered_at) == ("open", "high", late + 1), "it waits for a person"
