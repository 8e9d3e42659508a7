"""The form by which a device is registered."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.web.records.found import sites_of
from dashboards.web.rendering import page
from gateway.store.registry import find
from gateway.store.registry_records import Household, Resident

router = APIRouter(include_in_schema=False)

DEVICE_TYPES = ("band", "watch", "pendant", "box", "rower", "elliptical", "walker", "abs", "twister")


@router.get("/devices/new")
async def new_device(
    request: Request, deps: DepsOf, principal: Managing, resident: str = "", household: str = ""
) -> Response:
    """An empty device form; ``resident`` or ``household`` is whom it is for."""
    async with deps.pool.connection() as conn:
        person = await find(conn, Resident, resident) if resident else None
        home = await find(conn, Household, household) if household else None
        sites = await sites_of(conn, principal)
    chosen = next((each for each in (person, home) if each is not None and principal.account.sees(each.site)), None)
    return page(
        request,
        "device_form.html",
        principal=principal,
        sites=sites,
        device=None,
        chosen=chosen,
        shared=isinstance(chosen, Household),
        types=DEVICE_TYPES,
    )
