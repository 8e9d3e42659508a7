"""One acknowledgement for all that is open of a person, over HTTP."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from alerts.desk import take_all
from alerts.ports import Whom
from dashboards.api.access import Acting, DepsOf, Principal
from dashboards.api.metrics import ACTIONS
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.api.records.answers import load
from dashboards.deps import Deps
from devices.refusals import Refusal
from gateway.store.registry_records import Household, Resident

router = APIRouter(tags=["alarms"], prefix="/api/v1")


@router.post("/residents/{key}/acknowledge")
async def take_resident(request: Request, deps: DepsOf, principal: Acting, key: str) -> Response:
    """Take all open alarms of a resident at once.

    ``items``: what the account has now; ``held``: the active alarms that somebody else has. 409, with the
    ``alarm`` that was taken first, when all of them are somebody else's.
    """
    await load(deps, principal, Resident, key)
    return await once(request, principal, lambda: _take(deps, principal, "resident", key))


@router.post("/households/{key}/acknowledge")
async def take_household(request: Request, deps: DepsOf, principal: Acting, key: str) -> Response:
    """Take all open alarms of a household's shared device at once, as for a resident.

    Alarms of one person who lives there are not among them: they are taken by that person's name.
    """
    await load(deps, principal, Household, key)
    return await once(request, principal, lambda: _take(deps, principal, "household", key))


async def _take(deps: Deps, principal: Principal, whom: Whom, key: str) -> Answer:
    taken = await take_all(deps.alarm_store, whom, key, principal.account.username, deps.clock.now_ms())
    if taken.held and not taken.own:
        ACTIONS.labels("acknowledge_all", "refused").inc()
        raise Problem(
            409,
            Refusal("alarm.held", "somebody else has them"),
            kind="alarm-state",
            reason="state",
            alarm=taken.held[0],
            held=taken.held,
        )
    ACTIONS.labels("acknowledge_all", "done").inc()
    return Answer(200, msgspec.json.encode({"items": taken.own, "held": taken.held}))
