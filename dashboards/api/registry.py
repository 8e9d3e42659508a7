"""The registry over HTTP: sites, households, residents, devices, contacts, zones.

What is changed here takes effect on every role within two seconds: the store tells them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, EditingContacts, Managing, Principal, SignedIn
from dashboards.api.forms import (
    ContactForm,
    DeviceForm,
    FenceForm,
    HouseholdForm,
    NewDeviceForm,
    ResidentForm,
    SiteForm,
)
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.deps import Deps
from devices.credentials import mosquitto_password_hash, new_mqtt_password
from gateway.store import registry as store
from gateway.store.registry_records import Contact, Device, Fence, Household, Record, Resident, Site

router = APIRouter(prefix="/api/v1", tags=["registry"])

R = TypeVar("R", bound=Record)

_PLURAL: Final[dict[type[object], str]] = {
    Site: "sites",
    Household: "households",
    Resident: "residents",
    Device: "devices",
    Contact: "contacts",
    Fence: "fences",
}


@dataclass(frozen=True, slots=True)
class DeviceCredentials:
    """What a device signs in to the broker with; shown once. Both None where devices have no account of their own."""

    username: str | None
    password: str | None
    password_hash: str | None


def new_credentials(deps: Deps, device: str) -> DeviceCredentials:
    """Fresh credentials of a device."""
    if not deps.mqtt.per_device:
        return DeviceCredentials(None, None, None)
    password = new_mqtt_password()
    return DeviceCredentials(device, password, mosquitto_password_hash(password))


def site_of(record: Record) -> str:
    """The site to which a record belongs."""
    return record.id if isinstance(record, Site) else record.site


async def load(deps: Deps, principal: Principal, kind: type[R], key: str) -> R:
    """A record that the account may see. Raises ``Problem`` 404."""
    async with deps.pool.connection() as conn:
        record = await store.find(conn, kind, key)
    what = kind.__name__.lower()
    if record is None:
        raise Problem(404, f"there is no such {what}")
    principal.require_site(site_of(record), what)
    return record


def _json(record: Record) -> bytes:
    if isinstance(record, Device):
        return msgspec.json.encode({"device": record.id, **msgspec.structs.asdict(record)})
    return msgspec.json.encode(record)


def _found(record: Record | None, kind: type[R]) -> Response:
    if record is None:
        raise Problem(404, f"there is no such {kind.__name__.lower()}")
    return Response(_json(record), media_type="application/json")


def _created(record: Record) -> Answer:
    return Answer(201, _json(record), location=f"/api/v1/{_PLURAL[type(record)]}/{record.id}")


def _parameters(names: Sequence[str]) -> dict[str, Any]:
    return {"parameters": [{"name": n, "in": "query", "schema": {"type": "string"}} for n in names]}


def _readable(kind: type[R], *, removable: bool) -> None:
    """Add the routes that are the same for every kind: list, one, remove."""
    path, what = f"/{_PLURAL[kind]}", kind.__name__.lower()
    names = sorted(store.filters_of(kind))

    async def listing(
        request: Request,
        deps: DepsOf,
        principal: SignedIn,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        filters = {name: request.query_params[name] for name in names if name in request.query_params}
        async with deps.pool.connection() as conn:
            found = await store.listing(
                conn, kind, sites=principal.sites, filters=filters, after=after, limit=limit + 1
            )
        page = found[:limit]
        answer = {
            "items": [msgspec.Raw(_json(record)) for record in page],
            "next": page[-1].id if len(found) > limit else None,
        }
        return Response(msgspec.json.encode(answer), media_type="application/json")

    async def one(deps: DepsOf, principal: SignedIn, key: str) -> Response:
        return _found(await load(deps, principal, kind, key), kind)

    async def remove(deps: DepsOf, principal: Managing, key: str) -> Response:
        await load(deps, principal, kind, key)
        if kind is Site:
            require_all_sites(principal)
        async with deps.pool.connection() as conn:
            if not await store.remove(conn, principal.account.username, kind, key):
                raise Problem(404, f"there is no such {what}")
        return Response(status_code=204)

    router.get(path, summary=f"List {_PLURAL[kind]}", openapi_extra=_parameters(names))(listing)
    router.get(path + "/{key}", summary=f"One {what}")(one)
    if removable:
        router.delete(path + "/{key}", summary=f"Remove a {what}", status_code=204)(remove)


def require_all_sites(principal: Principal) -> None:
    """Answer 403 to all but an admin of the whole installation: they alone make and remove sites."""
    if principal.account.role != "admin" or principal.sites:
        raise Problem(403, "only an admin of all sites may make and remove sites", kind="role")


@router.post("/sites", status_code=201)
async def add_site(request: Request, deps: DepsOf, principal: Managing, body: SiteForm) -> Response:
    """Create a site; its id is part of the topics of its devices and never changes."""
    require_all_sites(principal)

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            site = await store.save_site(conn, principal.account.username, body.fields(), create=True)
        assert site is not None
        return _created(site)

    return await once(request, principal, work)


@router.put("/sites/{key}")
async def replace_site(deps: DepsOf, principal: Managing, key: str, body: SiteForm) -> Response:
    """Replace a site's name and time zone."""
    current = await load(deps, principal, Site, key)
    changed = msgspec.structs.replace(body.fields(), id=key, demo=current.demo)
    async with deps.pool.connection() as conn:
        return _found(await store.save_site(conn, principal.account.username, changed, create=False), Site)


@router.post("/households", status_code=201)
async def add_household(request: Request, deps: DepsOf, principal: Managing, body: HouseholdForm) -> Response:
    """Create a household."""
    principal.require_site(body.site, "site")

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            return _created(await store.add_household(conn, principal.account.username, body.fields()))

    return await once(request, principal, work)


@router.put("/households/{key}")
async def replace_household(deps: DepsOf, principal: Managing, key: str, body: HouseholdForm) -> Response:
    """Replace a household's fields."""
    await load(deps, principal, Household, key)
    async with deps.pool.connection() as conn:
        changed = await store.replace_household(conn, principal.account.username, key, body.fields())
    return _found(changed, Household)


@router.post("/residents", status_code=201)
async def add_resident(request: Request, deps: DepsOf, principal: Managing, body: ResidentForm) -> Response:
    """Create a resident."""
    principal.require_site(body.site, "site")

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            return _created(await store.add_resident(conn, principal.account.username, body.fields()))

    return await once(request, principal, work)


@router.put("/residents/{key}")
async def replace_resident(deps: DepsOf, principal: Managing, key: str, body: ResidentForm) -> Response:
    """Replace a resident's fields."""
    await load(deps, principal, Resident, key)
    async with deps.pool.connection() as conn:
        changed = await store.replace_resident(conn, principal.account.username, key, body.fields())
    return _found(changed, Resident)


@router.post("/devices", status_code=201)
async def add_device(request: Request, deps: DepsOf, principal: Managing, body: NewDeviceForm) -> Response:
    """Register a device. The answer alone carries its ``username`` and ``password`` for the broker."""
    principal.require_site(body.site, "site")

    async def work() -> Answer:
        new = new_credentials(deps, body.device)
        async with deps.pool.connection() as conn:
            device = await store.add_device(
                conn,
                principal.account.username,
                body.device,
                body.fields(),
                password_hash=new.password_hash,
                now=deps.clock.now_ms(),
            )
        return _with_credentials(_created(device), deps, new)

    return await once(request, principal, work)


def _with_credentials(answer: Answer, deps: Deps, new: DeviceCredentials) -> Answer:
    known = msgspec.json.decode(answer.body) | {"mqtt": {"host": deps.mqtt.host, "port": deps.mqtt.port}}
    shown = known | {"username": new.username, "password": new.password}
    return answer._replace(
        body=msgspec.json.encode(shown),
        kept=msgspec.json.encode(known | {"username": new.username, "password": None}),
    )


@router.post("/devices/{key}/credentials")
async def renew_credentials(request: Request, deps: DepsOf, principal: Managing, key: str) -> Response:
    """Give a device a new password; the old one ends at once."""
    device = await load(deps, principal, Device, key)
    if not deps.mqtt.per_device:
        raise Problem(409, "this broker has one account a site, none a device", kind="conflict")

    async def work() -> Answer:
        new = new_credentials(deps, key)
        assert new.password_hash is not None
        async with deps.pool.connection() as conn:
            if not await store.set_device_password(conn, principal.account.username, key, new.password_hash):
                raise Problem(409, "the device was revoked; register it again", kind="conflict")
        return _with_credentials(Answer(200, _json(device)), deps, new)

    return await once(request, principal, work)


@router.put("/devices/{key}")
async def replace_device(deps: DepsOf, principal: Managing, key: str, body: DeviceForm) -> Response:
    """Replace a device's fields; another ``resident`` or ``household`` has it from now on."""
    await load(deps, principal, Device, key)
    async with deps.pool.connection() as conn:
        changed = await store.replace_device(
            conn, principal.account.username, key, body.fields(), now=deps.clock.now_ms()
        )
    if changed is None:
        raise Problem(409, "the device was revoked; register it again", kind="conflict")
    return _found(changed, Device)


@router.delete("/devices/{key}", status_code=204)
async def revoke_device(deps: DepsOf, principal: Managing, key: str) -> Response:
    """Take a device out of service: it can no longer sign in and nobody wears it. Its readings stay."""
    await load(deps, principal, Device, key)
    async with deps.pool.connection() as conn:
        await store.revoke_device(conn, principal.account.username, key, now=deps.clock.now_ms())
    return Response(status_code=204)


@router.post("/contacts", status_code=201)
async def add_contact(request: Request, deps: DepsOf, principal: EditingContacts, body: ContactForm) -> Response:
    """Create a contact of a resident."""
    await require_resident(deps, principal, body.resident)

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            return _created(await store.add_contact(conn, principal.account.username, body.fields()))

    return await once(request, principal, work)


@router.put("/contacts/{key}")
async def replace_contact(deps: DepsOf, principal: EditingContacts, key: str, body: ContactForm) -> Response:
    """Replace a contact's fields."""
    current = await load(deps, principal, Contact, key)
    _require_same_resident(current.resident, body.resident)
    async with deps.pool.connection() as conn:
        changed = await store.replace_contact(conn, principal.account.username, key, body.fields())
    return _found(changed, Contact)


@router.post("/fences", status_code=201)
async def add_fence(request: Request, deps: DepsOf, principal: Managing, body: FenceForm) -> Response:
    """Create a zone of a resident."""
    await require_resident(deps, principal, body.resident)

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            return _created(await store.add_fence(conn, principal.account.username, body.fields()))

    return await once(request, principal, work)


@router.put("/fences/{key}")
async def replace_fence(deps: DepsOf, principal: Managing, key: str, body: FenceForm) -> Response:
    """Replace a zone's name and shape."""
    current = await load(deps, principal, Fence, key)
    _require_same_resident(current.resident, body.resident)
    async with deps.pool.connection() as conn:
        changed = await store.replace_fence(conn, principal.account.username, key, body.fields())
    return _found(changed, Fence)


async def require_resident(deps: Deps, principal: Principal, resident: str) -> None:
    """Answer 422 when the body names a resident whom the account does not see."""
    async with deps.pool.connection() as conn:
        found = await store.find(conn, Resident, resident)
    if found is None or not principal.account.sees(found.site):
        raise Problem(422, "there is no such resident", kind="missing-record")


def _require_same_resident(stored: str, sent: str) -> None:
    if stored != sent:
        raise Problem(409, "it belongs to another resident: remove it and create it anew", kind="conflict")


_readable(Site, removable=True)
_readable(Household, removable=True)
_readable(Resident, removable=True)
_readable(Device, removable=False)
_readable(Contact, removable=True)
_readable(Fence, removable=True)
