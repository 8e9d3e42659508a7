"""The writer's connection may be lost at any moment; what it was told to commit is committed once."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from gateway.errors import OwnershipLostError
from gateway.store.batches import BatchRow, insert_batch
from gateway.store.connection import Connection
from gateway.writer import Writer
from tests.support.community import one


async def test_a_gateway_that_was_stopped_in_its_transaction_for_too_long_commits_it_afterwards(conninfo: str) -> None:
    attempts = []

    async def write(connection: Connection) -> str:
        attempts.append(connection)
        if len(attempts) == 1:
            for limit in ("0", "50ms"):  # the minute that runs already must be stopped first
                await connection.execute(f"set local transaction_timeout = '{limit}'".encode())
            await asyncio.sleep(0.5)  # as if stopped: the server ends the transaction meanwhile
        await insert_batch(connection, row)
        return "done"

    writer = Writer(conninfo)
    await writer.open()
    row = BatchRow(1, writer.epoch, 0, 1, 0, 0, None)
    assert await writer.commit(row, write) == "done"
    await writer.close()
    assert len(attempts) == 2
    assert one(conninfo, "select count(*) from batch") == 1


async def test_a_gateway_whose_successor_has_taken_over_ends_instead_of_waiting_for_it(conninfo: str) -> None:
    first, second = Writer(conninfo), Writer(conninfo)
    await first.open()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'anxin gateway' and datname = current_database()"
        )
    await second.open()
    row = BatchRow(1, first.epoch, 0, 1, 0, 0, None)
    async with asyncio.timeout(30):
        with pytest.raises(OwnershipLostError):
            await first.commit(row, lambda connection: insert_batch(connection, row))
    await second.close()
    assert one(conninfo, "select count(*) from batch") == 0


async def test_no_batch_keeps_its_row_locks_for_more_than_a_minute(conninfo: str) -> None:
    async def longest(connection: Connection) -> str:
        row = await (await connection.execute("show transaction_timeout")).fetchone()
        assert row is not None
        return str(row[0])

    writer = Writer(conninfo)
    assert await writer.ask(longest) == "1min"
    await writer.close()


async def test_nobody_keeps_a_transaction_open_at_rest(conninfo: str) -> None:
    assert one(conninfo, "show idle_in_transaction_session_timeout") == "15s"
