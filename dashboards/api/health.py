"""Whether the console lives, whether it can work, and its figures."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from dashboards.api.access import DepsOf
from dashboards.api.feed import Feed
from dashboards.deps import Deps
from gateway.store.changes import last_change
from gateway.store.errors import UNAVAILABLE
from gateway.store.room import has_room

router = APIRouter(tags=["health"])

PATIENCE_S: Final = 2.0


@router.get("/healthz")
async def healthz() -> Response:
    """200 as long as the process answers."""
    return Response("ok\n", media_type="text/plain")


@router.get("/readyz")
async def readyz(request: Request, deps: DepsOf) -> Response:
    """200 when the database answers and can write and the stream follows it, else 503; each part is named."""
    feed: Feed = request.app.state.feed
    database, disk = await _database(deps)
    parts = {"database": database, "disk": disk, "change_listener": feed.is_alive()}
    body = msgspec.json.encode({"ready": all(parts.values()), **parts})
    return Response(body, 200 if all(parts.values()) else 503, media_type="application/json")


async def _database(deps: Deps) -> tuple[bool, bool]:
    """Whether it answers, and whether its disk takes more: an alarm that cannot be stored is none to the desk."""
    try:
        async with asyncio.timeout(PATIENCE_S), deps.pool.connection(timeout=PATIENCE_S) as conn:
            await last_change(conn)
            return True, await has_room(conn)
    except UNAVAILABLE:
        return False, False
    except TimeoutError:
        return False, False


@router.get("/metrics")
async def metrics() -> Response:
    """Figures for Prometheus; nothing in them speaks of a person."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
