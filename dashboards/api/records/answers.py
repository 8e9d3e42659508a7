"""What every resource answers with: a record as JSON, 404 for what the account does not see, 201 once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import Principal
from dashboards.api.masking import for_reader, hides_phones
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.deps import Deps
from devices.refusals import Noun, Refusal, no_such
from gateway.store import registry as store
from gateway.store.connection import Connection
from gateway.store.registry_records import (
    Assignment,
    Consent,
    Contact,
    Device,
    Fence,
    Holiday,
    Household,
    Plan,
    Record,
    Resident,
    Responder,
    Shift,
    Site,
)

R = TypeVar("R", bound=Record)

PLURAL: Final[dict[type[object], str]] = {
    Site: "sites",
    Household: "households",
    Resident: "residents",
    Device: "devices",
    Assignment: "assignments",
    Consent: "consents",
    Contact: "contacts",
    Fence: "fences",
    Responder: "responders",
    Shift: "shifts",
    Plan: "plans",
    Holiday: "holidays",
}


_NOUNS: Final[dict[type[object], Noun]] = {
    Site: "site",
    Household: "household",
    Resident: "resident",
    Device: "device",
    Assignment: "assignment",
    Consent: "consent",
    Contact: "contact",
    Fence: "fence",
    Responder: "responder",
    Shift: "shift",
    Plan: "plan",
    Holiday: "holiday",
}


def noun(kind: type[object]) -> Noun:
    """What a record of this kind is called in a sentence."""
    return _NOUNS[kind]


def site_of(record: Record) -> str:
    """The site to which a record belongs."""
    return record.id if isinstance(record, Site) else record.site


async def load(deps: Deps, principal: Principal, kind: type[R], key: str) -> R:
    """A record that the account may see. Raises ``Problem`` 404."""
    async with deps.pool.connection() as conn:
        record = await store.find(conn, kind, key)
    if record is None:
        raise Problem(404, no_such(noun(kind)))
    principal.require_site(site_of(record), noun(kind))
    return record


async def require_resident(deps: Deps, principal: Principal, resident: str) -> None:
    """Answer 422 when the body names a resident whom the account does not see."""
    async with deps.pool.connection() as conn:
        found = await store.find(conn, Resident, resident)
    if found is None or not principal.account.sees(found.site):
        raise Problem(422, no_such("resident"), kind="missing-record")


def require_same_resident(stored: str, sent: str) -> None:
    """Answer 409 when a body would give somebody's record to somebody else."""
    if stored != sent:
        raise Problem(
            409,
            Refusal("record.other_resident", "it belongs to another resident: remove it and create it anew"),
            kind="conflict",
        )


def as_json(record: Record, reader: Principal | None = None) -> bytes:
    """A record as it is answered, to whoever wrote it or to a ``reader``."""
    if isinstance(record, Device):
        whole = {"device": record.id, **msgspec.structs.asdict(record)}
        return msgspec.json.encode(whole if reader is None else for_reader(reader, whole))
    if reader is None or not hides_phones(reader):
        return msgspec.json.encode(record)
    return msgspec.json.encode(for_reader(reader, msgspec.to_builtins(record)))


def found(record: Record | None, kind: type[object], reader: Principal | None = None) -> Response:
    """200 with the record, or 404."""
    if record is None:
        raise Problem(404, no_such(noun(kind)))
    return Response(as_json(record, reader), media_type="application/json")


def created(record: Record) -> Answer:
    """201 with the record and where it is from now on."""
    return Answer(201, as_json(record), location=f"/api/v1/{PLURAL[type(record)]}/{record.id}")


async def create(
    request: Request, deps: Deps, principal: Principal, write: Callable[[Connection, str], Awaitable[Record]]
) -> Response:
    """201 with what ``write(connection, actor)`` made; done once for an ``Idempotency-Key``."""

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            return created(await write(conn, principal.account.username))

    return await once(request, principal, work)


async def replace(
    deps: Deps, principal: Principal, kind: type[R], write: Callable[[Connection, str], Awaitable[R | None]]
) -> Response:
    """200 with what ``write(connection, actor)`` made of the record; 404 when it was removed meanwhile."""
    async with deps.pool.connection() as conn:
        changed = await write(conn, principal.account.username)
    return found(changed, kind)
