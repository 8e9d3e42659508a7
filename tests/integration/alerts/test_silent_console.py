"""The silent console over a real database: where a desk should listen, who counts as one, and whom it calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.audit import audit
from alerts.desk import act
from alerts.findings import CONSOLE_SILENT, Look
from alerts.listening import Ear
from alerts.steps import carry_out_due
from alerts.transitions import Acknowledge, Resolve
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from devices.registry import ResidentStatus
from gateway.store.accounts import (
    Account,
    Role,
    account_by_username,
    add_account,
    close_session,
    open_session,
    token_hash,
)
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.audit import DutyHours, PostgresAuditStore
from gateway.store.connection import Connection, pool
from gateway.store.listening import PAGES_OF_A_SESSION, PageState, desks, end_pages, listened, report_page
from gateway.store.registry import add_resident, add_shift, save_site
from gateway.store.registry_records import Post, ResidentFields, ShiftFields, Site
from tests.support.console import NOW

Pool = AsyncConnectionPool[Connection]
ALL_DAY = DutyHours(0, 1440)


class Centre:
    """Two sites in which people live; time moves only when told to."""

    def __init__(self, connections: Pool, unrostered: DutyHours | None = None) -> None:
        self.connections = connections
        self.alarms = PostgresAlarmStore(connections)
        self.unrostered = unrostered
        self.now = NOW
        self.steady = 0
        self.ear = Ear()

    async def person(
        self, role: Role = "duty", *, sites: tuple[str, ...] = ("north",), phone: str | None = None
    ) -> str:
        async with self.connections.connection() as conn:
            name = f"{role}-{uuid4().hex[:6]}"
            return (await add_account(conn, username=name, role=role, sites=sites, phone=phone)).username

    async def session(self, username: str) -> bytes:
        async with self.connections.connection() as conn:
            cursor = await conn.execute("select id from account where username = %s", (username,))
            row = await cursor.fetchone()
            assert row is not None
            return token_hash((await open_session(conn, row[0], NOW)).token)

    async def shift(self, username: str, *, site: str = "north", post: Post = "duty", hours: int = 8) -> None:
        fields = ShiftFields(site=site, account=username, from_ms=NOW, to_ms=NOW + hours * HOUR_MS, role=post)
        async with self.connections.connection() as conn:
            await add_shift(conn, "test", fields)

    async def reports(self, session: bytes, state: PageState = "audible", page: str = "page-0001") -> None:
        async with self.connections.connection() as conn:
            await report_page(conn, session, page, state, self.now)

    async def look(self) -> Look:
        async with PostgresAuditStore(self.connections, unrostered=self.unrostered).turn(self.now) as found:
            assert found is not None
            return found

    async def watched(self) -> list[str]:
        return [each.site for each in (await self.look()).watched]

    async def passes(self, seconds: int, *sessions: bytes, state: PageState = "audible") -> None:
        """Let time pass in tens of seconds: the sessions' pages report, the auditor looks."""
        store = PostgresAuditStore(self.connections, unrostered=self.unrostered)
        for _ in range(0, seconds, 10):
            self.now += 10_000
            self.steady += 10_000
            for each in sessions:
                await self.reports(each, state)
            await audit(store, self.alarms, self.now, ear=self.ear, steady_ms=self.steady)

    async def silent(self) -> list[tuple[str, str]]:
        return [(each.site, each.state) for each in (await self.look()).active if each.rule == CONSOLE_SILENT]


@pytest.fixture
async def connections(conninfo: str) -> AsyncIterator[Pool]:
    async with pool(conninfo, application="anxin test listening") as opened:
        async with opened.connection() as conn:
            people: list[tuple[str, ResidentStatus]] = [("north", "active"), ("south", "active"), ("empty", "moved")]
            for key, status in people:
                await save_site(conn, "test", Site(id=key, name=key), create=True)
                await add_resident(conn, "test", ResidentFields(site=key, name="李奶奶", status=status))
        yield opened


@pytest.fixture
def centre(connections: Pool) -> Centre:
    return Centre(connections)


class TestWhereADeskShouldListen:
    async def test_only_while_a_shift_runs(self, centre: Centre) -> None:
        await centre.shift(await centre.person())
        assert await centre.watched() == ["north"]
        centre.now = NOW - 1
        assert await centre.watched() == []
        centre.now = NOW + 8 * HOUR_MS
        assert await centre.watched() == [], "nobody on duty is another alarm"

    async def test_not_where_nobody_lives(self, centre: Centre) -> None:
        await centre.shift(await centre.person(sites=("empty",)), site="empty")
        assert await centre.watched() == []

    async def test_not_where_nobody_could_listen(self, centre: Centre) -> None:
        await centre.shift(await centre.person("responder"))
        assert await centre.watched() == []

    async def test_a_site_without_a_roster_is_left_alone_unless_hours_are_set(self, centre: Centre) -> None:
        duty = await centre.session(await centre.person())
        await centre.reports(duty)
        assert await centre.watched() == []
        centre.unrostered = ALL_DAY
        assert await centre.watched() == ["north"], "in the south no desk has ever listened"

    async def test_the_hours_are_those_of_the_site_also_over_midnight(self, centre: Centre) -> None:
        await centre.reports(await centre.session(await centre.person()))
        day, night = DutyHours(8 * 60, 20 * 60), DutyHours(20 * 60, 8 * 60)
        for hour, hours in ((7, night), (8, day), (19, day), (20, night), (0, night)):
            centre.now = round(datetime(2025, 6, 20, (hour - 8) % 24, tzinfo=UTC).timestamp() * 1000)
            for tried in (day, night):
                centre.unrostered = tried
                assert await centre.watched() == (["north"] if tried == hours else []), (hour, tried)

    async def test_hours_do_not_count_where_a_roster_says_when(self, centre: Centre) -> None:
        centre.unrostered = ALL_DAY
        duty = await centre.person()
        await centre.reports(await centre.session(duty))
        await centre.shift(duty, hours=1)
        centre.now = NOW + 2 * HOUR_MS
        assert await centre.watched() == []


class TestWhoCountsAsADesk:
    @pytest.mark.parametrize("state", ["muted", "no_sound", "no_stream", "frozen"])
    async def test_a_page_that_would_not_be_heard_is_none(self, centre: Centre, state: PageState) -> None:
        duty = await centre.person()
        session = await centre.session(duty)
        await centre.shift(duty)
        await centre.passes(100, session)
        await centre.passes(40, session, state=state)
        assert await centre.silent() == [("north", "open")]

    async def test_a_page_that_asks_again_and_again_is_one(self, centre: Centre) -> None:
        duty = await centre.person()
        session = await centre.session(duty)
        await centre.shift(duty)
        await centre.passes(300, session, state="polling")
        assert await centre.silent() == []

    @pytest.mark.parametrize("role", ["responder", "auditor"])
    async def test_who_goes_out_or_looks_on_is_none(self, centre: Centre, role: Role) -> None:
        await centre.shift(await centre.person())
        await centre.passes(100, await centre.session(await centre.person(role)))
        assert await centre.silent() == [("north", "open")]

    async def test_a_desk_of_another_site_is_none_and_one_of_all_sites_is(self, centre: Centre) -> None:
        await centre.shift(await centre.person())
        await centre.passes(100, await centre.session(await centre.person(sites=("south",))))
        assert await centre.silent() == [("north", "open")]
        await centre.passes(10, await centre.session(await centre.person("admin", sites=())))
        assert await centre.silent() == []

    async def test_of_two_desks_one_is_enough(self, centre: Centre) -> None:
        duty, other = await centre.person(), await centre.person()
        await centre.shift(duty)
        both = [await centre.session(duty), await centre.session(other)]
        await centre.passes(100, *both)
        await centre.passes(300, both[1])
        assert await centre.silent() == []

    async def test_whoever_signs_out_leaves_the_desk(self, centre: Centre) -> None:
        duty = await centre.person()
        await centre.shift(duty)
        session = await centre.session(duty)
        await centre.passes(100, session)
        async with centre.connections.connection() as conn:
            await close_session(conn, session)
            cursor = await conn.execute("select count(*) from console_page")
            assert await cursor.fetchone() == (0,)
        await centre.passes(40)
        [alarm] = (await centre.look()).active
        assert alarm.event_time == NOW + 100_000, "when it was last heard is known all the same"


class TestTheAlarm:
    async def test_it_comes_once_and_ends_by_itself(self, centre: Centre) -> None:
        duty = await centre.person()
        await centre.shift(duty)
        session = await centre.session(duty)
        await centre.passes(100, session)
        await centre.passes(300)
        [alarm] = [each for each in (await centre.look()).active if each.rule == CONSOLE_SILENT]
        assert (alarm.state, alarm.count, alarm.kind, alarm.subject) == ("open", 1, "system", "north")
        await centre.passes(10, session)
        assert await centre.silent() == []

    async def test_what_people_end_while_nobody_listens_comes_back_after_half_an_hour(self, centre: Centre) -> None:
        await centre.shift(await centre.person())
        await centre.passes(100)
        [alarm] = (await centre.look()).active
        for command in (Acknowledge(), Resolve()):
            await act(centre.alarms, alarm.id, command, "li", centre.now)
        await centre.passes(29 * 60)
        assert await centre.silent() == []
        await centre.passes(60)
        assert await centre.silent() == [("north", "open")]

    async def test_a_restart_raises_nothing_and_ends_nothing(self, centre: Centre) -> None:
        duty = await centre.person()
        await centre.shift(duty)
        session = await centre.session(duty)
        await centre.passes(100, session)
        centre.now += 5 * MINUTE_MS
        centre.ear = Ear()
        await centre.passes(60)
        assert await centre.silent() == [], "browsers come back by and by"
        await centre.passes(10)
        assert await centre.silent() == [("north", "open")]
        centre.ear = Ear()
        await centre.passes(60)
        assert await centre.silent() == [("north", "open")]

    async def test_a_clock_that_is_set_raises_nothing(self, centre: Centre) -> None:
        duty = await centre.person()
        await centre.shift(duty, hours=24)
        session = await centre.session(duty)
        await centre.passes(100, session)
        for hours in (3, -2):
            centre.now += hours * HOUR_MS
            await centre.passes(20)
            await centre.passes(60, session)
        assert await centre.silent() == []

    async def test_two_auditors_raise_it_once(self, centre: Centre) -> None:
        await centre.shift(await centre.person())
        second = Centre(centre.connections)
        for _ in range(20):
            await centre.passes(10)
            second.now = centre.now - 10_000
            await second.passes(10)
        async with centre.connections.connection() as conn:
            cursor = await conn.execute("select count(*) from alarm where rule = %s", (CONSOLE_SILENT,))
            assert await cursor.fetchone() == (1,)

    async def test_it_calls_duty_and_supervisor_in_the_night_too(self, centre: Centre) -> None:
        duty = await centre.person(phone="13800000001")
        chief = await centre.person("supervisor", phone="13800000002")
        await centre.shift(duty)
        await centre.shift(chief, post="supervisor")
        await centre.passes(100)
        raised = centre.now
        for second in (0, 60, 120, 130):
            await carry_out_due(centre.alarms, raised + second * 1000)
        async with centre.connections.connection() as conn:
            cursor = await conn.execute("select recipient, channel, template from message order by channel, recipient")
            told = await cursor.fetchall()
        assert told == [
            ("13800000001", "sms", "system"),
            ("13800000002", "sms", "system"),
            ("13800000002", "voice", "system"),
        ]


class TestDesks:
    async def test_a_browser_is_one_desk_with_the_best_of_its_pages(self, centre: Centre) -> None:
        duty = await centre.person()
        own, other = await centre.session(duty), await centre.session(await centre.person())
        await centre.reports(own, "no_sound", "page-0001")
        await centre.reports(own, "audible", "page-0002")
        await centre.reports(other, "muted")
        await centre.reports(await centre.session(await centre.person(sites=("south",))))
        async with centre.connections.connection() as conn:
            account = await _account(conn, duty)
            found = await desks(conn, account, own, NOW)
            assert [(each.state, each.own) for each in found] == [("audible", True), ("muted", False)]
            assert [(each.site, each.desks, each.heard_ms) for each in await listened(conn, NOW)] == [
                ("empty", 0, None),
                ("north", 1, NOW),
                ("south", 1, NOW),
            ]
            assert await desks(conn, account, own, NOW + MINUTE_MS) == []
            assert {each.desks for each in await listened(conn, NOW + MINUTE_MS)} == {0}

    async def test_since_when_lasts_as_long_as_the_state(self, centre: Centre) -> None:
        duty = await centre.person()
        session = await centre.session(duty)
        async with centre.connections.connection() as conn:
            account = await _account(conn, duty)
            states: list[tuple[PageState, int]] = [("audible", 0), ("audible", 0), ("muted", 20_000)]
            for i, (state, since) in enumerate(states):
                centre.now = NOW + 10_000 * i
                await centre.reports(session, state)
                [desk] = await desks(conn, account, session, centre.now)
                assert desk.since - NOW == since

    async def test_a_browser_cannot_fill_the_table_and_old_pages_go(self, centre: Centre) -> None:
        session = await centre.session(await centre.person())
        for i in range(PAGES_OF_A_SESSION + 5):
            centre.now = NOW + i
            await centre.reports(session, page=f"page-{i:04}")
        async with centre.connections.connection() as conn:
            cursor = await conn.execute("select min(page), count(*) from console_page")
            assert await cursor.fetchone() == ("page-0005", PAGES_OF_A_SESSION)
            assert await end_pages(conn, NOW + 6) == 1
            assert await end_pages(conn, NOW + DAY_MS) == PAGES_OF_A_SESSION - 1


async def _account(conn: Connection, username: str) -> Account:
    found = await account_by_username(conn, username)
    assert found is not None
    return found
