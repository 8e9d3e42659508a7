"""The search over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query
from starlette.responses import Response

from dashboards.api.access import DepsOf, SignedIn
from dashboards.api.records.routes import router_of
from gateway.store.search import search

router = router_of()


@router.get("/search")
async def find(
    deps: DepsOf,
    principal: SignedIn,
    q: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> Response:
    """Residents, contacts, devices and households, the best match first, within one's own sites.

    ``q``: a name or a part of it, its pinyin or initials, a room (``3-2-501``, ``3号楼501``, ``501``), any phone
    number or its end, an ``external_id``, a device's id. ``why`` tells by what each was found.
    """
    async with deps.pool.connection() as conn:
        found = await search(conn, q, sites=principal.sites, limit=limit)
    return Response(msgspec.json.encode({"items": found, "next": None}), media_type="application/json")
