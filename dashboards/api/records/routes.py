"""The routes that are the same for every kind of record: the list, one of them, its removal."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Annotated, Any, Final, Protocol, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing, Principal, SignedIn, installing
from dashboards.api.masking import for_reader
from dashboards.api.problems import Problem
from dashboards.api.records.answers import PLURAL, as_json, found, load, noun, site_of
from devices.refusals import no_such
from gateway.store import registry as store
from gateway.store.connection import Connection
from gateway.store.registry.history import HistoryItem
from gateway.store.registry_records import Consent, Contact, Fence, Record, Resident, Site

R = TypeVar("R", bound=Record)

PREFIX = "/api/v1"
_OF_PEOPLE: Final[frozenset[type[object]]] = frozenset({Resident, Contact, Consent, Fence})
"""Records that describe residents: to read one is to look at somebody."""


def _resident_of(record: Record) -> str | None:
    return record.id if isinstance(record, Resident) else getattr(record, "resident", None)


class Removed(Protocol):
    """Removes a record of one kind and does at once what follows from it."""

    def __call__(self, conn: Connection, actor: str, key: str, *, now: int) -> Awaitable[bool]:
        """Remove the record at ``now`` (ms); False when there is none."""
        ...


def router_of() -> APIRouter:
    """A router for one resource."""
    return APIRouter(prefix=PREFIX, tags=["registry"])


def _parameters(names: Sequence[str]) -> dict[str, Any]:
    return {"parameters": [{"name": n, "in": "query", "schema": {"type": "string"}} for n in names]}


def readable(router: APIRouter, kind: type[R]) -> None:
    """Add the list and the single record of a kind."""
    path = f"/{PLURAL[kind]}"
    names = sorted(store.filters_of(kind))

    async def listing(
        request: Request,
        deps: DepsOf,
        principal: SignedIn,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        filters = {name: request.query_params[name] for name in names if name in request.query_params}
        if kind in _OF_PEOPLE:
            await principal.looked("records", subject=PLURAL[kind], resident=filters.get("resident"))
        async with deps.pool.connection() as conn:
            records = await store.listing(
                conn, kind, sites=principal.sites, filters=filters, after=after, limit=limit + 1
            )
        page = records[:limit]
        answer = {
            "items": [msgspec.Raw(as_json(record, principal)) for record in page],
            "next": page[-1].id if len(records) > limit else None,
        }
        return Response(msgspec.json.encode(answer), media_type="application/json")

    async def one(deps: DepsOf, principal: SignedIn, key: str) -> Response:
        record = await load(deps, principal, kind, key)
        if kind in _OF_PEOPLE:
            await principal.looked("record", site=site_of(record), resident=_resident_of(record))
        return found(record, kind, principal)

    router.get(path, summary=f"List {PLURAL[kind]}", openapi_extra=_parameters(names))(listing)
    router.get(path + "/{key}", summary=f"One {noun(kind)}")(one)


def with_history(router: APIRouter, kind: type[R]) -> None:
    """Add what a record of a kind was, version by version, also of one that was removed."""

    async def versions(
        deps: DepsOf,
        principal: SignedIn,
        key: str,
        before: Annotated[int | None, Query(ge=1, description="the `next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Response:
        async with deps.pool.connection() as conn:
            site = await store.site_of_history(conn, kind, key)
            if site is None:
                raise Problem(404, no_such(noun(kind)))
            principal.require_site(site, noun(kind))
            items = await store.history(conn, kind, key, before=before, limit=limit + 1)
        return page_of_history(items, limit, principal)

    router.get(
        f"/{PLURAL[kind]}/{{key}}/history",
        summary=f"The history of a {noun(kind)}",
        description="Every version, newest first: who changed it when (ms), the record from then on (null: it was"
        " removed), the fields that differ from the version before. Passwords are not kept in it.",
    )(versions)


def page_of_history(items: list[HistoryItem], limit: int, principal: Principal) -> Response:
    """A page of versions out of one more than it shows, as its reader may have them."""
    page = [
        each if each.record is None else msgspec.structs.replace(each, record=for_reader(principal, each.record))
        for each in items[:limit]
    ]
    answer = {"items": page, "next": page[-1].version if len(items) > limit else None}
    return Response(msgspec.json.encode(answer), media_type="application/json")


def removable(router: APIRouter, kind: type[R], removed: Removed | None = None, description: str | None = None) -> None:
    """Add the removal of a kind; ``removed``: what does it where more follows from it than the store's ``remove``."""

    async def remove(deps: DepsOf, principal: Managing, key: str) -> Response:
        if kind is Site:
            installing(principal)
        await load(deps, principal, kind, key)
        async with deps.pool.connection() as conn:
            actor = principal.account.username
            if removed is None:
                done = await store.remove(conn, actor, kind, key)
            else:
                done = await removed(conn, actor, key, now=deps.clock.now_ms())
            if not done:
                raise Problem(404, no_such(noun(kind)))
        return Response(status_code=204)

    router.delete(
        f"/{PLURAL[kind]}/{{key}}", summary=f"Remove a {noun(kind)}", description=description, status_code=204
    )(remove)
