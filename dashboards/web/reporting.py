"""The page on which the desk opens an alarm for somebody who phones."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import Acting, DepsOf
from dashboards.web.rendering import page
from gateway.store.queries import PersonLine, people, resident_card

router = APIRouter(include_in_schema=False)

REPORTED_KINDS: Final = ("sos", "fall", "wandering", "missed_check", "vitals", "device")
"""What somebody phones about, the worst first; troubles of the system itself are not phoned in."""
FOUND_AT_MOST: Final = 8


@router.get("/report")
async def report(request: Request, deps: DepsOf, principal: Acting, resident: str = "") -> Response:
    """Who, what, and what was said; ``resident`` chooses somebody from the start."""
    chosen = None
    if resident:
        async with deps.pool.connection() as conn:
            card = await resident_card(conn, resident)
        if card is not None and principal.account.sees(card.resident.site):
            chosen = card.resident
    return page(request, "report.html", principal=principal, kinds=REPORTED_KINDS, chosen=chosen, found=None, q="")


@router.get("/report/people")
async def found_people(request: Request, deps: DepsOf, principal: Acting, q: str = "") -> Response:
    """The residents that a search finds, to choose one of."""
    found: list[PersonLine] = []
    if q.strip():
        async with deps.pool.connection() as conn:
            found = await people(conn, sites=principal.sites, search=q.strip(), limit=FOUND_AT_MOST)
    return page(request, "report_people.html", principal=principal, found=found, q=q.strip(), chosen=None)
