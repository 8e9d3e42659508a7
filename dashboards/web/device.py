"""A device's page: who has it, how it is, what it was asked for; and its form, for those who may change it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import MAY_ACT, DepsOf, Principal, SignedIn, may_follow
from dashboards.api.problems import Problem
from dashboards.deps import Deps
from dashboards.web.records.devices import DEVICE_TYPES
from dashboards.web.records.found import manages
from dashboards.web.rendering import page
from devices.clock import DEFAULT_TIMEZONE
from devices.commands import CONFIRM_TIMEOUT_S
from devices.refusals import no_such
from gateway.store.accounts import accounts
from gateway.store.commands import commands_of
from gateway.store.connection import Connection
from gateway.store.maintenance import in_force
from gateway.store.people import names_of
from gateway.store.queries import device_line
from gateway.store.registry import find, listing
from gateway.store.registry_records import Assignment, Device, Household, Resident, Site

router = APIRouter(include_in_schema=False)

COMMANDS_SHOWN = 30
WEARERS_AT_MOST = 200


async def _found(conn: Connection, principal: Principal, key: str) -> Device:
    found = await find(conn, Device, key)
    if found is None or not principal.account.sees(found.site):
        raise Problem(404, no_such("device"))
    return found


async def _asked(conn: Connection, deps: Deps, principal: Principal, device: Device) -> dict[str, Any]:
    """What the list of commands is drawn from."""
    commands = await commands_of(conn, device.id, limit=COMMANDS_SHOWN)
    site = await find(conn, Site, device.site)
    staff = await accounts(conn)
    now = deps.clock.now_ms()
    return {
        "device": device,
        "line": await device_line(conn, device.id),
        "commands": commands,
        "any_open": any(each.is_open(now) for each in commands),
        "names": {each.username: each.display_name or each.username for each in staff},
        "timezone": DEFAULT_TIMEZONE if site is None else site.timezone,
        "may_act": principal.account.role in MAY_ACT,
        "may_follow": await may_follow(conn, principal, device),
    }


@router.get("/devices/{device}")
async def one_device(request: Request, deps: DepsOf, principal: SignedIn, device: str) -> Response:
    """The device with its commands, and its form where the account may change it."""
    async with deps.pool.connection() as conn:
        found = await _found(conn, principal, device)
        asked = await _asked(conn, deps, principal, found)
        shared = found.household is not None
        kind: type[Resident | Household] = Household if shared else Resident
        chosen = await find(conn, kind, found.household or found.resident or "")
        worn = await listing(conn, Assignment, sites=(), filters={"device": device}, limit=WEARERS_AT_MOST)
        now = deps.clock.now_ms()
        held = [each for each in await in_force(conn, sites=[found.site], now=now) if each.device in (None, found.id)]
        centre = await find(conn, Site, found.site)
        wearer_names = await names_of(conn, {each.resident for each in worn}, {each.household for each in worn})
    return page(
        request,
        "device.html",
        principal=principal,
        sites=[],
        chosen=chosen,
        shared=shared,
        held=[each for each in held if each.from_ms <= now],
        centre=found.site if centre is None else centre.name,
        wearers=sorted(worn, key=lambda each: -each.from_ms),
        wearer_names=wearer_names,
        types=DEVICE_TYPES,
        may_manage=manages(principal),
        confirm_s=CONFIRM_TIMEOUT_S,
        **asked,
    )


@router.get("/devices/{device}/commands")
async def its_commands(request: Request, deps: DepsOf, principal: SignedIn, device: str) -> Response:
    """The list of commands alone, renewed by the page while anything in it may still change."""
    async with deps.pool.connection() as conn:
        found = await _found(conn, principal, device)
        asked = await _asked(conn, deps, principal, found)
    return page(request, "device_command_list.html", principal=principal, **asked)
