"""The figures' tables, and every alarm behind them, as CSV that a spreadsheet opens.

UTF-8 with a byte order mark, so that spreadsheets read Chinese; a cell that one would take for a formula is guarded.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import AsyncIterator, Iterable, Sequence

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from dashboards.api.access import MAY_MANAGE, DepsOf, SignedIn, allowed_to
from dashboards.exchange.text import guarded
from dashboards.web.figures.routes import AskedFor
from dashboards.web.figures.tables import Cell, Name, table
from dashboards.web.rendering import language_of
from dashboards.web.wording import Wording
from devices.clock import zone
from gateway.store.alarm_rows import AlarmRow, alarm_rows
from gateway.store.figures import figures

router = APIRouter(include_in_schema=False, prefix="/figures")

exporting = allowed_to(MAY_MANAGE | {"auditor"}, "take the list of alarms out of the house")

_COLUMNS = (
    "id", "site", "site_name", "rule", "severity", "state", "resident", "resident_name", "device", "raised",
    "happened", "sounded_after_s", "answered_after_s", "on_scene_after_s", "over_after_s", "late", "drill", "outcome",
    "result", "count",
)  # fmt: skip


@router.get("/alarms.csv", dependencies=[Depends(exporting)])
async def every_alarm(request: Request, deps: DepsOf, principal: SignedIn, asked: AskedFor) -> Response:
    """Every alarm of the period, drills and suppressed ones marked; times by the centre's clock."""
    period = asked.period
    wording = Wording(language_of(request, principal))
    await principal.took_out(
        "alarms", site=asked.site or None, detail={"first": str(period.first), "last": str(period.last)}
    )

    async def lines() -> AsyncIterator[bytes]:
        yield as_csv([[wording.t(f"figures.csv.{name}") for name in _COLUMNS]], marked=True)
        async with deps.pool.connection() as conn:
            async for rows in alarm_rows(conn, sites=asked.sites, from_ms=period.from_ms, to_ms=period.to_ms):
                yield as_csv([_cells(row, wording) for row in rows])

    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=_named(f"alarms-{period.first}"))


@router.get("/{name}.csv")
async def one_table(request: Request, deps: DepsOf, principal: SignedIn, name: Name, asked: AskedFor) -> Response:
    """One of the page's tables, cell by cell."""
    now, period = deps.clock.now_ms(), asked.period
    async with deps.pool.connection() as conn:
        found = await figures(conn, sites=asked.sites, from_ms=period.from_ms, to_ms=period.to_ms, now=now)
    shown = table(name, found, Wording(language_of(request, principal)), period)
    body = as_csv([shown.headings, *shown.rows], marked=True)
    return Response(body, media_type="text/csv; charset=utf-8", headers=_named(f"{name}-{period.first}-{period.last}"))


def as_csv(rows: Iterable[Sequence[Cell]], *, marked: bool = False) -> bytes:
    """Rows as a spreadsheet takes them; ``marked``: the beginning of a file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[_cell(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig" if marked else "utf-8")


def _cell(cell: Cell) -> str | int | float:
    if isinstance(cell, str):
        return guarded(cell, formulas=True)
    return "" if cell is None else cell


def _cells(row: AlarmRow, wording: Wording) -> list[Cell]:
    def local(t: int) -> str:
        return dt.datetime.fromtimestamp(t / 1000, zone(row.timezone)).strftime("%Y-%m-%d %H:%M:%S")

    def after(t: int | None) -> float | None:
        return None if t is None else round((t - row.raised_at) / 1000, 1)

    return [
        str(row.id), row.site, row.site_name, wording.known(f"rule.{row.rule}", row.rule),
        wording.t(f"severity.{row.severity}"), wording.t(f"state.{row.state}"), row.resident, row.resident_name,
        row.device, local(row.raised_at), local(row.event_time), after(row.sounded_at), after(row.answered_at),
        after(row.on_scene_at), after(row.over_at), wording.t("yes" if row.late else "no"),
        wording.t("yes" if row.drill else "no"),
        None if row.outcome is None else wording.t(f"outcome.{row.outcome}"),
        None if row.result is None else wording.t(f"result.{row.result}"), row.count,
    ]  # fmt: skip


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="anxin-{name}.csv"', "Cache-Control": "no-store"}
