"""Handing the desk over, over HTTP: offered by whoever goes, confirmed by whoever comes, all in one act."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query, Request
from starlette.responses import Response

from alerts.handover import Confirmed, Handover, confirm
from dashboards.api.access import Acting, DepsOf, Principal, SignedIn
from dashboards.api.forms import Form, Id, Short, Text
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.api.records.routes import router_of
from dashboards.deps import Deps
from devices.refusals import Refusal, no_such
from gateway.store.accounts import Account
from gateway.store.connection import Connection
from gateway.store.handovers import (
    PostgresHandoverStore,
    handover_by_id,
    handovers,
    offer_handover,
    untaken,
    withdraw_handover,
)

router = router_of()


class OfferForm(Form):
    """To whom (a user name) one hands over what one has at a site."""

    site: Id
    to: Short
    note: Text | None = None


@router.get("/handovers")
async def list_handovers(
    deps: DepsOf,
    principal: SignedIn,
    site: str | None = None,
    before: Annotated[int | None, Query(ge=0, description="ms; the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    *,
    open: bool = False,  # noqa: A002 - the name in the query
) -> Response:
    """Hand-overs, newest first; ``open``: only those that wait to be confirmed."""
    async with deps.pool.connection() as conn:
        found = await handovers(conn, sites=principal.sites, site=site, open_only=open, before=before, limit=limit + 1)
    page = found[:limit]
    answer = {"items": page, "next": page[-1].offered_at if len(found) > limit else None}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get("/handovers/{key}")
async def one_handover(deps: DepsOf, principal: SignedIn, key: str) -> Response:
    """One hand-over."""
    async with deps.pool.connection() as conn:
        found = await _load(conn, principal, key)
    return Response(msgspec.json.encode(found), media_type="application/json")


@router.post("/handovers", status_code=201)
async def offer(request: Request, deps: DepsOf, principal: Acting, body: OfferForm) -> Response:
    """Offer all that one works on at a site to a colleague; until they confirm it, everything stays as it is.

    ``untaken``: the site's active alarms that nobody has; they need somebody whatever becomes of the offer.
    """
    principal.require_site(body.site, "site")

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            made = await offer_handover(
                conn,
                site=body.site,
                outgoing=principal.account.username,
                incoming=body.to,
                note=body.note,
                now=deps.clock.now_ms(),
            )
            return Answer(201, await _with_untaken(conn, made), location=f"/api/v1/handovers/{made.id}")

    return await once(request, principal, work)


@router.post("/handovers/{key}/confirm")
async def take_over(request: Request, deps: DepsOf, principal: Acting, key: str) -> Response:
    """Take all that the colleague has; only the one to whom it is offered can. A second time changes nothing.

    ``passed``: the alarms that are the account's from now on; ``untaken``: those that nobody has.
    """
    async with deps.pool.connection() as conn:
        await _load(conn, principal, key)
    return await once(request, principal, lambda: _confirm(deps, principal.account, key))


@router.post("/handovers/{key}/withdraw")
async def take_back(deps: DepsOf, principal: Acting, key: str) -> Response:
    """Take an offer back, or decline one: by either of the two. 409 once it was confirmed."""
    async with deps.pool.connection() as conn:
        found = await _load(conn, principal, key)
        if principal.account.username not in (found.outgoing, found.incoming):
            raise Problem(
                403, Refusal("handover.not_theirs", "only the two whom it concerns may withdraw it"), kind="role"
            )
        withdrawn = await withdraw_handover(conn, key, deps.clock.now_ms())
    return Response(msgspec.json.encode(withdrawn), media_type="application/json")


async def _confirm(deps: Deps, account: Account, key: str) -> Answer:
    done = await confirm(PostgresHandoverStore(deps.pool), key, account.username, deps.clock.now_ms())
    match done:
        case Confirmed():
            async with deps.pool.connection() as conn:
                return Answer(200, await _with_untaken(conn, done.handover, passed=done.alarms))
        case "unknown":
            raise Problem(404, no_such("hand-over"))
        case "not_yours":
            raise Problem(
                403, Refusal("handover.not_to_them", "only the one to whom it is offered may confirm it"), kind="role"
            )
        case "withdrawn":
            raise Problem(409, Refusal("handover.withdrawn", "the offer was withdrawn"), kind="conflict")


async def _load(conn: Connection, principal: Principal, key: str) -> Handover:
    found = await handover_by_id(conn, key)
    if found is None:
        raise Problem(404, no_such("hand-over"))
    principal.require_site(found.site, "hand-over")
    return found


async def _with_untaken(conn: Connection, handover: Handover, **more: object) -> bytes:
    waiting = [msgspec.Raw(each.encode()) for each in await untaken(conn, handover.site)]
    return msgspec.json.encode({**msgspec.to_builtins(handover), **more, "untaken": waiting})
