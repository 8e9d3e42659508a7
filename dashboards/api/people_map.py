"""The map of everybody with an open alarm, over HTTP: what is new of each since it was last asked."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from alerts.search import with_certainty
from dashboards.api.access import DepsOf, SignedIn
from dashboards.api.problems import invalid
from devices.refusals import Refusal
from gateway.store.on_map import TRACK_MS, MapCursor, Subject, on_map

router = APIRouter(tags=["finding"])

_OF_A_FIX = ("t", "lat", "lon", "accuracy_m", "sure")


@router.get("/api/v1/map")
async def everybody(
    deps: DepsOf,
    principal: SignedIn,
    after: Annotated[
        str | None, Query(description="`cursor` of the answer before: only of whom something is new")
    ] = None,
) -> Response:
    """Where everybody with an active alarm is: home, zones, the way of the last two hours, the last certain place.

    Of who has no position `last` is null. Who has no active alarm any more is not named again: follow the stream.
    """
    try:
        known = None if after is None else MapCursor.parse(after)
    except ValueError:
        raise invalid("/query/after", Refusal("cursor", "the `cursor` of an answer of this address")) from None
    now = deps.clock.now_ms()
    async with deps.pool.connection() as conn:
        found = await on_map(conn, sites=principal.sites, now=now, after=known)
    await principal.looked_at_all("map", [_whom(each) for each in found.subjects])
    answer = {
        "as_of": now,
        "cursor": str(found.cursor),
        "items": [_item(each, now) for each in found.subjects],
        "next": None,
    }
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _whom(subject: Subject) -> tuple[str, str | None, str | None]:
    if subject.kind == "residents":
        return subject.site, subject.key.partition("/")[2], None
    return subject.site, None, subject.key


def _item(subject: Subject, now: int) -> dict[str, Any]:
    fixes = with_certainty(subject.fixes)
    shown = [{name: getattr(fix, name) for name in _OF_A_FIX} for fix in fixes]
    return {
        "key": subject.key,
        "home": subject.home,
        "timezone": subject.timezone,
        "zones": [
            {"name": each.name, "circle": each.circle, "polygon": each.polygon, "active": each.active}
            for each in subject.zones
        ],
        "track": [fix for fix in shown if fix["t"] > now - TRACK_MS],
        "last": shown[-1] if shown else None,
        "certain": next((fix for fix in reversed(shown) if fix["sure"]), None),
    }
