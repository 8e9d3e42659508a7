"""An alarm's escalation over HTTP: what was done and what comes next, unless somebody takes it."""

from __future__ import annotations

from uuid import UUID

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from dashboards.api.access import DepsOf, SignedIn, require_alarm
from gateway.store.escalation_view import escalation_of

router = APIRouter(tags=["alarms"])


@router.get("/api/v1/alarms/{alarm}/escalation")
async def one_escalation(deps: DepsOf, principal: SignedIn, alarm: UUID) -> Response:
    """The frozen plan's policy and the steps of the newest round, in the order of their times (ms)."""
    async with deps.pool.connection() as conn:
        await require_alarm(conn, principal, alarm)
        found = await escalation_of(conn, alarm)
    return Response(msgspec.json.encode(found), media_type="application/json")
