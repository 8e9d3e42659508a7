"""Phone numbers over HTTP: masked for roles that do not call, and told one at a time to those who do (ADR 42)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter
from pydantic import StringConstraints
from starlette.responses import Response

from dashboards.api.access import Acting, DepsOf, Principal
from dashboards.api.forms import Form, Short
from dashboards.api.masking import hides_phones
from dashboards.api.problems import Problem
from dashboards.api.records.answers import load
from dashboards.deps import Deps
from devices.refusals import Refusal, no_such
from gateway.store.alarm_list import has_active_alarm
from gateway.store.registry_records import Contact, Device, Resident, Responder
from gateway.store.staff import staff_member

router = APIRouter(prefix="/api/v1", tags=["registry"])

PhoneOf = Literal["resident", "contact", "responder", "device", "account"]


class PhoneForm(Form):
    """Whose number is asked for, and why, where it is said."""

    of: PhoneOf
    id: Short
    purpose: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f]*$")] = ""


@router.post("/phones", summary="One phone number, written down as looked at")
async def show_phone(deps: DepsOf, principal: Acting, body: PhoneForm) -> Response:
    """The whole `phone` of one record; that it was asked for stands in the audit log. 404 where there is none.

    A responder gets those of a resident, and of their contacts, while an alarm of theirs is active.
    """
    phone, site, resident = await _phone(deps, principal, body)
    if hides_phones(principal):
        await _require_alarm(deps, resident)
    subject = None if body.of == "resident" else f"{body.of}:{body.id}"
    await principal.looked("phone", site=site, resident=resident, subject=subject, purpose=body.purpose or None)
    return Response(msgspec.json.encode({"phone": phone}), media_type="application/json")


async def _phone(deps: Deps, principal: Principal, body: PhoneForm) -> tuple[str, str | None, str | None]:
    found: tuple[str | None, str | None, str | None]
    if body.of == "resident":
        resident = await load(deps, principal, Resident, body.id)
        found = resident.phone, resident.site, resident.id
    elif body.of == "contact":
        contact = await load(deps, principal, Contact, body.id)
        found = contact.phone, contact.site, contact.resident
    elif body.of == "responder":
        responder = await load(deps, principal, Responder, body.id)
        found = responder.phone, responder.site, None
    elif body.of == "device":
        device = await load(deps, principal, Device, body.id)
        found = device.phone, device.site, device.resident
    else:
        found = await _of_colleague(deps, principal, body.id), None, None
    phone, site, of_whom = found
    if not phone:
        raise Problem(404, Refusal("phone.unknown", "no number is known"))
    return phone, site, of_whom


async def _of_colleague(deps: Deps, principal: Principal, key: str) -> str | None:
    async with deps.pool.connection() as conn:
        member = await staff_member(conn, key)
    shared = member is not None and (
        not principal.sites or not member.sites or set(member.sites) & set(principal.sites)
    )
    if member is None or not shared:
        raise Problem(404, no_such("account"))
    return member.phone


async def _require_alarm(deps: Deps, resident: str | None) -> None:
    if resident is not None:
        async with deps.pool.connection() as conn:
            if await has_active_alarm(conn, resident):
                return
    why = Refusal("role.without_alarm", "a responder gets a number while an alarm of the resident is active")
    raise Problem(403, why, kind="role")
