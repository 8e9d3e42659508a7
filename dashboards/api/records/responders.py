"""Responders over HTTP: who can be sent to a resident's door."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.api.forms import ResponderForm
from dashboards.api.records.answers import create, load, replace
from dashboards.api.records.routes import readable, removable, router_of, with_history
from gateway.store import registry as store
from gateway.store.registry_records import Responder

router = router_of()
readable(router, Responder)
with_history(router, Responder)
removable(router, Responder)


@router.post("/responders", status_code=201)
async def add_responder(request: Request, deps: DepsOf, principal: Managing, body: ResponderForm) -> Response:
    """Create a responder; ``account`` is the user name of one who signs in themselves."""
    principal.require_site(body.site, "site")
    return await create(request, deps, principal, lambda conn, actor: store.add_responder(conn, actor, body.fields()))


@router.put("/responders/{key}")
async def replace_responder(deps: DepsOf, principal: Managing, key: str, body: ResponderForm) -> Response:
    """Replace a responder's fields."""
    await load(deps, principal, Responder, key)
    return await replace(
        deps, principal, Responder, lambda conn, actor: store.replace_responder(conn, actor, key, body.fields())
    )
