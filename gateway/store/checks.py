"""What became of promised checks: who kept them, when and how, and who tried to reach whom.

A window is known by its resident and its end. The earliest news of a window's being kept counts, in whatever order
it comes, so a stored press that arrives late stands above the call that was made meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, LiteralString, NamedTuple

import msgspec
from psycopg.types.json import Jsonb

from alerts.catalogue import PARAMETERS
from devices.clock import DAY_MS
from gateway.store.connection import Connection

How = Literal["button", "sign", "call", "visit", "seen", "sms", "page"]
"""By what a check was kept: the resident's own press or sign of life, or how somebody came to vouch for them."""

CallResult = Literal["well", "no_answer"]

OVERDUE_MS: Final = DAY_MS
"""So long after its end a window that nobody kept is settled by whoever vouches for the resident now. Source: the
engine judges none that ended longer ago (ADR-28)."""

IN_FORCE: Final[dict[str, object]] = {
    "grace": "missed_check.checkin.grace_min",
    "grace_min": PARAMETERS["missed_check.checkin.grace_min"].default,
    "early": "missed_check.checkin.early_min",
    "early_min": PARAMETERS["missed_check.checkin.early_min"].default,
}
"""What ``DUE_MS`` and ``BEGINS_MS`` need to know: the names of the parameters, and what holds where nobody set them."""

_GRACE_MS: Final[LiteralString] = (
    "(60000 * case when exists (select from parameter g where g.name = %(grace)s)"
    " then coalesce((select g.value from parameter g where g.name = %(grace)s"
    " and (g.scope = 'everyone' or g.site = r.site or g.resident = r.id)"
    " order by g.resident is not null desc, g.site is not null desc limit 1), %(grace_min)s)"
    " else %(grace_min)s end)::int8"
)
_EARLY_MS: Final[LiteralString] = _GRACE_MS.replace("grace", "early")

DUE_MS: Final[LiteralString] = "(w.closes_ms + coalesce(w.grace_ms, " + _GRACE_MS + "))"
"""When the window ``w`` of the resident ``r`` is overdue, ms: as the engine judges it."""

BEGINS_MS: Final[LiteralString] = (
    "greatest(w.opens_ms - " + _EARLY_MS + ", (select max(b.closes_ms) from check_window b"
    " where b.resident_slot = w.resident_slot and b.closes_ms <= w.opens_ms))"
)
"""From when on the window ``w`` of the resident ``r`` can be kept, ms: as the engine judges it (ADR-28)."""

PLAN_NAME: Final[LiteralString] = (
    "coalesce((select p.name from care_plan p where p.id = w.plan), (select c.record ->> 'name' from registry_change c"
    " where c.entity = 'care_plan' and c.key = w.plan and c.record is not null order by c.version desc limit 1))"
)
"""What the plan of the window ``w`` is called, or was before it was removed."""

PAST: Final[LiteralString] = (
    "jsonb_build_object('id', w.id, 'plan', w.plan, 'plan_name', " + PLAN_NAME + ","
    " 'begins_ms', " + BEGINS_MS + ", 'opens_ms', w.opens_ms, 'due_ms', " + DUE_MS + ", 'by', w.by)"
)
"""What is kept of the window ``w`` of the resident ``r`` with its outcome, once its row has gone."""


class Kept(NamedTuple):
    """A promised check that was kept, by slots; times in ms. ``device_slot`` None: not by a device."""

    resident_slot: int
    closes_ms: int
    kept_ms: int
    how: How
    device_slot: int | None = None


class Excused(NamedTuple):
    """A promised check that was not asked for, by its resident's slot and its end, ms."""

    resident_slot: int
    closes_ms: int


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to reach a resident because of a check; ``t`` in ms."""

    t: int
    actor: str
    result: CallResult
    note: str | None = None


_EARLIEST: Final = (
    " on conflict (resident_slot, closes_ms) do update set kept_ms = excluded.kept_ms, kept_by = excluded.kept_by,"
    " how = excluded.how, note = excluded.note, device_slot = excluded.device_slot, skipped = null"
    " where check_outcome.kept_ms is null or check_outcome.kept_ms > excluded.kept_ms"
)


async def keep_windows(conn: Connection, kept: Sequence[Kept]) -> None:
    """Write down that residents kept their promises; the same again changes nothing. Joins the transaction.

    Whom the store does not know any more is passed over.
    """
    if not kept:
        return
    slots, closes, when, how, devices = zip(*kept, strict=True)
    await conn.execute(
        "insert into check_outcome (resident_slot, closes_ms, kept_ms, how, device_slot)"
        " select distinct on (k.resident, k.closes) k.resident, k.closes, k.at, k.how, k.device"
        " from unnest(%s::int4[], %s::int8[], %s::int8[], %s::text[], %s::int4[])"
        " as k (resident, closes, at, how, device) join resident r on r.slot = k.resident"
        " order by k.resident, k.closes, k.at" + _EARLIEST,
        (list(slots), list(closes), list(when), list(how), list(devices)),
    )


async def excuse_windows(conn: Connection, excused: Sequence[Excused]) -> None:
    """Write down why residents were not asked for: their status, or ``rule_off``. Joins the transaction.

    What was kept, or skipped for another reason, stays so.
    """
    if not excused:
        return
    slots, closes = zip(*excused, strict=True)
    await conn.execute(
        "insert into check_outcome (resident_slot, closes_ms, skipped)"
        " select k.resident, k.closes, case r.status when 'active' then 'rule_off' else r.status end"
        " from unnest(%s::int4[], %s::int8[]) as k (resident, closes) join resident r on r.slot = k.resident"
        " on conflict (resident_slot, closes_ms) do update set skipped = excluded.skipped"
        " where check_outcome.kept_ms is null and check_outcome.skipped is null",
        (list(slots), list(closes)),
    )


async def keep_open(conn: Connection, resident: str, *, at: int, by: str, how: How, note: str | None = None) -> int:
    """Settle the resident's windows that can be kept at ``at`` (ms), or ended within a day and nobody kept; how many.

    Joins the transaction. ``resident`` is the public id, ``by`` the user name or name of whoever vouches.
    """
    cursor = await conn.execute(
        "insert into check_outcome (resident_slot, closes_ms, kept_ms, kept_by, how, note)"
        " select w.resident_slot, w.closes_ms, %(at)s, %(by)s, %(how)s, %(note)s"
        " from check_window w join resident r on r.slot = w.resident_slot"
        f" where r.id = %(resident)s and {BEGINS_MS} <= %(at)s and w.closes_ms > %(at)s - %(overdue)s" + _EARLIEST,
        {**IN_FORCE, "resident": resident, "at": at, "by": by, "how": how, "note": note, "overdue": OVERDUE_MS},
    )
    return cursor.rowcount


async def note_call(conn: Connection, resident_slot: int, closes_ms: int, call: Call) -> None:
    """Write down an attempt to reach the resident because of a window. Joins the transaction."""
    taken: dict[str, Any] = msgspec.to_builtins(call)
    await conn.execute(
        "insert into check_outcome (resident_slot, closes_ms, calls) values (%s, %s, %s)"
        " on conflict (resident_slot, closes_ms) do update set calls = check_outcome.calls || excluded.calls",
        (resident_slot, closes_ms, Jsonb([taken])),
    )


async def put_away(conn: Connection, windows: Sequence[str], *, skipped: str | None) -> None:
    """Remove windows by their ids, and keep with the outcome what they were; ``skipped``: why they were not asked for.

    Joins the caller's transaction, which holds the registry.
    """
    if not windows:
        return
    await conn.execute(
        "insert into check_outcome (resident_slot, closes_ms, skipped, past, day)"
        f" select w.resident_slot, w.closes_ms, %(skipped)s, {PAST}, w.day from check_window w"
        " join resident r on r.slot = w.resident_slot where w.id = any(%(windows)s)"
        " on conflict (resident_slot, closes_ms) do update set past = excluded.past, day = excluded.day,"
        " skipped = coalesce(excluded.skipped, check_outcome.skipped)",
        {**IN_FORCE, "windows": list(windows), "skipped": skipped},
    )
    await conn.execute("delete from check_window where id = any(%s)", (list(windows),))
