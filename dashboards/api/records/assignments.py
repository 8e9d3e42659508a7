"""Who had which device from when to when, over HTTP."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import Administering, DepsOf, Managing
from dashboards.api.forms import AssignmentForm
from dashboards.api.problems import Problem, invalid
from dashboards.api.records.answers import create, load, replace
from dashboards.api.records.routes import readable, router_of, with_history
from dashboards.deps import Deps
from devices.refusals import Unfit, no_such
from gateway.store import registry as store
from gateway.store.registry_records import Assignment, AssignmentFields, Device

router = router_of()
readable(router, Assignment)
with_history(router, Assignment)


def _fields(body: AssignmentForm, deps: Deps, began_ms: int | None = None) -> AssignmentFields:
    now = deps.clock.now_ms()
    try:
        return body.fields(now, now if began_ms is None else began_ms)
    except Unfit as error:
        raise invalid("/body", error.refusal) from None


@router.post("/assignments", status_code=201)
async def add_assignment(request: Request, deps: DepsOf, principal: Managing, body: AssignmentForm) -> Response:
    """Enter who had a device; 409 when it overlaps another assignment of the device.

    One in the past moves the readings of its time, and of no other, to its wearer; alarms that were raised
    stay with whom they were raised for.
    """
    fields = _fields(body, deps)
    async with deps.pool.connection() as conn:
        device = await store.find(conn, Device, body.device)
    if device is None or not principal.account.sees(device.site):
        raise Problem(422, no_such("device"), kind="missing-record")
    return await create(request, deps, principal, lambda conn, actor: store.add_assignment(conn, actor, fields))


@router.put("/assignments/{key}")
async def replace_assignment(deps: DepsOf, principal: Managing, key: str, body: AssignmentForm) -> Response:
    """Change when an assignment began or ended; its device and its wearer stay."""
    current = await load(deps, principal, Assignment, key)
    fields = _fields(body, deps, current.from_ms)
    return await replace(
        deps, principal, Assignment, lambda conn, actor: store.replace_assignment(conn, actor, key, fields)
    )


@router.delete("/assignments/{key}", status_code=204)
async def remove_assignment(deps: DepsOf, principal: Administering, key: str) -> Response:
    """Remove an assignment that never was; one that has ended gets its ``to`` instead."""
    await load(deps, principal, Assignment, key)
    async with deps.pool.connection() as conn:
        if not await store.remove(conn, principal.account.username, Assignment, key):
            raise Problem(404, no_such("assignment"))
    return Response(status_code=204)
