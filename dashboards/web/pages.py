"""The console's pages: now, an alarm, the alarms so far, devices; and all the web's routes put together."""

from __future__ import annotations

from uuid import UUID

import msgspec
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from alerts.alarm import Alarm
from dashboards.api.access import MAY_ACT, DepsOf, Principal, SignedIn
from dashboards.api.problems import Problem
from dashboards.api.rooms import take_in
from dashboards.web import (
    audit,
    checks,
    console_data,
    demo,
    device,
    drill,
    exchange_page,
    figures,
    finding,
    links,
    listening,
    maintenance,
    own_account,
    people_map,
    records,
    reporting,
    sheet,
    signin,
    sound_test,
    today,
)
from dashboards.web.alarm_context import alarm_context, scene_of_alarm
from dashboards.web.assets import HERE, Assets
from dashboards.web.links.guessing import Guessing
from dashboards.web.records.found import manages, sites_of
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording
from devices.clock import DEFAULT_TIMEZONE
from devices.refusals import Refusal, no_such
from gateway.store.alarm_list import Cursor, ListedState, alarm_objects
from gateway.store.queries import alarm_page, device_lines
from gateway.store.registry import listing
from gateway.store.registry_records import Resident

router = APIRouter(include_in_schema=False)

KINDS = ("sos", "fall", "wandering", "missed_check", "vitals", "device", "system")
HISTORY_PAGE = 50
NAMES_AT_MOST = 20_000


def install_assets(app: FastAPI) -> None:
    """Add what pages are made of; before everything else, for nothing is asked for more often."""
    vendored = Assets(directory=HERE / "vendor")
    app.mount("/static/vendor", vendored)  # where a module under its version looks for ../../vendor
    app.mount("/static", Assets(directory=HERE / "static"), name="static")
    app.mount("/vendor", vendored, name="vendor")


def install(app: FastAPI) -> None:
    """Add the console to an application that already has the API."""
    app.state.guessing = Guessing()
    for part in (
        signin,
        own_account,
        audit,
        sound_test,
        listening,
        console_data,
        demo,
        links,
        *checks.PARTS,
        *figures.PARTS,
        *finding.PARTS,
        *records.PARTS,
        today,
        sheet,
        people_map,
        device,
        drill,
        maintenance,
        reporting,
        exchange_page,
    ):
        take_in(app.router, part.router)
    take_in(app.router, router)
    app.state.problem_page = _problem_page
    app.state.refusal_words = _refusal_words


def _problem_page(request: Request, problem: Problem) -> Response:
    message = _refusal_words(request, problem.refusal)
    return page(
        request, "problem.html", status=problem.status, problem=problem.status, message=message, detail=problem.detail
    )


def _refusal_words(request: Request, refusal: Refusal) -> str | None:
    """For a page in the language of that; a program that says which it wants gets it."""
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is not None and not principal.by_cookie and "accept-language" in request.headers:
        principal = None
    return Wording(language_of(request, principal)).refusal(refusal)


@router.get("/")
async def now(request: Request, deps: DepsOf, principal: SignedIn) -> Response:
    """The live list; the browser fills and renews it from the stream."""
    async with deps.pool.connection() as conn:
        offered = await records.roster.offers_to(conn, principal)
        quiet = await maintenance.held_for(conn, principal, deps.clock.now_ms())
    may_act = principal.account.role in MAY_ACT
    return page(request, "now.html", principal=principal, may_act=may_act, offered=offered, quiet=quiet)


@router.get("/alarms")
async def history(
    request: Request,
    deps: DepsOf,
    principal: SignedIn,
    state: ListedState = "all",
    kind: str = "",
    resident: str = "",
    before: str = "",
) -> Response:
    """Alarms newest first, narrowed by state, kind and resident."""
    try:
        cursor = Cursor.parse(before) if before else None
    except ValueError:
        raise Problem(422, Refusal("cursor", "before: not a cursor of this list")) from None
    async with deps.pool.connection() as conn:
        found = await alarm_objects(
            conn,
            sites=principal.sites,
            state=state,
            kind=kind or None,
            resident=resident or None,
            before=cursor,
            limit=HISTORY_PAGE,
        )
        residents = await listing(conn, Resident, sites=principal.sites, limit=NAMES_AT_MOST)
        centres = await sites_of(conn, principal)
    names = {each.id: each.name for each in residents}
    return page(
        request,
        "history.html",
        principal=principal,
        alarms=[msgspec.json.decode(each, type=Alarm) for each in found.objects],
        next=found.next,
        names=names,
        centres={each.id: each.name for each in centres},
        kinds=KINDS,
        state=state,
        kind=kind,
        resident=resident,
        person=names.get(resident),
        timezone=centres[0].timezone if centres else DEFAULT_TIMEZONE,
    )


@router.get("/alarms/{alarm}")
async def one_alarm(request: Request, deps: DepsOf, principal: SignedIn, alarm: UUID) -> Response:
    """Everything about one alarm, and what can be done now."""
    context = await alarm_context(deps, principal, Wording(language_of(request, principal)), alarm)
    shown: Alarm = context["alarm"]
    await principal.looked("alarm", site=shown.site, resident=shown.resident, alarm=alarm)
    return page(request, "alarm.html", principal=principal, **context)


@router.get("/alarms/{alarm}/scene")
async def its_place(deps: DepsOf, principal: SignedIn, alarm: UUID) -> Response:
    """What the map of an alarm's page is drawn from, asked for again while somebody may be on the way there."""
    async with deps.pool.connection() as conn:
        found = await alarm_page(conn, alarm)
    if found is None or not principal.account.sees(found.alarm.site):
        raise Problem(404, no_such("alarm"))
    await principal.looked("alarm", site=found.alarm.site, resident=found.alarm.resident, alarm=alarm)
    return Response(msgspec.json.encode(scene_of_alarm(found)), media_type="application/json")


@router.get("/devices")
async def all_devices(request: Request, deps: DepsOf, principal: SignedIn) -> Response:
    """Devices in service, those that nobody entered on top."""
    async with deps.pool.connection() as conn:
        lines = await device_lines(conn, sites=principal.sites)
    return page(request, "devices.html", principal=principal, devices=lines, may_manage=manages(principal))
