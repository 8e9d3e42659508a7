"""The form of a contact."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, EditingContacts
from dashboards.web.records.found import card_of, record
from dashboards.web.rendering import page
from gateway.store.registry_records import Contact

router = APIRouter(include_in_schema=False)


@router.get("/people/{resident}/contacts/new")
async def new_contact(request: Request, deps: DepsOf, principal: EditingContacts, resident: str) -> Response:
    """An empty contact form, last in order."""
    card = await card_of(deps, principal, resident)
    order = max((contact.order for contact in card.contacts), default=0) + 1
    return page(request, "contact_form.html", principal=principal, card=card, contact=None, order=order)


@router.get("/contacts/{contact}/edit")
async def edit_contact(request: Request, deps: DepsOf, principal: EditingContacts, contact: str) -> Response:
    """The contact form, filled in."""
    async with deps.pool.connection() as conn:
        found = await record(conn, principal, Contact, contact)
    await principal.looked("phone", site=found.site, resident=found.resident, subject=f"contact:{contact}")
    card = await card_of(deps, principal, found.resident)
    return page(request, "contact_form.html", principal=principal, card=card, contact=found, order=found.order)
