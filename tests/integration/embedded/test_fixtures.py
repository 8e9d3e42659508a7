from __future__ import annotations

import psycopg


async def _tables(conninfo: str) -> set[str]:
    connection = await psycopg.AsyncConnection.connect(conninfo)
    async with connection:
        cursor = await connection.execute("select tablename from pg_tables where schemaname = 'public'")
        return {name for (name,) in await cursor.fetchall()}


async def test_a_test_has_a_migrated_database_of_its_own(conninfo: str) -> None:
    assert {"alarm", "device", "message"} <= await _tables(conninfo)
    connection = await psycopg.AsyncConnection.connect(conninfo)
    async with connection:
        await connection.execute("create table mine ()")


async def test_no_test_sees_what_another_has_done(conninfo: str) -> None:
    assert "mine" not in await _tables(conninfo)


async def test_an_empty_database_has_no_table(empty_conninfo: str) -> None:
    assert await _tables(empty_conninfo) == set()
