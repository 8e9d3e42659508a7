"""A person's page: the card, what they wear, with whom they live, what they asked for, how they are doing."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from alerts.alarm import Alarm
from dashboards.api.access import MAY_ACT, MAY_EDIT_CONTACTS, DepsOf, SignedIn, require_need
from dashboards.web.records.found import card_of, manages
from dashboards.web.records.people import STATUSES
from dashboards.web.records.scenes import scene_of_person
from dashboards.web.rendering import page
from devices.absence import MAY_END
from devices.clock import DAY_MS, zone
from gateway.store.accounts import accounts
from gateway.store.activity import activity
from gateway.store.alarm_list import alarm_objects, has_active_alarm
from gateway.store.consents import in_force
from gateway.store.homes import home
from gateway.store.queries import device_line
from gateway.store.registry import listing
from gateway.store.registry_records import Assignment, Consent, ConsentPurpose
from gateway.store.requests import requests
from gateway.store.timeline import timeline

router = APIRouter(include_in_schema=False)

ALARMS_SHOWN = 5
REQUESTS_SHOWN = 5
EVENTS_SHOWN = 15
ASSIGNMENTS_AT_MOST = 200
CONSENTS_AT_MOST = 200
ACCOMPANIED_H = (1, 2, 4, 8, 24)
"""For so many hours somebody may be said to go along; whoever needs another span says so over HTTP."""
SERVICE_CODES = ("meal", "repair", "call_back", "visit", "shopping", "medicine")
"""What is offered to whoever takes a request down by phone; devices may send any code."""


@router.get("/people/{resident}")
async def one_person(request: Request, deps: DepsOf, principal: SignedIn, resident: str) -> Response:
    """A resident with contacts, zones, devices, household and requests."""
    card = await card_of(deps, principal, resident)
    await principal.looked("record", site=card.resident.site, resident=resident)
    may_act = principal.account.role in MAY_ACT
    async with deps.pool.connection() as conn:
        active = await alarm_objects(conn, sites=principal.sites, state="active", resident=resident, limit=ALARMS_SHOWN)
        calls = may_act and await has_active_alarm(conn, resident)
        worn = await listing(conn, Assignment, sites=(), filters={"resident": resident}, limit=ASSIGNMENTS_AT_MOST)
        asked = await requests(conn, sites=(), filters={"resident": resident}, limit=REQUESTS_SHOWN)
        consents = await listing(conn, Consent, sites=(), filters={"resident": resident}, limit=CONSENTS_AT_MOST)
        holds = await in_force(conn, resident, deps.clock.now_ms())
        household = await home(conn, card.resident.household)
        shared = [await device_line(conn, key) for key in household.devices] if household else []
    return page(
        request,
        "person.html",
        principal=principal,
        card=card,
        active=[msgspec.json.decode(each, type=Alarm) for each in active.objects],
        household=household,
        shared=[each for each in shared if each is not None],
        earlier=sorted((each for each in worn if each.to_ms is not None), key=lambda each: -(each.to_ms or 0)),
        since={each.device: each.from_ms for each in worn if each.to_ms is None},
        requests=sorted(asked, key=lambda each: (each.state == "done", -each.t)),
        consents=sorted(consents, key=lambda each: (each.withdrawn_at is not None, -each.from_ms)),
        standings=[(purpose, _standing(purpose, holds)) for purpose in get_args(ConsentPurpose)],
        codes=SERVICE_CODES,
        scene=scene_of_person(card),
        accompanied=_still(card.resident.accompanied_until, deps.clock.now_ms()),
        accompanied_h=ACCOMPANIED_H,
        statuses=STATUSES,
        may_end=sorted(MAY_END),
        may_manage=manages(principal),
        may_act=may_act,
        calls=calls,
        may_edit_contacts=principal.account.role in MAY_EDIT_CONTACTS,
    )


def _still(until: int | None, now: int) -> int | None:
    """A moment that is still to come, ms."""
    return until if until is not None and until > now else None


def _standing(purpose: ConsentPurpose, holds: dict[str, bool]) -> dict[str, bool]:
    """Whether something was said, and what it comes to: sharing the way in is refused, the rest is granted."""
    return {"said": purpose in holds, "granted": holds.get(purpose, purpose == "sharing")}


@router.get("/people/{resident}/life")
async def life(request: Request, deps: DepsOf, principal: SignedIn, resident: str) -> Response:
    """How the day has been so far, and what happened last; asked for by the page when it is there."""
    card = await card_of(deps, principal, resident)
    now = deps.clock.now_ms()
    midnight = datetime.fromtimestamp(now / 1000, zone(card.resident.timezone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    since = round(midnight.timestamp() * 1000)
    async with deps.pool.connection() as conn:
        await require_need(conn, principal, resident)
        today = (await activity(conn, resident, since, max(now, since + 1), DAY_MS * 2))[0]
        events = await timeline(conn, resident, before=None, limit=EVENTS_SHOWN)
        staff = await accounts(conn)
    return page(
        request,
        "person_life.html",
        principal=principal,
        card=card,
        today=today,
        last_seen=max((each.last_seen for each in card.devices if each.last_seen is not None), default=None),
        events=events,
        names={each.username: each.display_name or each.username for each in staff},
    )
