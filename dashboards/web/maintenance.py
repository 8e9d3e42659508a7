"""Maintenance and repairs: the reminder on the first page, and the parts of a centre's and a device's page."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import MAY_MANAGE, MAY_OPEN, DepsOf, Principal, SignedIn
from dashboards.api.maintenance import LONGEST_MS, USUAL_MS
from dashboards.api.problems import Problem
from dashboards.web.records.found import sites_of
from dashboards.web.rendering import page
from devices.clock import DEFAULT_TIMEZONE
from devices.refusals import no_such
from gateway.store.accounts import accounts
from gateway.store.connection import Connection
from gateway.store.maintenance import Held, history_of, in_force
from gateway.store.registry import find
from gateway.store.registry_records import Device, Site

router = APIRouter(include_in_schema=False)

SHOWN: Final = 10


@router.get("/maintenance/banner")
async def banner(request: Request, deps: DepsOf, principal: SignedIn, seen: str = "") -> Response:
    """What keeps alarms quiet now, with who says so and until when; 204 while that is shown already."""
    async with deps.pool.connection() as conn:
        quiet = await held_for(conn, principal, deps.clock.now_ms())
    if seen == quiet.stamp:
        return Response(status_code=204)
    return page(request, "maintenance_banner.html", principal=principal, quiet=quiet)


class Quiet(NamedTuple):
    """What keeps alarms quiet: centres in maintenance and devices in repair, the longest first.

    ``stamp`` tells one state of affairs from another; ``names`` are those of who says so.
    """

    maintained: list[Held]
    repaired: list[Held]
    stamp: str
    centres: dict[str, Site]
    names: dict[str, str]
    timezone: str
    may_end: bool


async def held_for(conn: Connection, principal: Principal, now: int) -> Quiet:
    """What lasts now at the sites whom the account sees."""
    held = [each for each in await in_force(conn, sites=principal.sites, now=now) if each.from_ms <= now]
    return Quiet(
        maintained=[each for each in held if each.device is None],
        repaired=sorted((each for each in held if each.device is not None), key=lambda each: each.from_ms),
        stamp=_stamp(held),
        centres={each.id: each for each in await sites_of(conn, principal)} if held else {},
        names=await _names(conn) if held else {},
        timezone=DEFAULT_TIMEZONE,
        may_end=principal.account.role in MAY_OPEN,
    )


@router.get("/sites/{key}/maintenance")
async def of_site(request: Request, deps: DepsOf, principal: SignedIn, key: str) -> Response:
    """The maintenance of a centre: what lasts or is planned, the form that announces one, and those so far."""
    async with deps.pool.connection() as conn:
        site = await find(conn, Site, key)
        if site is None or not principal.account.sees(key):
            raise Problem(404, no_such("site"))
        held = await history_of(conn, key, None, limit=SHOWN)
        names = await _names(conn)
    return page(
        request,
        "site_maintenance.html",
        principal=principal,
        site=site,
        timezone=site.timezone,
        **_split(held, deps.clock.now_ms()),
        names=names,
        usual_ms=USUAL_MS,
        longest_ms=LONGEST_MS,
        may_begin=principal.account.role in MAY_MANAGE,
        may_end=principal.account.role in MAY_OPEN,
    )


@router.get("/devices/{key}/repair")
async def of_device(request: Request, deps: DepsOf, principal: SignedIn, key: str) -> Response:
    """Whether a device is in repair, with the button that begins or ends it, and the repairs so far."""
    async with deps.pool.connection() as conn:
        device = await find(conn, Device, key)
        if device is None or not principal.account.sees(device.site):
            raise Problem(404, no_such("device"))
        site = await find(conn, Site, device.site)
        held = await history_of(conn, device.site, key, limit=SHOWN)
        names = await _names(conn)
    return page(
        request,
        "device_repair.html",
        principal=principal,
        device=device,
        timezone=DEFAULT_TIMEZONE if site is None else site.timezone,
        **_split(held, deps.clock.now_ms()),
        names=names,
        may_act=principal.account.role in MAY_OPEN,
    )


async def _names(conn: Connection) -> dict[str, str]:
    return {each.username: each.display_name or each.username for each in await accounts(conn)}


def _split(held: Sequence[Held], now: int) -> dict[str, Any]:
    """What lasts or is planned (``held``, None: nothing), and what is over."""
    last = next((each for each in held if not _is_over(each, now)), None)
    return {"held": last, "past": [each for each in held if each is not last]}


def _is_over(each: Held, now: int) -> bool:
    return each.ended_at is not None or (each.until_ms is not None and each.until_ms <= now)


def _stamp(held: Sequence[Held]) -> str:
    """What tells one state of affairs from another."""
    told = ";".join(f"{each.id} {each.quiet}" for each in held)
    return hashlib.sha256(told.encode()).hexdigest()[:16] if told else "none"
