"""Escalation policies that somebody wrote: as the alarm's life reads them, and as they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString

import msgspec
import structlog
from psycopg import AsyncCursor
from psycopg.types.json import Jsonb

from alerts.policies import Policy
from devices.refusals import Refusal
from gateway.store.connection import Connection
from gateway.store.errors import Conflict
from gateway.store.registry.history import HistoryItem, history_of
from gateway.store.registry.writing import key_of, writing

_FIELDS: Final = tuple(name for name in Policy.__struct_fields__ if name != "id")
_POLICY: Final[LiteralString] = (
    "jsonb_build_object('id', p.id, 'site', p.site, 'name', p.name, 'applies_to', p.applies_to,"
    " 'severity', p.severity, 'from_minute', p.from_minute, 'to_minute', p.to_minute,"
    " 'quiet_from_minute', p.quiet_from_minute, 'quiet_to_minute', p.quiet_to_minute,"
    " 'progress_s', p.progress_s, 'arrival_s', p.arrival_s, 'steps', p.steps, 'active', p.active)::text"
)
_DECODER: Final = msgspec.json.Decoder(Policy)

_log = structlog.get_logger(__name__)


async def ask_policies(conn: Connection, sites: Sequence[str]) -> AsyncCursor[Any]:
    """Ask for the active policies of sites and those for every site, by id; ``policies_in`` reads the answer."""
    return await conn.execute(
        f"select p.id, {_POLICY} from escalation_policy p where p.active and (p.site is null or p.site = any(%s))"
        " order by p.id",
        (list(sites),),
    )


async def policies_in(asked: AsyncCursor[Any]) -> list[Policy]:
    """The policies that were asked for.

    One that this version cannot read is passed over, for an alarm must not fail on it: the next one serves.
    """
    return _readable(await asked.fetchall())


async def all_policies(conn: Connection, *, sites: Sequence[str]) -> list[Policy]:
    """Every policy, active or not, by name; ``sites``: those that the reader may see, empty for all."""
    cursor = await conn.execute(
        f"select p.id, {_POLICY} from escalation_policy p where %(sites)s::text[] = '{{}}' or p.site is null"
        " or p.site = any(%(sites)s) order by p.name, p.id",
        {"sites": list(sites)},
    )
    return _readable(await cursor.fetchall())


async def policy_by_id(conn: Connection, key: str) -> Policy | None:
    """One policy."""
    cursor = await conn.execute(f"select {_POLICY} from escalation_policy p where p.id = %s", (key,))
    row = await cursor.fetchone()
    return None if row is None else _DECODER.decode(row[0])


async def add_policy(conn: Connection, actor: str, policy: Policy) -> Policy:
    """Write a policy; its id is given here. Raises ``MissingRecord`` for an unknown site."""
    async with writing(conn, actor):
        key = await key_of(
            conn,
            "insert into escalation_policy (site, name, applies_to, severity, from_minute, to_minute,"
            " quiet_from_minute, quiet_to_minute, progress_s, arrival_s, steps, active) values (%(site)s, %(name)s,"
            " %(applies_to)s, %(severity)s, %(from_minute)s, %(to_minute)s, %(quiet_from_minute)s,"
            " %(quiet_to_minute)s, %(progress_s)s, %(arrival_s)s, %(steps)s, %(active)s) returning id",
            _row(policy),
        )
    return msgspec.structs.replace(policy, id=str(key))


async def replace_policy(conn: Connection, actor: str, policy: Policy) -> Policy | None:
    """Replace a policy's fields; alarms that are open keep the plan with which they opened."""
    async with writing(conn, actor):
        current = await policy_by_id(conn, policy.id)
        if current is None:
            return None
        if current.site != policy.site:
            raise Conflict(
                Refusal(
                    "policy.stays",
                    "a policy stays where it applies: write another one for the other site",
                    field="site",
                )
            )
        await conn.execute(
            "update escalation_policy set name = %(name)s, applies_to = %(applies_to)s, severity = %(severity)s,"
            " from_minute = %(from_minute)s, to_minute = %(to_minute)s, quiet_from_minute = %(quiet_from_minute)s,"
            " quiet_to_minute = %(quiet_to_minute)s, progress_s = %(progress_s)s, arrival_s = %(arrival_s)s,"
            " steps = %(steps)s, active = %(active)s where id = %(id)s",
            _row(policy) | {"id": policy.id},
        )
    return policy


async def remove_policy(conn: Connection, actor: str, key: str) -> bool:
    """Remove a policy; alarms that are open keep their plan."""
    async with writing(conn, actor):
        return (await conn.execute("delete from escalation_policy where id = %s", (key,))).rowcount == 1


async def policy_history(conn: Connection, key: str, *, before: int | None, limit: int) -> list[HistoryItem]:
    """What a policy was, newest first; also of one that was removed."""
    return await history_of(conn, "escalation_policy", lambda row, _: row, key, before=before, limit=limit)


def _readable(rows: Sequence[tuple[str, str]]) -> list[Policy]:
    found = []
    for key, stored in rows:
        try:
            found.append(_DECODER.decode(stored))
        except msgspec.ValidationError as error:
            _log.warning("policy cannot be read", policy=key, error=str(error))
    return found


def _row(policy: Policy) -> dict[str, Any]:
    fields = {name: getattr(policy, name) for name in _FIELDS}
    return fields | {"steps": Jsonb(msgspec.to_builtins(policy.steps))}
