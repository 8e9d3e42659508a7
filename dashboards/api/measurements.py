"""What was measured of a resident: the track as GeoJSON, the vital signs."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from dashboards.api.access import DepsOf, SignedIn
from dashboards.api.records import load
from dashboards.deps import Deps
from devices.clock import DAY_MS
from gateway.store.registry_records import Resident
from gateway.store.tracks import TrackFix, track, vital_signs

router = APIRouter(prefix="/api/v1/residents", tags=["registry"])

FIXES: Final = 2000
"""A simplified track has about this many fixes at most."""

From = Annotated[int | None, Query(alias="from", ge=0, description="ms; a day before `to` when absent")]
To = Annotated[int | None, Query(ge=0, description="ms; now when absent")]


def _window(deps: Deps, from_ms: int | None, to_ms: int | None) -> tuple[int, int]:
    end = deps.clock.now_ms() + 1 if to_ms is None else to_ms
    return (max(0, end - DAY_MS) if from_ms is None else from_ms), end


@router.get("/{key}/track")
async def resident_track(
    deps: DepsOf, principal: SignedIn, key: str, *, from_ms: From = None, to: To = None, simplify: bool = True
) -> Response:
    """Where the resident was in ``[from, to)``: a GeoJSON line and its fixes. ``simplify=0`` gives every fix."""
    await load(deps, principal, Resident, key)
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
    await load(deps, principal, Resident, key)
    start, end = _window(deps, from_ms, to)
    async with deps.pool.connection() as conn:
        found = await vital_signs(conn, key, start, end, limit)
    answer = {"items": found, "next": found[-1].t if len(found) == limit else None}
    return Response(msgspec.json.encode(answer), media_type="application/json")
