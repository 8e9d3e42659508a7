"""Sites over HTTP."""

from __future__ import annotations

import msgspec
from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Installing, Managing
from dashboards.api.forms import SiteForm
from dashboards.api.records.answers import create, load, replace
from dashboards.api.records.routes import readable, removable, router_of, with_history
from gateway.store import registry as store
from gateway.store.connection import Connection
from gateway.store.registry_records import Site

router = router_of()
readable(router, Site)
with_history(router, Site)
removable(router, Site)


@router.post("/sites", status_code=201)
async def add_site(request: Request, deps: DepsOf, principal: Installing, body: SiteForm) -> Response:
    """Create a site; its id is part of the topics of its devices and never changes."""

    async def write(conn: Connection, actor: str) -> Site:
        site = await store.save_site(conn, actor, body.fields(), create=True)
        assert site is not None
        return site

    return await create(request, deps, principal, write)


@router.put("/sites/{key}")
async def replace_site(deps: DepsOf, principal: Managing, key: str, body: SiteForm) -> Response:
    """Replace a site's name, time zone and telephone."""
    current = await load(deps, principal, Site, key)
    changed = msgspec.structs.replace(body.fields(), id=key, demo=current.demo)
    return await replace(deps, principal, Site, lambda conn, actor: store.save_site(conn, actor, changed, create=False))
