"""The audit log over HTTP, for those who must know who looked at whom; reading it is an entry too."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from dashboards.api.access import Auditing, DepsOf, Principal
from dashboards.api.problems import Problem
from dashboards.deps import Deps
from devices.refusals import Refusal
from gateway.store.audit_reading import Asked, AuditCursor, AuditItem, audit_items

router = APIRouter(prefix="/api/v1", tags=["audit"])

LINES_AT_MOST: Final = 50_000
"""Of one CSV; a longer period is asked for in parts."""
PAGE: Final = 1000
_COLUMNS: Final = (
    "at", "act", "what", "actor", "via", "resident", "alarm", "subject", "site", "purpose", "address", "detail", "n",
    "version", "hash",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

Text = Annotated[str | None, Query(max_length=200)]
Moment = Annotated[int | None, Query(ge=0, le=2**52)]


def asked_for(
    site: Text = None,
    actor: Annotated[Text, Query(description="a user name")] = None,
    resident: Annotated[Text, Query(description="an id")] = None,
    act: Text = None,
    what: Text = None,
    from_ms: Annotated[Moment, Query(alias="from", description="ms")] = None,
    to: Annotated[Moment, Query(description="ms")] = None,
) -> Asked:
    """What is asked of the log; an empty filter asks for all."""
    return Asked(
        site=site or None,
        actor=actor or None,
        resident=resident or None,
        act=act or None,
        what=what or None,
        from_ms=from_ms,
        to_ms=to,
    )


AskedFor = Annotated[Asked, Depends(asked_for)]


@router.get("/audit")
async def read_audit(
    deps: DepsOf,
    principal: Auditing,
    asked: AskedFor,
    before: Annotated[Text, Query(description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Who looked at whom (`act` `look`), signed in or tried to, took records out, and changed records (`change`).

    Newest first, within one's own sites. A repeated look within ten minutes is one entry.
    """
    items, following = await looked_up(deps, principal, asked, before, limit)
    answer = {"items": items, "next": None if following is None else str(following)}
    return Response(msgspec.json.encode(answer), media_type="application/json")


async def looked_up(
    deps: Deps, principal: Principal, asked: Asked, before: str | None, limit: int
) -> tuple[list[AuditItem], AuditCursor | None]:
    """A page of the log, and where the next one begins; that somebody read it is written down."""
    if asked.site is not None:
        principal.require_site(asked.site, "site")
    try:
        cursor = AuditCursor.parse(before) if before else None
    except ValueError:
        raise Problem(422, Refusal("cursor", "before: expected the `next` of a page"), kind="invalid") from None
    subject = None if asked.actor is None else f"account:{asked.actor}"
    await principal.looked("audit", site=asked.site, resident=asked.resident, subject=subject)
    async with deps.pool.connection() as conn:
        return await audit_items(conn, asked, sites=principal.sites, before=cursor, limit=limit)


async def as_csv(deps: Deps, principal: Principal, asked: Asked) -> Response:
    """What was asked for as CSV, in full; an export, and written down as one."""
    if asked.site is not None:
        principal.require_site(asked.site, "site")
    told: dict[str, str | int] = {
        name: value for name, value in msgspec.structs.asdict(asked).items() if value is not None and name != "site"
    }
    await principal.took_out("audit", site=asked.site, detail=told)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    cursor, lines = None, 0
    while lines < LINES_AT_MOST:
        async with deps.pool.connection() as conn:
            items, cursor = await audit_items(conn, asked, sites=principal.sites, before=cursor, limit=PAGE)
        lines += len(items)
        writer.writerows([_cell(item, column) for column in _COLUMNS] for item in items)
        if cursor is None:
            break
    headers = {"Content-Disposition": 'attachment; filename="anxin-audit.csv"', "Cache-Control": "no-store"}
    return Response(f"\ufeff{text.getvalue()}", media_type="text/csv; charset=utf-8", headers=headers)


def _cell(item: AuditItem, column: str) -> str | int | None:
    """A value as a spreadsheet may have it: what somebody typed is never a formula."""
    value = getattr(item, column)
    if column == "detail":
        return msgspec.json.encode(value).decode() if value else None
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value if isinstance(value, str | int) else None
