"""Contacts over HTTP."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, EditingContacts
from dashboards.api.forms import ContactForm
from dashboards.api.records.answers import create, load, replace, require_resident, require_same_resident
from dashboards.api.records.routes import readable, removable, router_of, with_history
from gateway.store import registry as store
from gateway.store.registry_records import Contact

router = router_of()
readable(router, Contact)
with_history(router, Contact)
removable(router, Contact)


@router.post("/contacts", status_code=201)
async def add_contact(request: Request, deps: DepsOf, principal: EditingContacts, body: ContactForm) -> Response:
    """Create a contact of a resident."""
    await require_resident(deps, principal, body.resident)
    return await create(request, deps, principal, lambda conn, actor: store.add_contact(conn, actor, body.fields()))


@router.put("/contacts/{key}")
async def replace_contact(deps: DepsOf, principal: EditingContacts, key: str, body: ContactForm) -> Response:
    """Replace a contact's fields."""
    current = await load(deps, principal, Contact, key)
    require_same_resident(current.resident, body.resident)
    return await replace(
        deps, principal, Contact, lambda conn, actor: store.replace_contact(conn, actor, key, body.fields())
    )
