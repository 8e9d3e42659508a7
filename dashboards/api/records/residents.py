"""Residents over HTTP."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.api.forms import ResidentForm
from dashboards.api.records.answers import create, load, replace
from dashboards.api.records.routes import readable, removable, router_of
from gateway.store import registry as store
from gateway.store.registry_records import Resident

router = router_of()
readable(router, Resident)
removable(router, Resident)


@router.post("/residents", status_code=201)
async def add_resident(request: Request, deps: DepsOf, principal: Managing, body: ResidentForm) -> Response:
    """Create a resident."""
    principal.require_site(body.site, "site")
    return await create(request, deps, principal, lambda conn, actor: store.add_resident(conn, actor, body.fields()))


@router.put("/residents/{key}")
async def replace_resident(deps: DepsOf, principal: Managing, key: str, body: ResidentForm) -> Response:
    """Replace a resident's fields."""
    await load(deps, principal, Resident, key)
    return await replace(
        deps, principal, Resident, lambda conn, actor: store.replace_resident(conn, actor, key, body.fields())
    )
