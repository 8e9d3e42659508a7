"""Zones over HTTP."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.api.forms import FenceForm
from dashboards.api.problems import Problem
from dashboards.api.records.answers import create, load, replace, require_resident, require_same_resident
from dashboards.api.records.routes import readable, removable, router_of, with_history
from dashboards.deps import Deps
from devices.doubts import doubt_of
from gateway.store import registry as store
from gateway.store.registry_records import Fence, Resident

router = router_of()
readable(router, Fence)
with_history(router, Fence)
removable(router, Fence)


@router.post("/fences", status_code=201)
async def add_fence(
    request: Request, deps: DepsOf, principal: Managing, body: FenceForm, *, doubt: bool = False
) -> Response:
    """Create a zone of a resident; with ``doubt``, 422 for one that is hardly meant."""
    await require_resident(deps, principal, body.resident)
    if doubt:
        await _require_likely(deps, body)
    return await create(request, deps, principal, lambda conn, actor: store.add_fence(conn, actor, body.fields()))


@router.put("/fences/{key}")
async def replace_fence(
    deps: DepsOf, principal: Managing, key: str, body: FenceForm, *, doubt: bool = False
) -> Response:
    """Replace a zone's name, shape and hours; with ``doubt``, 422 for one that is hardly meant."""
    current = await load(deps, principal, Fence, key)
    require_same_resident(current.resident, body.resident)
    if doubt:
        await _require_likely(deps, body)
    return await replace(
        deps, principal, Fence, lambda conn, actor: store.replace_fence(conn, actor, key, body.fields())
    )


async def _require_likely(deps: Deps, body: FenceForm) -> None:
    """Answer 422 to a zone that makes no sense where its resident lives, so that somebody looks again."""
    async with deps.pool.connection() as conn:
        resident = await store.find(conn, Resident, body.resident)
    home = resident.home if resident is not None else None
    circle = body.circle
    odd = doubt_of(
        None if home is None else (home.lat, home.lon),
        None if circle is None else (circle.lat, circle.lon),
        None if circle is None else circle.radius_m,
        body.polygon,
    )
    if odd is not None:
        raise Problem(422, odd, kind="invalid")
