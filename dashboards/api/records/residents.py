"""Residents over HTTP."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.api.forms import ResidentForm
from dashboards.api.problems import invalid
from dashboards.api.records.answers import create, load, replace
from dashboards.api.records.routes import readable, removable, router_of, with_history
from devices.absence import until_problem
from gateway.store import registry as store
from gateway.store.registry_records import Resident

router = router_of()
readable(router, Resident)
with_history(router, Resident)
removable(router, Resident)


@router.post("/residents", status_code=201)
async def add_resident(request: Request, deps: DepsOf, principal: Managing, body: ResidentForm) -> Response:
    """Create a resident. ``until`` ends the statuses away, hospital and paused by itself; it lies in the future."""
    principal.require_site(body.site, "site")
    _check_until(body, None, deps.clock.now_ms())
    return await create(request, deps, principal, lambda conn, actor: store.add_resident(conn, actor, body.fields()))


@router.put("/residents/{key}")
async def replace_resident(deps: DepsOf, principal: Managing, key: str, body: ResidentForm) -> Response:
    """Replace a resident's fields.

    With the status moved or deceased their family hears nothing more, at once, and nobody wears their devices.
    """
    now = deps.clock.now_ms()
    _check_until(body, await load(deps, principal, Resident, key), now)
    return await replace(
        deps, principal, Resident, lambda conn, actor: store.replace_resident(conn, actor, key, body.fields(), now=now)
    )


def _check_until(body: ResidentForm, stored: Resident | None, now_ms: int) -> None:
    if stored is not None and (stored.status, stored.until) == (body.status, body.until):
        return
    if problem := until_problem(body.status, body.until, now_ms):
        raise invalid("/body/until", problem)
