"""Design rules 6 and 7: the engine and the transaction are one, whatever happens around the COMMIT."""

from __future__ import annotations

from functools import partial
from typing import Literal

import psycopg
import pytest

from devices.clock import SystemClock
from gateway.recovery import recover
from gateway.store.connection import connect
from tests.support.brokers import RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.cutting_proxy import cutting_proxy
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms


def _stored(conninfo: str, count: int) -> bool:
    return bool(one(conninfo, "select count(*) from position") == count)


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_commit_whose_outcome_is_unknown_happens_exactly_once(
    conninfo: str, mosquitto: RunningBroker, cut: Literal["before", "after"]
) -> None:
    seed_community(conninfo)
    with connected(mosquitto, mosquitto.site("s1")) as band:
        band.subscribe("anxin/v1/s1/+/receipt")
        async with cutting_proxy(conninfo) as proxy, running_gateway(proxy.conninfo, mosquitto):
            for round_ in range(3):
                t = NOW()
                band.publish("anxin/v1/s1/b0/position", encoded(t=t, seq=round_, lat=31.2, lon=121.4))
                await eventually(partial(_stored, conninfo, round_ + 1), "fix stored")
                proxy.cut_next = cut
                band.publish(f"anxin/v1/s1/b{round_}/sos", encoded(t=t, seq=round_))
                await eventually(lambda: not band.arrivals.empty() and band.receive(), "the receipt of the press")
            assert proxy.cuts == 3
    assert one(conninfo, "select count(*) from sos") == 3
    assert rows(conninfo, "select state, (object ->> 'count')::int from alarm") == [("open", 1)] * 3
    numbers = [n for (n,) in rows(conninfo, "select number from batch order by number")]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_an_engine_rebuilt_from_the_database_equals_the_one_that_ran(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    t = NOW() - 300_000
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            for i in range(40):
                far = 31.2 + (0.02 if 10 < i < 30 else 0)
                fix = encoded(t=t + i * 5_000, seq=i, lat=far, lon=121.4, accuracy_m=5)
                band.publish(f"anxin/v1/s1/b{i % 2}/position", fix)
                band.publish(f"anxin/v1/s1/b{i % 3}/heartbeat", encoded(t=t + i * 5_000, seq=i, battery_pct=40 - i))
                if i == 20:
                    with psycopg.connect(conninfo) as connection:
                        connection.execute("update resident set status = 'away' where id = 'r1'")
            band.publish("anxin/v1/s1/b2/sos", encoded(t=t, seq=99))
            await eventually(lambda: one(conninfo, "select count(*) from sos") == 1, "the press")
            await eventually(lambda: one(conninfo, "select count(*) from heartbeat") == 40, "the heartbeats")
    assert one(conninfo, "select count(*) from alarm where rule = 'wandering.zone_exit'") >= 1
    # The gateway left a snapshot when it stopped; without it the same state must come out of the batches alone.
    left = one(conninfo, "select state from engine_snapshot order by batch desc limit 1")
    async with await connect(conninfo, application="test") as connection_:
        assert (await recover(connection_, NOW())).engine.snapshot() == left
        await connection_.execute("delete from engine_snapshot")
        assert (await recover(connection_, NOW())).engine.snapshot() == left
