"""Many records at once: all or nothing, numbered one by one, and only on the registry that was planned for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.store.connection import Connection, connect
from gateway.store.registry import save_site
from gateway.store.registry.bulk import RefusedLine, RegistryMoved, snapshot, write
from gateway.store.registry_bulk import Bulk, ResidentRow
from gateway.store.registry_log import changes_since, current_version
from gateway.store.registry_records import Resident, ResidentFields, Site

NOW = 1_750_000_000_000


@pytest.fixture
async def conn(conninfo: str) -> AsyncIterator[Connection]:
    async with await connect(conninfo, application="bulk test") as connection:
        await save_site(connection, "test", Site(id="north", name="北社区"), create=True)
        yield connection


def _people(count: int, *, site: str = "north") -> Bulk:
    rows = [
        ResidentRow(line=n, id=f"r{n}", new=True, fields=ResidentFields(site=site, name=f"长者{n}"))
        for n in range(count)
    ]
    return Bulk(residents=rows)


async def test_each_record_has_its_own_number_in_the_log(conn: Connection) -> None:
    before = await current_version(conn)
    await write(conn, "mei", _people(1000), version=before, now=NOW)
    changes = await changes_since(conn, before)
    assert [change.version for change in changes] == list(range(before + 1, before + 1001))
    assert [change.key for change in changes] == [f"r{n}" for n in range(1000)]
    await conn.execute("update resident set name = case when id = 'r7' then '新名' else name end")
    assert [change.key for change in await changes_since(conn, before + 1000)] == ["r7"]
    await conn.execute("delete from resident where id in ('r1', 'r2')")
    gone = await changes_since(conn, before + 1001)
    assert sorted((change.key, change.record) for change in gone) == [("r1", None), ("r2", None)]
    await conn.execute("delete from resident where id = 'nobody'")
    assert await current_version(conn) == before + 1003


async def test_what_was_planned_for_another_registry_is_not_written(conn: Connection) -> None:
    known = await snapshot(conn, [])
    await conn.execute("insert into resident (site, name) values ('north', '别人')")
    with pytest.raises(RegistryMoved):
        await write(conn, "mei", _people(3), version=known.version, now=NOW)
    assert [each.name for each in (await snapshot(conn, [])).records(Resident)] == ["别人"]


async def test_of_two_writers_at_once_one_plans_again(conn: Connection, conninfo: str) -> None:
    version = await current_version(conn)
    async with await connect(conninfo, application="other") as other:
        answers = await asyncio.gather(
            write(conn, "a", _people(200), version=version, now=NOW),
            write(other, "b", _people(200), version=version, now=NOW),
            return_exceptions=True,
        )
    assert [type(answer) for answer in answers if answer is not None] == [RegistryMoved]
    assert len((await snapshot(conn, [])).records(Resident)) == 200


async def test_a_row_that_the_database_refuses_is_named_and_nothing_is_written(conn: Connection) -> None:
    await conn.execute("alter table resident add constraint never check (name <> '长者123')")
    with pytest.raises(RefusedLine) as caught:
        await write(conn, "mei", _people(300), version=await current_version(conn), now=NOW)
    assert caught.value.line == 123
    assert (await snapshot(conn, [])).records(Resident) == []
