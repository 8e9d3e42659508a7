"""Zones over HTTP."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.api.forms import FenceForm
from dashboards.api.records.answers import create, load, replace, require_resident, require_same_resident
from dashboards.api.records.routes import readable, removable, router_of, with_history
from gateway.store import registry as store
from gateway.store.registry_records import Fence

router = router_of()
readable(router, Fence)
with_history(router, Fence)
removable(router, Fence)


@router.post("/fences", status_code=201)
async def add_fence(request: Request, deps: DepsOf, principal: Managing, body: FenceForm) -> Response:
    """Create a zone of a resident."""
    await require_resident(deps, principal, body.resident)
    return await create(request, deps, principal, lambda conn, actor: store.add_fence(conn, actor, body.fields()))


@router.put("/fences/{key}")
async def replace_fence(deps: DepsOf, principal: Managing, key: str, body: FenceForm) -> Response:
    """Replace a zone's name, shape and hours."""
    current = await load(deps, principal, Fence, key)
    require_same_resident(current.resident, body.resident)
    return await replace(
        deps, principal, Fence, lambda conn, actor: store.replace_fence(conn, actor, key, body.fields())
    )
