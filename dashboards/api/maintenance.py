"""Sites in maintenance and devices in repair over HTTP (ADR 41).

Whoever keeps the registry announces a maintenance; whoever may act at the desk takes a device into repair, since that
touches one device alone, and ends either, since that only lets more be heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing, Opening, Principal, SignedIn
from dashboards.api.forms import Form, Time
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.api.records.answers import load
from dashboards.deps import Deps
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from devices.refusals import Refusal
from gateway.store.maintenance import Held, Wanted, end, history_of, hold, in_force
from gateway.store.registry_records import Device, Site

router = APIRouter(tags=["registry"], prefix="/api/v1")

LONGEST_MS: Final = DAY_MS
"""Whoever forgets a maintenance shall not be without the alarms of a site for longer. Assumption, ADR 41."""
AHEAD_MS: Final = 30 * DAY_MS
USUAL_MS: Final = 2 * HOUR_MS

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(description="why, as the desk reads it"),
]


class MaintenanceForm(Form):
    """Why a site's network is worked on, from when (now, unless told) until when (two hours later, unless told); ms."""

    reason: Reason
    from_: Annotated[Time | None, Field(alias="from")] = None
    until: Time | None = None


class RepairForm(Form):
    """What is wrong with a device."""

    reason: Reason


@router.get("/maintenance", summary="What is in maintenance and in repair")
async def everything_held(deps: DepsOf, principal: SignedIn) -> Response:
    """All that lasts or is planned in the account's sites; ``quiet``: alarms that are kept from being heard."""
    async with deps.pool.connection() as conn:
        found = await in_force(conn, sites=principal.sites, now=deps.clock.now_ms())
    return _listed(found)


@router.get("/sites/{key}/maintenance", summary="The maintenance of a site so far")
async def of_site(
    deps: DepsOf, principal: SignedIn, key: str, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Response:
    """Newest first, with who announced and who ended it; ``ended_by`` null: it ended by itself."""
    await load(deps, principal, Site, key)
    async with deps.pool.connection() as conn:
        return _listed(await history_of(conn, key, None, limit=limit))


@router.post("/sites/{key}/maintenance", summary="Announce the maintenance of a site")
async def maintain(
    request: Request, deps: DepsOf, principal: Managing, key: str, body: MaintenanceForm
) -> Response:  # fmt: skip
    """Until it ends, alarms that the network explains are stored as ``suppressed``: no sound, no message.

    Silence of the site, faults of its devices, silence of a person that is not high. Presses, falls, wandering,
    promised checks and vital signs sound as ever. It ends by itself, 24 hours after its beginning at the latest; a
    second call while it lasts changes its reason and its end, which may be 24 hours from that call; one for later ends
    it. What still stands then is heard within two seconds.
    """
    await load(deps, principal, Site, key)
    now = deps.clock.now_ms()
    since = max(now, body.from_ or now)
    until = since + USUAL_MS if body.until is None else body.until
    if not since + MINUTE_MS <= until <= since + LONGEST_MS:
        raise Problem(
            422,
            Refusal("maintenance.length", "until: a maintenance lasts from one minute to 24 hours", field="until"),
            kind="too-long",
        )
    if since > now + AHEAD_MS:
        raise Problem(
            422,
            Refusal("maintenance.too_far", "from: a maintenance can be announced 30 days ahead", field="from"),
            kind="too-far",
        )
    return await _begin(
        request, deps, principal, Wanted(site=key, reason=body.reason, from_ms=since, until_ms=until)
    )  # fmt: skip


@router.delete("/sites/{key}/maintenance", summary="End the maintenance of a site", status_code=204)
async def maintained(deps: DepsOf, principal: Opening, key: str) -> Response:
    """What it kept quiet and still stands is heard within two seconds. 204 too when there was none."""
    await load(deps, principal, Site, key)
    return await _end(deps, principal, key, None)


@router.get("/devices/{key}/repair", summary="The repairs of a device so far")
async def of_device(
    deps: DepsOf, principal: SignedIn, key: str, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Response:
    """Newest first, with who took it into repair and who gave it back."""
    await load(deps, principal, Device, key)
    async with deps.pool.connection() as conn:
        return _listed(await history_of(conn, "", key, limit=limit))


@router.post("/devices/{key}/repair", summary="Take a device into repair")
async def repair(request: Request, deps: DepsOf, principal: Opening, key: str, body: RepairForm) -> Response:
    """Until it is given back, what it alone says raises suppressed alarms; its presses and falls sound as ever.

    A second call while it lasts changes the reason.
    """
    device = await load(deps, principal, Device, key)
    wanted = Wanted(site=device.site, device=key, reason=body.reason, from_ms=deps.clock.now_ms())
    return await _begin(request, deps, principal, wanted)


@router.delete("/devices/{key}/repair", summary="Give a device back from repair", status_code=204)
async def repaired(deps: DepsOf, principal: Opening, key: str) -> Response:
    """What its repair kept quiet and still stands is heard within two seconds. 204 too when there was none."""
    device = await load(deps, principal, Device, key)
    return await _end(deps, principal, device.site, key)


async def _begin(request: Request, deps: Deps, principal: Principal, wanted: Wanted) -> Response:
    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            begun = await hold(conn, principal.account.username, wanted, deps.clock.now_ms())
        return Answer(200, msgspec.json.encode(begun))

    return await once(request, principal, work)


async def _end(deps: Deps, principal: Principal, site: str, device: str | None) -> Response:
    async with deps.pool.connection() as conn:
        await end(conn, principal.account.username, site, device, deps.clock.now_ms())
    return Response(status_code=204)


def _listed(found: Sequence[Held]) -> Response:
    return Response(msgspec.json.encode({"items": found, "next": None}), media_type="application/json")
