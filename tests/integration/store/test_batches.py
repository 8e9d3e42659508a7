"""The gateway's book: what a rebuild may need is kept, the rest is not kept for ever."""

from __future__ import annotations

import psycopg
import pytest

from gateway.store.batches import (
    BatchRow,
    Snapshot,
    begin_epoch,
    insert_batch,
    is_current_epoch,
    save_snapshot,
    take_ownership,
)
from gateway.store.connection import connect
from tests.support.community import rows


async def test_batches_older_than_both_snapshots_and_the_kept_span_are_dropped(conninfo: str) -> None:
    async with await connect(conninfo, application="test") as connection:
        epoch = await begin_epoch(connection)
        for number in range(1, 11):
            await insert_batch(connection, BatchRow(number, epoch, number * 1_000, number, number, 0, None))
        for number in (3, 6, 9):
            snapshot = Snapshot(number, 0, b"state")
            await save_snapshot(connection, "key", snapshot, keep_since_ms=5_000)
    assert rows(conninfo, "select batch from engine_snapshot order by batch") == [(6,), (9,)]
    assert rows(conninfo, "select number from batch order by number") == [(n,) for n in range(5, 11)]


async def test_a_batch_number_is_taken_once(conninfo: str) -> None:
    async with await connect(conninfo, application="test") as connection:
        epoch = await begin_epoch(connection)
        row = BatchRow(1, epoch, 1, 1, 0, 0, None)
        await insert_batch(connection, row)
        with pytest.raises(psycopg.errors.UniqueViolation):
            await insert_batch(connection, row)


async def test_only_one_gateway_owns_the_engine_and_the_next_one_begins_a_new_epoch(conninfo: str) -> None:
    async with (
        await connect(conninfo, application="first") as first,
        await connect(conninfo, application="2") as second,
    ):
        assert await take_ownership(first)
        epoch = await begin_epoch(first)
        assert not await take_ownership(second)
        await first.close()
        while not await take_ownership(second):
            pass
        await begin_epoch(second)
        assert not await is_current_epoch(second, epoch)
