"""Test mode of a device over HTTP: begun and ended by staff, for ten minutes at most."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from dashboards.api.access import Acting, DepsOf, SignedIn
from dashboards.api.once import Answer, once
from dashboards.api.records.answers import load
from gateway.store.registry.drills import DRILL_MINUTES_AT_MOST, begin_drill, drill_of, end_drill
from gateway.store.registry_records import Device

router = APIRouter(tags=["registry"], prefix="/api/v1/devices/{key}/test")

USUAL_MINUTES = 5


class DrillForm(BaseModel):
    """How long the device is tried out."""

    minutes: Annotated[int, Field(ge=1, le=DRILL_MINUTES_AT_MOST)] = USUAL_MINUTES


@router.get("", summary="Whether a device is in test mode")
async def the_drill(deps: DepsOf, principal: SignedIn, key: str) -> Response:
    """``test_from`` and ``test_until`` in ms, both null while the device is not in test mode."""
    await load(deps, principal, Device, key)
    async with deps.pool.connection() as conn:
        found = await drill_of(conn, key, deps.clock.now_ms())
    return Response(msgspec.json.encode(found), media_type="application/json")


@router.post("", summary="Put a device into test mode")
async def begin(request: Request, deps: DepsOf, principal: Acting, key: str, body: DrillForm | None = None) -> Response:
    """What the device cries from now on is a drill: it sounds, and nobody outside is called.

    Takes effect within 2 s. A press that happened before, or that arrives after the end, is a real one. 409 for
    a device out of service, and while the wearer waits for real help.
    """
    await load(deps, principal, Device, key)
    minutes = (body or DrillForm()).minutes

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            begun = await begin_drill(conn, principal.account.username, key, minutes=minutes, now=deps.clock.now_ms())
        return Answer(200, msgspec.json.encode(begun))

    return await once(request, principal, work)


@router.delete("", summary="End a device's test mode", status_code=204)
async def end(deps: DepsOf, principal: Acting, key: str) -> Response:
    """From now on the device's cries are real; alarms of the drill stay drills until they are closed."""
    await load(deps, principal, Device, key)
    async with deps.pool.connection() as conn:
        await end_drill(conn, principal.account.username, key)
    return Response(status_code=204)
