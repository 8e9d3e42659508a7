"""Whenever the gateway is killed, the alarms are those of an engine that never stopped (design rule 7)."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import psycopg
import pytest

from alerts.alarm import episode_id
from alerts.engine import Engine, Rule, What
from devices.clock import SystemClock
from gateway.directory import TAKEN, Directory
from gateway.recovery import recover
from gateway.store.batches import batches_after
from gateway.store.connection import Connection, connect
from gateway.store.loading import load_readings
from gateway.store.registry_log import changes_since, records_now
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import HOME_LAT, HOME_LON, one, rows, seed_community
from tests.support.gateway import encoded, eventually
from tests.support.gateway_process import PATIENCE_S, gateway_process

pytestmark = pytest.mark.timeout(400)

PEOPLE = 40
ROUNDS = 60
ROUND_MS = 5_000
KILLS = 3
NOW = SystemClock().now_ms


class Community:
    """Everybody reports in rounds five seconds apart, all within the last minutes; each has trouble at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._start = NOW() - ROUNDS * ROUND_MS
        self._round = 0
        self.sent = 0

    async def rounds(self, count: int) -> None:
        """The next rounds of everybody."""
        for _ in range(count):
            for person in range(PEOPLE):
                self._report(person)
            self._round += 1
            await asyncio.sleep(0.02)

    def _report(self, person: int) -> None:
        t, topic = self._start + self._round * ROUND_MS, f"anxin/v1/s1/b{person}"
        away = 0.02 if person % 3 == 0 and self._round >= 5 + person else 0.0
        fix = {"lat": HOME_LAT + away, "lon": HOME_LON, "accuracy_m": 8}
        self._publish(f"{topic}/position", t=t, seq=self._round, **fix)
        if person % 4 == 1:
            self._publish(f"{topic}/heartbeat", t=t, seq=self._round, battery_pct=60 - self._round)
        if person % 5 == 2 and self._round == 7 + person:
            self._publish(f"{topic}/sos", t=t, seq=self._round)
        if person % 7 == 3 and self._round == 12 + person:
            self._publish(f"{topic}/fall", t=t, seq=self._round, confidence=0.9)

    def _publish(self, topic: str, **fields: float) -> None:
        self._client.publish(topic, encoded(**fields))
        self.sent += 1

    def stored(self, conninfo: str) -> bool:
        """Whether all that was sent is there."""
        tables = ("position", "heartbeat", "sos", "fall")
        return self.sent == sum(int(one(conninfo, f"select count(*) from {table}")) for table in tables)


async def _straight(connection: Connection) -> tuple[Engine, set[UUID]]:
    """An engine that takes all batches in a row, as they were committed, and the episodes that it opens."""
    engine, version = Engine(), 0
    directory = Directory.of(*await records_now(connection, TAKEN))
    opened: set[UUID] = set()
    for row in await batches_after(connection, 0, 1_000_000):
        if row.registry_version > version:
            engine.apply(await changes_since(connection, version, row.registry_version))
            version = row.registry_version
        events = engine.process(await load_readings(connection, row.first_pos, row.last_pos), row.now_ms).tolist()
        events += engine.advance(row.now_ms, row.listening_since).tolist()
        engine.commit()
        names = engine.process(await load_readings(connection, 0, -1), row.now_ms).dtype.names or ()
        for event in (dict(zip(names, values, strict=True)) for values in events):
            if event["what"] != What.OPENED:
                continue
            rule = Rule(event["rule"]).public_name
            resident = directory.resident(event["resident"])
            device = directory.device(event["device"])
            subject = device if rule.startswith("device.") or resident is None else resident
            assert subject is not None
            opened.add(episode_id(rule, subject.id, event["opening_t"], event["opening_seq"]))
    return engine, opened


async def test_a_gateway_killed_at_random_raises_the_alarms_of_one_that_never_stopped(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo, size=PEOPLE)
    chance = random.Random()
    waits = (
        "select count(*) from pg_stat_activity"
        " where application_name = 'anxin gateway snapshots' and wait_event_type = 'Lock'"
    )
    with connected(mosquitto, mosquitto.site("s1")) as client:
        community = Community(client)
        for kill in range(KILLS):
            async with gateway_process(conninfo, mosquitto), asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(community.rounds(ROUNDS // (KILLS + 1)), name="readings")
                if kill == 1:
                    with psycopg.connect(conninfo) as reader:
                        reader.execute("lock table engine_snapshot in share mode")
                        await eventually(lambda: one(conninfo, waits), "a snapshot is being stored", PATIENCE_S)
                        await sending
                else:
                    await asyncio.sleep(chance.uniform(0, 0.4))
                    await sending if kill == 2 else None
                with psycopg.connect(conninfo) as connection:
                    status = ("away", "active")[kill % 2]
                    connection.execute("update resident set status = %s where id = 'r4'", (status,))
                # The process is killed here: what was sent and not stored comes again to the next.
        async with gateway_process(conninfo, mosquitto):
            await community.rounds(ROUNDS - KILLS * (ROUNDS // (KILLS + 1)))
            await eventually(lambda: community.stored(conninfo), "all is stored", PATIENCE_S)
    async with await connect(conninfo, application="test") as connection_:
        straight, opened = await _straight(connection_)
        again = await recover(connection_, NOW())
        assert again.engine.snapshot() == straight.snapshot()
    raised = {alarm for (alarm,) in rows(conninfo, "select id from alarm")}
    assert raised == opened
    rules = {rule for (rule,) in rows(conninfo, "select distinct rule from alarm")}
    assert rules >= {"sos.button", "fall.device", "wandering.zone_exit", "device.battery_low"}
    assert one(conninfo, "select count(distinct epoch) from batch") == KILLS + 1
