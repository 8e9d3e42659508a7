"""Where a stretch lies in the store, and that a forgotten book of batches changes no alarm that readings raise."""

from __future__ import annotations

import random

import pytest

from devices.payloads import Heartbeat
from gateway.store import backtest as stored
from gateway.store.backtest import RegistryHistory, pos_before
from gateway.store.connection import connect
from tests.support.community import rows
from tests.support.history import MINUTE, PAST, SECOND, History


async def test_everything_since_a_moment_lies_behind_the_position_that_is_found(
    conninfo: str, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "NEAR", 10)
    monkeypatch.setattr(stored, "_WINDOW", 1)
    chance = random.Random(4)
    came = sorted(chance.randrange(0, 60 * MINUTE) for _ in range(400))
    for i, t in enumerate(came):
        history.add("b0", Heartbeat(t=t, seq=i), travel=0)
    await history.store()
    async with await connect(conninfo, application="test") as connection:
        for moment in (-SECOND, 0, came[0], came[7], came[200] + 1, came[-1], came[-1] + 1, 90 * MINUTE):
            first = 1 + sum(t < moment for t in came)
            found = await pos_before(connection, PAST + moment, len(came) + 1)
            assert first - 10 <= found <= first, moment


async def test_readings_that_retention_removed_lie_before_every_moment(
    conninfo: str, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "NEAR", 10)
    monkeypatch.setattr(stored, "_WINDOW", 4)
    for i in range(100):
        history.add("b0", Heartbeat(t=i * SECOND, seq=i), travel=0)
    await history.store()
    async with await connect(conninfo, application="test") as connection:
        await connection.execute("delete from heartbeat where pos <= 60")
        found = await pos_before(connection, PAST, 101)
        assert 51 <= found <= 61
        assert await pos_before(connection, PAST, 1) == 1


async def test_the_registrys_past_comes_whole_in_order_and_with_its_times(
    conninfo: str, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "_CHANGES_AT_ONCE", 4)
    logged = rows(
        conninfo, "select version, (extract(epoch from at) * 1000)::int8 from registry_change order by version"
    )
    async with await connect(conninfo, application="test") as connection:
        past = RegistryHistory(connection)
        first = await past.reach(PAST - 2 * MINUTE, 6)
        assert [dated.change.version for dated in first] == [version for version, _ in logged[:8]]
        rest = await past.reach(PAST, 0)
        assert [(dated.change.version, dated.at) for dated in (*first, *rest)] == logged
        assert await past.reach(PAST, 2**40) == []
