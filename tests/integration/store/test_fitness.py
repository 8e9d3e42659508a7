"""A database that cannot be used is refused in words that say what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gateway.store.connection import connect, pool
from gateway.store.fitness import Server, UnfitDatabaseError, complaint_about, connect_to_fit
from gateway.store.migrate import migrate
from tests.support.community import rows
from tests.support.postgres import PostgresServer

FIT = Server("18.6", 18, "UTF8", False, False, "anxin", "public", True, None, True)


@pytest.fixture
def admin(postgres_server: PostgresServer) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_server.superuser_conninfo, autocommit=True) as connection:
        yield connection


async def refusal(conninfo: str) -> str:
    with pytest.raises(UnfitDatabaseError) as caught:
        await migrate(conninfo)
    return str(caught.value)


async def test_a_wrong_password_is_named_and_never_shown(empty_conninfo: str) -> None:
    told = await refusal(make_conninfo(empty_conninfo, password="Geheimnis-17"))
    assert "the password is wrong" in told
    assert "Geheimnis" not in told


async def test_an_address_that_cannot_be_read_is_not_shown_either() -> None:
    told = await refusal("postgresql://anxin:Geheimnis-17@host/db?nonsense=1")
    assert "postgresql://USER:PASSWORD@HOST:PORT/DATABASE" in told
    assert "Geheimnis" not in told


async def test_a_host_where_nobody_answers_is_named(free_port: Callable[[], int]) -> None:
    told = await refusal(f"postgresql://anxin:secret@127.0.0.1:{free_port()}/anxin")
    assert "nobody answers there" in told
    assert "listen_addresses" in told


async def test_a_database_that_is_not_there_is_named(empty_conninfo: str) -> None:
    assert "make the database" in await refusal(make_conninfo(empty_conninfo, dbname="no-such"))


async def test_an_account_that_may_not_make_tables_is_told_which_right_it_lacks(
    empty_conninfo: str, admin: psycopg.Connection
) -> None:
    with psycopg.connect(empty_conninfo) as owner:
        owner.execute("revoke create on schema public from public")
        owner.execute("revoke create on schema public from pg_database_owner")
    told = await refusal(empty_conninfo)
    assert 'may not make tables in the schema "public"' in told
    assert "grant usage, create on schema" in told


async def test_tables_of_another_account_are_named_with_their_owner(conninfo: str, admin: psycopg.Connection) -> None:
    name = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
    admin.execute("create role visitor login password 'visitor'")
    try:
        with psycopg.connect(conninfo) as owner:
            owner.execute("grant create, usage on schema public to visitor")
        told = await refusal(make_conninfo(conninfo, user="visitor", password="visitor"))
        with psycopg.connect(conninfo) as owner:
            owner.execute("revoke all on schema public from visitor")
    finally:
        admin.execute("drop role visitor")
    assert 'the tables belong to "anxin"' in told, name


async def test_another_encoding_is_refused(postgres_server: PostgresServer, admin: psycopg.Connection) -> None:
    admin.execute(
        "create database latin owner anxin encoding 'LATIN1' locale 'C' locale_provider libc template template0"
    )
    try:
        told = await refusal(postgres_server.conninfo("latin"))
    finally:
        admin.execute("drop database latin with (force)")
    assert "encoded in LATIN1" in told
    assert "encoding 'UTF8'" in told


async def test_a_read_only_database_is_refused(conninfo: str) -> None:
    told = await refusal(make_conninfo(conninfo, options="-c default_transaction_read_only=on"))
    assert "default_transaction_read_only = off" in told


def test_an_old_server_and_a_standby_are_refused_and_a_fit_one_is_not() -> None:
    assert complaint_about(FIT) is None
    assert "version 15 or newer" in str(complaint_about(FIT._replace(major=14, version="14.9")))
    assert "name the primary" in str(complaint_about(FIT._replace(standby=True)))


async def test_the_habits_of_a_foreign_server_change_nothing(conninfo: str) -> None:
    database = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
    with psycopg.connect(conninfo, autocommit=True) as owner:
        for habit in (
            "timezone = 'America/New_York'",
            "datestyle = 'SQL, DMY'",
            "idle_in_transaction_session_timeout = 0",
        ):
            owner.execute(sql.SQL("alter database {} set " + habit).format(sql.Identifier(str(database))))
    assert rows(conninfo, "show datestyle") == [("SQL, DMY",)]
    asked = "select current_setting('timezone'), current_setting('datestyle'), now()"
    async with (
        await connect_to_fit(conninfo, application="a") as one,
        await connect(conninfo, application="b") as other,
    ):
        for connection in (one, other):
            row = await (await connection.execute(asked)).fetchone()
            assert row is not None
            assert row[:2] == ("UTC", "ISO, YMD")
        await one.rollback()
        row = await (await one.execute(asked)).fetchone()
        assert row is not None
        assert row[0] == "UTC", "a rollback does not bring the habits back"
    async with pool(conninfo, application="c") as opened, opened.connection() as connection:
        row = await (await connection.execute("show idle_in_transaction_session_timeout")).fetchone()
        assert row == ("5s",)
