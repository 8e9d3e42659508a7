"""Service requests over HTTP: pressed on a device or taken down by phone, open until somebody settles them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request
from pydantic import StringConstraints
from starlette.responses import Response

from dashboards.api.access import Acting, DepsOf, Principal, SignedIn
from dashboards.api.forms import Form, Short, Text
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.api.records.answers import require_resident
from dashboards.api.records.routes import router_of
from dashboards.deps import Deps
from devices.refusals import Refusal, no_such
from gateway.store import registry as store
from gateway.store.registry_records import Resident
from gateway.store.requests import FILTERS, ServiceRequest, add_request, request_by_id, requests, settle_request

router = router_of()


class RequestForm(Form):
    """What somebody asked for by phone; ``request`` is a short code such as meal, repair, call_back."""

    resident: Short
    request: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    note: Text | None = None


class SettlementForm(Form):
    """How a request was settled; ``state`` open opens it again."""

    state: Literal["open", "done"] = "done"
    answer: Text | None = None


def _json(found: ServiceRequest) -> bytes:
    fields = msgspec.structs.asdict(found)
    del fields["n"]
    return msgspec.json.encode(fields)


async def _load(deps: Deps, principal: Principal, key: str) -> ServiceRequest:
    async with deps.pool.connection() as conn:
        found = await request_by_id(conn, key)
    if found is None:
        raise Problem(404, no_such("request"))
    principal.require_site(found.site, "request")
    return found


def _cursor(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        t, _, n = text.partition("_")
        return int(t), int(n or 0)
    except ValueError:
        raise Problem(
            422,
            Refusal("cursor", "before: expected the `next` of a page, or a time in ms"),
            kind="invalid",
        ) from None


@router.get(
    "/requests",
    openapi_extra={"parameters": [{"name": n, "in": "query", "schema": {"type": "string"}} for n in FILTERS]},
)
async def list_requests(
    request: Request,
    deps: DepsOf,
    principal: SignedIn,
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """What residents asked for, newest first."""
    filters = {name: request.query_params[name] for name in FILTERS if name in request.query_params}
    async with deps.pool.connection() as conn:
        found = await requests(conn, sites=principal.sites, filters=filters, before=_cursor(before), limit=limit + 1)
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    answer = {
        "items": [msgspec.Raw(_json(each)) for each in page],
        "next": None if last is None else f"{last.t}_{last.n}",
    }
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get("/requests/{key}")
async def one_request(deps: DepsOf, principal: SignedIn, key: str) -> Response:
    """One request."""
    return Response(_json(await _load(deps, principal, key)), media_type="application/json")


@router.post("/requests", status_code=201)
async def take_down_request(request: Request, deps: DepsOf, principal: Acting, body: RequestForm) -> Response:
    """Take down what somebody asked for by phone."""
    await require_resident(deps, principal, body.resident)

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            resident = await store.find(conn, Resident, body.resident)
            if resident is None:
                raise Problem(422, no_such("resident"), kind="missing-record")
            made = await add_request(
                conn,
                principal.account.username,
                site=resident.site,
                resident=resident.id,
                request=body.request,
                note=body.note,
                t=deps.clock.now_ms(),
            )
        return Answer(201, _json(made), location=f"/api/v1/requests/{made.id}")

    return await once(request, principal, work)


@router.put("/requests/{key}")
async def settle(deps: DepsOf, principal: Acting, key: str, body: SettlementForm) -> Response:
    """Settle a request with an ``answer``, or open it again."""
    await _load(deps, principal, key)
    async with deps.pool.connection() as conn:
        settled = await settle_request(
            conn,
            principal.account.username,
            key,
            state=body.state,
            answer=body.answer,
            now=deps.clock.now_ms(),
        )
    if settled is None:
        raise Problem(404, no_such("request"))
    return Response(_json(settled), media_type="application/json")
