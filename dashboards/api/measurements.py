"""What is known of a resident over time: the track as GeoJSON, vital signs, activity, all that happened."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from dashboards.api.access import DepsOf, Principal, SignedIn, require_need
from dashboards.api.problems import Problem
from dashboards.api.records import load
from dashboards.deps import Deps
from devices.clock import DAY_MS, HOUR_MS
from devices.refusals import Refusal
from gateway.store.activity import activity
from gateway.store.registry_records import Resident
from gateway.store.timeline import EventType, Position, timeline
from gateway.store.tracks import TrackFix, track, vital_signs

router = APIRouter(prefix="/api/v1/residents", tags=["registry"])

FIXES: Final = 2000
"""A simplified track has about this many fixes at most."""

BUCKETS: Final = 10_000
"""At most so many in one answer: a year of hours."""

From = Annotated[int | None, Query(alias="from", ge=0, description="ms; a day before `to` when absent")]
To = Annotated[int | None, Query(ge=0, description="ms; now when absent")]


def _window(deps: Deps, from_ms: int | None, to_ms: int | None) -> tuple[int, int]:
    end = deps.clock.now_ms() + 1 if to_ms is None else to_ms
    return (max(0, end - DAY_MS) if from_ms is None else from_ms), end


async def _look(deps: Deps, principal: Principal, key: str, what: str) -> None:
    """That somebody looks, and may: 404 for a resident whom they do not see, 403 for a responder without an alarm."""
    resident = await load(deps, principal, Resident, key)
    async with deps.pool.connection() as conn:
        await require_need(conn, principal, key)
    await principal.looked(what, site=resident.site, resident=key)


@router.get("/{key}/track")
async def resident_track(
    deps: DepsOf, principal: SignedIn, key: str, *, from_ms: From = None, to: To = None, simplify: bool = True
) -> Response:
    """Where the resident was in ``[from, to)``: a GeoJSON line and its fixes. ``simplify=0`` gives every fix."""
    await _look(deps, principal, key, "track")
    start, end = _window(deps, from_ms, to)
    async with deps.pool.connection() as conn:
        fixes = await track(conn, key, start, end, limit=FIXES if simplify else None)
    return Response(msgspec.json.encode(_geojson(fixes)), media_type="application/geo+json")


def _geojson(fixes: list[TrackFix]) -> dict[str, object]:
    points = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [fix.lon, fix.lat]},
            "properties": {
                "t": fix.t,
                "accuracy_m": fix.accuracy_m,
                "source": fix.source,
                "device": fix.device,
            },
        }
        for fix in fixes
    ]
    line = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [[fix.lon, fix.lat] for fix in fixes]},
        "properties": {"t": [fix.t for fix in fixes]},
    }
    return {"type": "FeatureCollection", "features": [line, *points] if len(fixes) > 1 else points}


@router.get("/{key}/vitals")
async def resident_vitals(
    deps: DepsOf,
    principal: SignedIn,
    key: str,
    from_ms: From = None,
    to: To = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> Response:
    """The vital signs in ``[from, to)``, newest first; ``next`` is the ``to`` of the next page."""
    await _look(deps, principal, key, "vitals")
    start, end = _window(deps, from_ms, to)
    async with deps.pool.connection() as conn:
        found = await vital_signs(conn, key, start, end, limit)
    answer = {"items": found, "next": found[-1].t if len(found) == limit else None}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get("/{key}/activity")
async def resident_activity(
    deps: DepsOf,
    principal: SignedIn,
    key: str,
    from_ms: From = None,
    to: To = None,
    bucket: Annotated[int, Query(ge=60_000, description="ms")] = HOUR_MS,
) -> Response:
    """Steps, movement, positions, exercise and check-ins in each ``bucket`` of ``[from, to)``, oldest first.

    What nothing was heard of is null, never 0. Buckets begin at ``from``, without it on
    the hour.
    """
    await _look(deps, principal, key, "activity")
    start, end = _window(deps, from_ms, to)
    if from_ms is None:
        start -= start % bucket
    if end - start > BUCKETS * bucket:
        raise Problem(
            422,
            Refusal(
                "buckets", "at most {most} buckets at once: ask for a shorter time or longer buckets", most=BUCKETS
            ),
            kind="invalid",
        )
    async with deps.pool.connection() as conn:
        found = await activity(conn, key, start, end, bucket)
    answer = {"items": found, "next": None, "bucket": bucket}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get("/{key}/timeline")
async def resident_timeline(
    deps: DepsOf,
    principal: SignedIn,
    key: str,
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    types: Annotated[list[EventType] | None, Query(alias="type")] = None,
) -> Response:
    """Alarms, requests, check-ins, exercise, changes of status, devices and messages, newest first.

    ``before`` takes the ``next`` of the page before, or a time in ms; ``type``, also several, narrows.
    """
    await _look(deps, principal, key, "timeline")
    try:
        end = None if before is None else Position.parse(before)
    except ValueError:
        raise Problem(
            422,
            Refusal("cursor", "before: expected the `next` of a page, or a time in ms"),
            kind="invalid",
        ) from None
    async with deps.pool.connection() as conn:
        found = await timeline(conn, key, before=end, limit=limit + 1, types=tuple(types or ()))
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    answer = {"items": page, "next": None if last is None else str(Position(last.t, last.type, last.key))}
    return Response(msgspec.json.encode(answer), media_type="application/json")
