"""An alarm's escalation over HTTP: what was done and what comes next, unless somebody takes it."""

from __future__ import annotations

from uuid import UUID

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from dashboards.api.access import DepsOf, SignedIn
from dashboards.api.problems import Problem
from gateway.store.alarm_list import site_of_alarm
from gateway.store.escalation_view import escalation_of

router = APIRouter(tags=["alarms"])


@router.get("/api/v1/alarms/{alarm}/escalation")
async def one_escalation(deps: DepsOf, principal: SignedIn, alarm: UUID) -> Response:
    """The frozen plan's policy and the steps of the newest round, in the order of their times (ms)."""
    async with deps.pool.connection() as conn:
        site = await site_of_alarm(conn, alarm)
        if site is None or not principal.account.sees(site):
            raise Problem(404, "there is no such alarm")
        found = await escalation_of(conn, alarm)
    return Response(msgspec.json.encode(found), media_type="application/json")
