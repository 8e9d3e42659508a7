"""The page on which a list is imported: checked first, looked at, then taken."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.exchange.export import Language
from dashboards.web.records.found import administers
from dashboards.web.rendering import page
from gateway.store.registry import listing
from gateway.store.registry_records import Site

router = APIRouter(include_in_schema=False)

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/import")
async def import_page(request: Request, deps: DepsOf, principal: Managing) -> Response:
    """Choose a file; the browser sends it to the API and shows what becomes of each line."""
    async with deps.pool.connection() as conn:
        sites = await listing(conn, Site, sites=principal.sites, limit=1000)
    return page(request, "import.html", principal=principal, sites=sites, may_administer=administers(principal))


@router.get("/import/template.xlsx")
async def import_template(_: Managing, language: Language = "zh") -> Response:
    """A table of residents with every column and no line."""

    def written() -> bytes:
        from dashboards.exchange.workbooks import template  # noqa: PLC0415 loaded when it is asked for

        return template(language)

    return Response(
        await asyncio.to_thread(written),
        media_type=_XLSX,
        headers={"Content-Disposition": 'attachment; filename="anxin-template.xlsx"'},
    )
