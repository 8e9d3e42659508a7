"""The console's pages: now, an alarm, the alarms so far, devices; and all the web's routes put together."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from alerts.actors import OF_A_GROUP, OF_A_RESIDENT, SPEAK_FOR_THEMSELVES, contact_actor, responder_actor
from alerts.alarm import Alarm
from alerts.catalogue import PARAMETERS
from alerts.escalation import told_this_round
from alerts.layers import SettingChange
from alerts.messages import text_of
from alerts.policy import REOPEN_WITHIN_MS, may_reach_outside
from alerts.replies import family_says_well
from alerts.transitions import last_state_entry
from dashboards.api.access import MAY_ACT, MAY_OPEN, DepsOf, Principal, SignedIn
from dashboards.api.problems import Problem
from dashboards.web import checks, console_data, demo, device, drill, exchange_page, links, records, reporting, signin
from dashboards.web.links.guessing import Guessing
from dashboards.web.records.found import manages
from dashboards.web.records.rule_fields import decided_then
from dashboards.web.records.scenes import zone_of
from dashboards.web.rendering import HERE, language_of, page
from dashboards.web.wording import Wording
from devices.clock import DEFAULT_TIMEZONE
from gateway.store.accounts import Account, accounts
from gateway.store.alarm_list import Cursor, ListedState, alarm_objects
from gateway.store.connection import Connection
from gateway.store.consents import position_of_alarm
from gateway.store.escalation_view import escalation_of
from gateway.store.queries import AlarmPage, Card, OutboxLine, alarm_page, device_lines
from gateway.store.queries import Fix as StoredFix
from gateway.store.registry import listing, setting_changes
from gateway.store.registry_records import Resident, Responder, Site

router = APIRouter(include_in_schema=False)

KINDS = ("sos", "fall", "wandering", "missed_check", "vitals", "device", "system")
HISTORY_PAGE = 50
NAMES_AT_MOST = 20_000
RESPONDERS_AT_MOST = 500
STEPS = ("open", "acknowledged", "dispatched", "on_scene", "resolved", "closed")
OUTCOMES = ("true_alarm", "false_alarm", "accidental", "no_access", "test", "technical")
RESULTS = ("settled_by_phone", "helped_on_site", "ambulance", "hospital", "found", "died", "none")
NOTE_CODES = ("no_answer", "called_120", "called_110", "key_used")


def install(app: FastAPI) -> None:
    """Add the console to an application that already has the API."""
    app.state.guessing = Guessing()
    for part in (
        signin,
        console_data,
        demo,
        links,
        *checks.PARTS,
        *records.PARTS,
        device,
        drill,
        reporting,
        exchange_page,
    ):
        app.include_router(part.router)
    app.include_router(router)
    app.state.problem_page = _problem_page
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.mount("/vendor", StaticFiles(directory=HERE / "vendor"), name="vendor")


def _problem_page(request: Request, status: int, detail: str) -> Response:
    return page(request, "problem.html", status=status, problem=status, detail=detail)


@router.get("/")
async def now(request: Request, principal: SignedIn) -> Response:
    """The live list; the browser fills and renews it from the stream."""
    return page(request, "now.html", principal=principal, may_act=principal.account.role in MAY_ACT)


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
        raise Problem(422, "before: not a cursor of this list") from None
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
        centres = await listing(conn, Site, sites=principal.sites, limit=1)
    names = {each.id: each.name for each in residents}
    return page(
        request,
        "history.html",
        principal=principal,
        alarms=[msgspec.json.decode(each, type=Alarm) for each in found.objects],
        next=found.next,
        names=names,
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
    wording = Wording(language_of(request, principal))
    return page(request, "alarm.html", principal=principal, **await _alarm_context(deps, principal, wording, alarm))


async def _alarm_context(deps: DepsOf, principal: Principal, wording: Wording, alarm: UUID) -> dict[str, Any]:
    async with deps.pool.connection() as conn:
        found = await alarm_page(conn, alarm)
        staff = await accounts(conn)
        responders = [] if found is None else await _responders(conn, found)
        settings = [] if found is None else await _settings(conn, found.alarm)
        position = await position_of_alarm(conn, alarm, deps.clock.now_ms())
        escalation = await escalation_of(conn, alarm)
    if found is None or not principal.account.sees(found.alarm.site):
        raise Problem(404, "there is no such alarm")
    names = {each.username: each.display_name or each.username for each in staff} | _outsiders(found, wording)
    timezone = found.cards[0].resident.timezone if found.cards else DEFAULT_TIMEZONE
    return {
        "page": found,
        "alarm": found.alarm,
        "names": names,
        "timezone": timezone,
        "decided": decided_then(wording, found.alarm, settings),
        "texts": [_as_told(each) for each in found.messages],
        "scene": scene_of_alarm(found),
        "escalation": escalation,
        "says_well": family_says_well(found.alarm),
        "steps": STEPS,
        "reached": STEPS.index(found.alarm.state) if found.alarm.state in STEPS else -1,
        "outcomes": OUTCOMES,
        "results": RESULTS,
        "codes": NOTE_CODES,
        "may_act": principal.account.role in MAY_ACT,
        "may_open": principal.account.role in MAY_OPEN,
        "position": position if found.cards and not found.alarm.drill else None,
        "actions": actions_of(found.alarm, deps.clock.now_ms()),
        "together": _together(found),
        "responders": responders,
        "colleagues": sorted(
            ((each.username, names[each.username]) for each in staff if _may_be_given(each, found.alarm)),
            key=lambda pair: pair[1],
        ),
    }


async def _settings(conn: Connection, alarm: Alarm) -> list[SettingChange]:
    """All that was ever set for those whom the alarm concerns."""
    return await setting_changes(conn, PARAMETERS, site=alarm.site, resident=alarm.resident)


async def _responders(conn: Connection, found: AlarmPage) -> list[Responder]:
    """Who can be sent, those of the resident's own building first."""
    everybody = await listing(conn, Responder, sites=[found.alarm.site], limit=RESPONDERS_AT_MOST)
    homes = {card.resident.address.get("building") for card in found.cards} - {None}
    return sorted((each for each in everybody if each.active), key=lambda each: each.building not in homes)


def _may_be_given(account: Account, alarm: Alarm) -> bool:
    return account.role in MAY_ACT and account.sees(alarm.site)


def _as_told(message: OutboxLine) -> str:
    """The message as it reads, but for the link, which only its recipient gets."""
    return text_of(message.template, message.params, message.language, channel=message.channel, code=message.code)


def _outsiders(found: AlarmPage, wording: Wording) -> dict[str, str]:
    """The names of those who were told, or went, and have no account, by what the timeline calls them."""
    named = {}
    for entry in found.alarm.timeline:
        told_us_who = entry.event == "dispatch" or entry.actor.startswith(OF_A_RESIDENT)
        if told_us_who and entry.to is not None and entry.actor.startswith(SPEAK_FOR_THEMSELVES):
            of_a_group = entry.actor.startswith(OF_A_GROUP)
            named[entry.actor] = wording.t("actor.of_a_group", name=entry.to) if of_a_group else entry.to
    named |= {contact_actor(each.contact): each.name for each in found.messages if each.contact}
    return named | {responder_actor(each.responder): each.name for each in found.messages if each.responder}


def _together(found: AlarmPage) -> int:
    """How many alarms of the same person wait, where one word can take more than one; else 0."""
    alarm = found.alarm
    if alarm.resident is None and alarm.household is None:
        return 0
    same = [
        each for each in (alarm, *found.related) if (each.resident, each.household) == (alarm.resident, alarm.household)
    ]
    waiting = sum(each.state == "open" for each in same)
    return waiting if waiting > 1 or (waiting and alarm.state != "open") else 0


def actions_of(alarm: Alarm, now: int) -> list[str]:
    """What the desk may do in this state at ``now`` (ms), the next step first.

    Nobody tells a family twice in a round, or of a drill; nobody reopens after a day.
    """
    actions = {
        "open": ["acknowledge", "notify", "cancel"],
        "acknowledged": ["dispatch", "resolve", "notify", "release", "cancel"],
        "dispatched": ["arrive", "resolve", "dispatch", "notify", "release", "cancel"],
        "on_scene": ["resolve", "notify", "cancel"],
        "resolved": ["close", "rate", "reopen"],
        "closed": ["rate", "reopen"],
        "cancelled": ["reopen"],
    }.get(alarm.state, [])
    ended = last_state_entry(alarm)
    ruled_out = {
        "notify": told_this_round(alarm) or not may_reach_outside(alarm),
        "reopen": ended is not None and now - ended.t > REOPEN_WITHIN_MS,
    }
    return [action for action in actions if not ruled_out.get(action, False)]


def scene_of_alarm(found: AlarmPage) -> dict[str, Any]:
    """What the alarm's map is drawn from: its own place, else the newest fix; the way there; zones and home."""
    newest = found.fixes[0] if found.fixes else None
    place = found.alarm.position
    fix = place if place is not None else newest
    return {
        "home": _home(found.cards),
        "fix": {"lat": fix.lat, "lon": fix.lon, "accuracy_m": fix.accuracy_m, "t": fix.t} if fix else None,
        "zones": _zones(found.cards),
        "track": _track(found.fixes),
    }


def _home(cards: list[Card]) -> dict[str, float] | None:
    home = next((card.resident.home for card in cards if card.resident.home is not None), None)
    return {"lat": home.lat, "lon": home.lon} if home else None


def _zones(cards: list[Card]) -> list[dict[str, Any]]:
    return [zone_of(fence) for card in cards for fence in card.fences]


def _track(fixes: list[StoredFix]) -> list[dict[str, float]]:
    return [{"lat": fix.lat, "lon": fix.lon, "t": fix.t} for fix in reversed(fixes)]


@router.get("/devices")
async def all_devices(request: Request, deps: DepsOf, principal: SignedIn) -> Response:
    """Devices in service, those that nobody entered on top."""
    async with deps.pool.connection() as conn:
        lines = await device_lines(conn, sites=principal.sites)
    return page(request, "devices.html", principal=principal, devices=lines, may_manage=manages(principal))
