"""A gate inside COMMIT: a gateway can be killed when the fate of its batch is chosen and nothing acknowledged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, LiteralString

import psutil
import psycopg

from tests.support.gateway import eventually
from tests.support.house import PATIENCE_S, House

Outcome = Literal["committed", "rolled back"]

_KEY: Final = 4711
"""Of the advisory lock that is the gate."""


async def kill_during_commit(house: House, table: LiteralString, *, outcome: Outcome) -> None:
    """Kill the gateway during its COMMIT of a batch that stores into ``table``; that batch has this outcome.

    Nothing of it is acknowledged: the broker will deliver it again, and the next gateway must store it,
    or find that it is stored already. Returns when the next gateway is ready.
    """
    epoch = house.one("select max(epoch) from gateway_epoch")
    waiting = "select pid from pg_locks where locktype = 'advisory' and objid = %s and not granted"
    batches = "select count(*) from batch where epoch = %s"
    with _closed_gate(house, table):
        await eventually(lambda: house.rows(waiting, _KEY), f"a batch of {table} is being committed", PATIENCE_S)
        before = house.one(batches, epoch)
        pid = house.system.kill("gateway")
        await eventually(lambda: _is_gone(pid), "the gateway is dead", PATIENCE_S)
        if outcome == "rolled back":
            assert house.one("select pg_terminate_backend(%s, 10000)", house.one(waiting, _KEY))
    await house.back("gateway", other_than=pid)
    assert house.one(batches, epoch) - before == {"committed": 1, "rolled back": 0}[outcome]


@contextmanager
def _closed_gate(house: House, table: LiteralString) -> Iterator[None]:
    """Let no transaction that inserts into ``table`` end its COMMIT while the block runs."""
    with psycopg.connect(house.conninfo, autocommit=True) as gatekeeper:
        gatekeeper.execute("select pg_advisory_lock(%s)", (_KEY,))
        gatekeeper.execute(
            "create function pass_gate() returns trigger language plpgsql as"
            f" 'begin perform pg_advisory_xact_lock_shared({_KEY}); return null; end'"
        )
        gatekeeper.execute(
            f"create constraint trigger gate after insert on {table} deferrable initially deferred"
            " for each row execute function pass_gate()"
        )
        try:
            yield
        finally:
            gatekeeper.execute("select pg_advisory_unlock(%s)", (_KEY,))
            gatekeeper.execute(f"drop trigger gate on {table}")
            gatekeeper.execute("drop function pass_gate")


def _is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
