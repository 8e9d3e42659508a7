"""Nobody edits the audit log: the database refuses it, and the chain shows what was done behind its back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from structlog.testing import capture_logs

from anxin.settings import KeepDays
from anxin.upkeep import JOBS
from devices.clock import DAY_MS, SystemClock
from gateway.store.audit_chain import START, Head, Verified, head_of, verify
from gateway.store.audit_log import Entry, append, end_audit
from gateway.store.connection import Connection, connect
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).parents[3]
NOW = SystemClock().now_ms()
LONG_AGO = 1_577_880_000_000
"""January 2020."""


@pytest.fixture
async def conn(conninfo: str) -> AsyncIterator[Connection]:
    async with await connect(conninfo, application="audit test") as connection:
        yield connection


def look(at: int = NOW, resident: str | None = None, purpose: str | None = None) -> Entry:
    return Entry(act="look", at=at, actor="li", what="track", resident=resident, purpose=purpose)


async def months(conn: Connection, *ats: int) -> None:
    for at in ats:
        await append(conn, [look(at)])


async def numbers(conn: Connection) -> list[int]:
    return [row[0] for row in await (await conn.execute("select n from audit_entry order by n")).fetchall()]


async def behind_its_back(conn: Connection, statement: str) -> None:
    """As an owner of the database who switches the triggers off."""
    async with conn.transaction():
        await conn.execute(
            "alter table audit_entry disable trigger user; alter table audit_piece disable trigger user", prepare=False
        )
        await conn.execute(statement.encode(), prepare=False)
        await conn.execute(
            "alter table audit_entry enable trigger user; alter table audit_piece enable trigger user", prepare=False
        )


async def test_an_empty_log_holds(conn: Connection) -> None:
    assert await verify(conn) == Verified(0, 0, 0, START.hex(), None)


async def test_entries_are_chained_in_their_order(conn: Connection) -> None:
    await append(conn, [look(resident="r1", purpose="换药 “急”"), Entry(act="signin", at=NOW, detail={"by": "link"})])
    await append(conn, [look()])
    told = await verify(conn)
    assert (told.entries, told.n, told.broken) == (3, 3, None)


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entry set actor = 'wang'",
        "update audit_entry set actor = 'wang' where n = 99",
        "delete from audit_entry",
        "truncate audit_entry",
        "truncate audit_piece cascade",
        "delete from audit_piece",
        "insert into audit_piece (piece, month, first_n, anchor) values (9, '2020-01', 9, '')",
        "update audit_piece set ended_at = now(), last_n = 2, head = (select hash from audit_entry where n = 2)",
        "truncate registry_change",
        "delete from registry_change",
        "update registry_change set actor = 'wang'",
    ],
)
async def test_the_database_refuses_every_change(conn: Connection, statement: str) -> None:
    await append(conn, [look(), look()])
    await conn.execute("insert into site (id, name) values ('north', 'North')")
    before = await verify(conn)
    with pytest.raises(psycopg.errors.RestrictViolation):
        await conn.execute(statement.encode(), prepare=False)
    assert await verify(conn) == before
    assert (await (await conn.execute("select count(*) from registry_change where actor is null")).fetchone()) == (1,)


async def test_numbers_and_hashes_are_the_databases_own(conn: Connection) -> None:
    await conn.execute("insert into audit_entry (n, piece, at_ms, act, hash) values (77, 5, 1, 'look', '\\x00')")
    assert (await numbers(conn), (await verify(conn)).broken) == ([1], None)


@pytest.mark.parametrize(
    ("statement", "n"),
    [
        ("update audit_entry set actor = 'wang' where n = 2", 2),
        ("update audit_entry set at_ms = at_ms + 1 where n = 3", 3),
        ("delete from audit_entry where n = 2", 2),
        ("update audit_entry set hash = sha256('') where n = 1", 1),
        ("update audit_piece set anchor = ''", 1),
        ("delete from audit_entry where n < 3; update audit_piece set first_n = 3", 1),
    ],
)
async def test_the_chain_shows_the_first_entry_that_was_tampered_with(conn: Connection, statement: str, n: int) -> None:
    await append(conn, [look() for _ in range(4)])
    await behind_its_back(conn, statement)
    broken = (await verify(conn)).broken
    assert broken is not None
    assert broken.n == n


async def test_an_end_that_was_cut_off_shows_against_a_head_that_was_kept(conn: Connection) -> None:
    await append(conn, [look() for _ in range(3)])
    kept = await verify(conn)
    await append(conn, [look()])
    assert (await verify(conn, Head(kept.n, kept.head))).broken is None
    await behind_its_back(conn, "delete from audit_entry where n > 2")
    assert (await verify(conn)).broken is None
    broken = (await verify(conn, Head(kept.n, kept.head))).broken
    assert broken is not None
    assert broken.n == 3


async def test_a_log_that_was_written_anew_shows_against_a_head_that_was_kept(conn: Connection) -> None:
    await append(conn, [look() for _ in range(2)])
    kept = await verify(conn)
    await behind_its_back(conn, "delete from audit_entry; delete from audit_piece")
    await append(conn, [look(resident="other"), look()])
    broken = (await verify(conn, Head(kept.n, kept.head))).broken
    assert broken is not None
    assert broken.n == 2


async def test_writers_at_once_make_one_chain(conninfo: str, conn: Connection) -> None:
    async def write(count: int) -> None:
        async with await connect(conninfo, application="writer") as own:
            for _ in range(count):
                await append(own, [look()])

    await asyncio.gather(*(write(10) for _ in range(4)))
    assert await numbers(conn) == list(range(1, 41))
    assert (await verify(conn)).broken is None


async def test_the_head_on_a_sheet_of_paper_shows_an_end_that_was_cut_off_and_a_log_written_anew(
    conn: Connection,
) -> None:
    assert await head_of(conn) is None
    await append(conn, [look() for _ in range(3)])
    printed = str(await head_of(conn))
    assert printed.startswith("3:")
    assert len(printed) == len("3:0000-0000-0000-0000-0000")
    await append(conn, [look()])
    kept = Head.parse(printed.upper())
    assert (await verify(conn, kept))[-2:] == (None, True)
    forged = Head.parse(printed[:-1] + ("0" if printed[-1] != "0" else "1"))
    assert (await verify(conn, forged)).broken is not None
    await behind_its_back(conn, "delete from audit_entry where n > 2")
    assert (await verify(conn)).broken is None
    assert (await verify(conn, kept)).broken is not None


async def test_the_head_is_said_in_a_log_outside_of_the_database_each_day(conn: Connection) -> None:
    [job] = [each for each in JOBS if each.name == "audit head said"]
    assert job.every == timedelta(days=1)
    await append(conn, [look()])
    head = await head_of(conn)
    assert head is not None
    with capture_logs() as said:
        await job.work(conn, NOW, KeepDays())
    assert [each["head"] for each in said] == [f"{head.n}:{head.hash}"]


async def test_a_head_whose_entry_has_ended_is_said_to_be_no_proof(conn: Connection) -> None:
    await months(conn, LONG_AGO)
    kept = await head_of(conn)
    await months(conn, LONG_AGO + DAY_MS, NOW)
    await end_audit(conn, NOW)
    assert (await verify(conn, kept))[-2:] == (None, False)


@pytest.mark.parametrize("text", ["3", "3:9f2c", "x:" + "0" * 20, "3:" + "g" * 20, "3:" + "0" * 65])
def test_what_is_too_short_to_prove_anything_is_no_head(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        Head.parse(text)


async def test_whoever_holds_the_log_holds_up_no_entry_for_long(conninfo: str, conn: Connection) -> None:
    async with await connect(conninfo, application="stuck") as stuck, stuck.transaction():
        await stuck.execute("select pg_advisory_xact_lock(hashtextextended('anxin audit log', 0))")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await append(conn, [look()])
    await append(conn, [look()])
    assert await numbers(conn) == [1]


async def test_whole_months_end_oldest_first_and_leave_their_anchor(conn: Connection) -> None:
    await months(conn, LONG_AGO, LONG_AGO + DAY_MS, LONG_AGO + 40 * DAY_MS, NOW)
    assert await end_audit(conn, LONG_AGO + DAY_MS) == 0, "its newest entry is not older"
    assert await end_audit(conn, LONG_AGO + 2 * DAY_MS) == 2
    told = await verify(conn)
    assert (told.entries, told.pieces_ended, told.n, told.broken) == (2, 1, 4, None)
    assert await end_audit(conn, NOW + DAY_MS) == 1, "what is younger than half a year stays, whatever is asked"
    assert (await verify(conn)).broken is None
    await append(conn, [look()])
    assert await numbers(conn) == [4, 5]


async def test_a_clock_that_was_set_wrong_does_not_break_the_chain(conn: Connection) -> None:
    await months(conn, NOW, NOW + 4000 * DAY_MS, NOW, LONG_AGO)
    assert (await verify(conn)).broken is None


def as_superuser(server: PostgresServer, conninfo: str) -> psycopg.Connection:
    name = conninfo_to_dict(conninfo)["dbname"]
    return psycopg.connect(make_conninfo(server.superuser_conninfo, dbname=name), autocommit=True)


async def test_what_applies_changes_of_elsewhere_is_refused_too(
    postgres_server: PostgresServer, conninfo: str, conn: Connection
) -> None:
    await append(conn, [look()])
    with as_superuser(postgres_server, conninfo) as replica:
        replica.execute("set session_replication_role = replica")
        with pytest.raises(psycopg.errors.RestrictViolation):
            replica.execute("delete from audit_entry")


OWNER_OF_ITS_OWN = """
create role anxin_audit;
grant usage on schema public to anxin_audit;
alter table audit_entry owner to anxin_audit;
alter table audit_piece owner to anxin_audit;
alter function chain_audit() owner to anxin_audit;
alter function end_audit_piece(bigint) owner to anxin_audit;
grant select, insert on audit_entry to anxin;
grant select on audit_piece to anxin;
"""


async def test_with_an_owner_of_its_own_the_log_is_out_of_the_programs_reach(
    postgres_server: PostgresServer, conninfo: str, conn: Connection
) -> None:
    advised = OWNER_OF_ITS_OWN.strip()
    assert advised in (ROOT / "docs" / "operations.md").read_text("utf-8")
    with as_superuser(postgres_server, conninfo) as superuser:
        try:
            superuser.execute(advised.encode())
            await append(conn, [look(LONG_AGO), look()])
            assert await end_audit(conn, NOW) == 1
            assert (await verify(conn)).n == 2
            for statement in (
                "alter table audit_entry disable trigger user",
                "delete from audit_entry",
                "update audit_piece set month = ''",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    await conn.execute(statement)
        finally:
            superuser.execute(
                "reassign owned by anxin_audit to anxin; drop owned by anxin_audit; drop role anxin_audit"
            )
