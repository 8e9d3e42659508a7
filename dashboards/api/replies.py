"""What people outside answered, over HTTP: staff confirm the family's word, and read all that came in."""

from __future__ import annotations

from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from alerts.replies import NothingToConfirm, confirm
from dashboards.api.access import Acting, DepsOf, Principal, SignedIn, require_alarm
from dashboards.api.metrics import ACTIONS
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.deps import Deps
from devices.refusals import Refusal, no_such
from gateway.store.inbox_list import replies

alarms = APIRouter(tags=["alarms"])
"""To be included before the alarms' own events."""
router = APIRouter(tags=["replies"])

_ALARM = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Alarm"}}}}


@alarms.post("/api/v1/alarms/{alarm}/confirm", responses={200: cast(dict[str, Any], _ALARM)})
async def confirm_well(request: Request, deps: DepsOf, principal: Acting, alarm: UUID) -> Response:
    """Confirm the family's word that all is well: the alarm is taken, if nobody has, and resolved.

    409 with the ``alarm`` when it is over, or when nobody of the family said so.
    """

    async def work() -> Answer:
        return Answer(200, msgspec.json.encode(await _confirmed(deps, principal, alarm)))

    return await once(request, principal, work)


async def _confirmed(deps: Deps, principal: Principal, alarm: UUID) -> Any:
    async with deps.pool.connection() as conn:
        await require_alarm(conn, principal, alarm)
    done = await confirm(deps.alarm_store, alarm, principal.account.username, deps.clock.now_ms())
    if done is None:
        raise Problem(404, no_such("alarm"))
    if isinstance(done, NothingToConfirm):
        ACTIONS.labels("confirm", "refused").inc()
        why = Refusal("reply.nothing_to_confirm", "there is no word of the family to confirm, or the alarm is over")
        raise Problem(409, why, kind="alarm-state", reason="state", alarm=done.alarm)
    ACTIONS.labels("confirm", "done").inc()
    return done


@router.get("/api/v1/replies")
async def list_replies(
    deps: DepsOf,
    principal: SignedIn,
    meaning: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: str | None = None,
) -> Response:
    """What came in by SMS and keypad, newest first, with what it was taken for.

    What belongs to an alarm is seen by those of its site; what a stranger wrote, by everybody. ``before``: the
    ``next`` of the page before.
    """
    async with deps.pool.connection() as conn:
        try:
            found = await replies(conn, sites=principal.sites, meaning=meaning, before=before, limit=limit + 1)
        except ValueError:
            raise Problem(422, Refusal("cursor", "before: expected the `next` of a page"), kind="invalid") from None
    shown = found[:limit]
    answer = {"items": shown, "next": shown[-1].cursor if len(found) > limit else None}
    return Response(msgspec.json.encode(answer), media_type="application/json")
