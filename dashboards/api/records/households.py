"""Households over HTTP."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.api.forms import HouseholdForm
from dashboards.api.records.answers import create, load, replace
from dashboards.api.records.routes import readable, removable, router_of, with_history
from gateway.store import registry as store
from gateway.store.registry_records import Household

router = router_of()
readable(router, Household)
with_history(router, Household)
removable(router, Household)


@router.post("/households", status_code=201)
async def add_household(request: Request, deps: DepsOf, principal: Managing, body: HouseholdForm) -> Response:
    """Create a household."""
    principal.require_site(body.site, "site")
    return await create(request, deps, principal, lambda conn, actor: store.add_household(conn, actor, body.fields()))


@router.put("/households/{key}")
async def replace_household(deps: DepsOf, principal: Managing, key: str, body: HouseholdForm) -> Response:
    """Replace a household's fields."""
    await load(deps, principal, Household, key)
    return await replace(
        deps, principal, Household, lambda conn, actor: store.replace_household(conn, actor, key, body.fields())
    )
