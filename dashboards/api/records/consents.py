"""Consents over HTTP: what residents or their guardians agreed to or refused; and breaking a refusal open."""

from __future__ import annotations

from typing import Annotated, Any, Final, cast
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from alerts.alarm import Alarm
from alerts.opening import NotOpened
from dashboards.api.access import DepsOf, EditingContacts, Opening, require_alarm
from dashboards.api.forms import ConsentForm, WithdrawalForm
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem, invalid
from dashboards.api.records.answers import create, load, replace, require_resident
from dashboards.api.records.routes import readable, router_of, with_history
from devices.refusals import Refusal, Unfit, no_such
from gateway.store.consents import add_consent, open_position, withdraw_consent
from gateway.store.registry_records import Consent

router = router_of()
readable(router, Consent)
with_history(router, Consent)

alarms = APIRouter(tags=["alarms"])

_REASONS: Final = {
    "state": Refusal("opening.over", "the alarm is over"),
    "severity": Refusal("opening.severity", "only during a critical alarm"),
    "nobody": Refusal("opening.nobody", "it is about nobody whose position could be shown"),
    "agreed": Refusal("opening.agreed", "they have agreed: the position is shown already"),
}
_ALARM: Final = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Alarm"}}}}


class OpenPosition(BaseModel):
    """Why it cannot wait."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


@router.post("/consents", status_code=201)
async def add(request: Request, deps: DepsOf, principal: EditingContacts, body: ConsentForm) -> Response:
    """Write down a consent or a refusal; of those in force the one that began last counts."""
    await require_resident(deps, principal, body.resident)
    try:
        fields = body.fields(deps.clock.now_ms())
    except Unfit as error:
        raise invalid("/body/until", error.refusal) from None
    return await create(request, deps, principal, lambda conn, actor: add_consent(conn, actor, fields))


@router.put("/consents/{key}")
async def withdraw(deps: DepsOf, principal: EditingContacts, key: str, body: WithdrawalForm) -> Response:
    """Withdraw a consent or a refusal: ``{"withdrawn": true}``. It is never rewritten, nor removed."""
    assert body.withdrawn
    await load(deps, principal, Consent, key)
    now = deps.clock.now_ms()
    return await replace(deps, principal, Consent, lambda conn, actor: withdraw_consent(conn, actor, key, now))


@alarms.post("/api/v1/alarms/{alarm}/open-position", responses={200: cast(dict[str, Any], _ALARM)})
async def break_open(request: Request, deps: DepsOf, principal: Opening, alarm: UUID, body: OpenPosition) -> Response:
    """Show family and responders the position although nobody agreed, until this critical alarm ends.

    409 with the ``alarm`` when there is nothing to open. Who did it, when and why is kept for good.
    """

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            await require_alarm(conn, principal, alarm)
            account, now = principal.account.username, deps.clock.now_ms()
            done = await open_position(conn, alarm, account, body.reason, now)
        match done:
            case None:
                raise Problem(404, no_such("alarm"))
            case NotOpened():
                raise Problem(409, _REASONS[done.reason], kind="alarm-state", reason=done.reason, alarm=done.alarm)
            case Alarm():
                return Answer(200, msgspec.json.encode(done))

    return await once(request, principal, work)
