"""What the wrist felt around a fall, over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from alerts.alarm import Alarm
from dashboards.api.access import DepsOf, SignedIn
from dashboards.api.problems import Problem
from devices.refusals import Refusal, no_such
from gateway.store.alarm_list import alarm_object
from gateway.store.traces import trace_of

router = APIRouter(tags=["alarms"])


@router.get("/api/v1/alarms/{alarm}/trace")
async def one_trace(
    deps: DepsOf,
    principal: SignedIn,
    alarm: UUID,
    jolt_ms: Annotated[int | None, Query(description="one of `jolts`; the newest fall when absent")] = None,
) -> Response:
    """The samples around a fall, from 8 s before the jolt to 20 s after it, as far as they have come.

    `t0_ms` is the first sample's time; sample `i` was taken `i * 1000 / rate_hz` ms later; `x_mg`, `y_mg` and `z_mg`
    are null where nothing is known. 404 when the device sent no motion.
    """
    async with deps.pool.connection() as conn:
        about = await alarm_object(conn, alarm)
        if about is None or not principal.account.sees(about.site):
            raise Problem(404, no_such("alarm"))
        shown = msgspec.json.decode(about.object, type=Alarm)
        await principal.looked("trace", site=about.site, resident=shown.resident, alarm=alarm)
        found = await trace_of(conn, alarm, jolt_ms)
    if found is None:
        raise Problem(404, Refusal("alarm.no_motion", "no motion is known around this alarm"))
    return Response(msgspec.json.encode(found), media_type="application/json")
