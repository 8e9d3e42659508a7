"""The page of the map of everybody with an open alarm; the browser fills and renews it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import SignedIn
from dashboards.web.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/map")
async def people_map(request: Request, principal: SignedIn) -> Response:
    """Where everybody is for whom somebody must do something, and the same as a list."""
    return page(request, "people_map.html", principal=principal)
