"""A person's part of the promised checks: plans, how they were kept this week, the last sign of life, the usual day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from alerts.checks import WEEKDAYS
from dashboards.api.access import MAY_ACT, DepsOf, SignedIn
from dashboards.web.records.found import card_of, manages
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording
from devices.clock import HOUR_MS, zone
from gateway.store.accounts import accounts
from gateway.store.activity import Bucket, activity
from gateway.store.check_list import Check, checks
from gateway.store.registry import listing
from gateway.store.registry_records import Plan
from gateway.store.sightings import last_sighting
from gateway.store.signs import last_sign

router = APIRouter(include_in_schema=False)

PLANS_AT_MOST: Final = 100
WEEK_BEHIND: Final = 6
AHEAD: Final = 1
RHYTHM_DAYS: Final = 14
HOURS: Final = 24


class Told(NamedTuple):
    """One check of a day, and what it says when somebody points at it."""

    state: str
    title: str


class DayKept(NamedTuple):
    """One local day and its checks."""

    day: date
    checks: list[Told]


class Hour(NamedTuple):
    """One local hour: on how many of 100 days, of which it was seen, there was a sign of life; None: never seen."""

    hour: int
    share: int | None


@router.get("/people/{resident}/checks")
async def checks_of_person(request: Request, deps: DepsOf, principal: SignedIn, resident: str) -> Response:
    """What the page of a person asks for when it is there."""
    card = await card_of(deps, principal, resident)
    wording = Wording(language_of(request, principal))
    now = deps.clock.now_ms()
    clocks = zone(card.resident.timezone)
    today = datetime.fromtimestamp(now / 1000, clocks).date()
    first = today - timedelta(days=WEEK_BEHIND)
    begins = datetime.combine(today - timedelta(days=RHYTHM_DAYS), time(), clocks)
    async with deps.pool.connection() as conn:
        plans = await listing(conn, Plan, sites=(), filters={"resident": resident}, limit=PLANS_AT_MOST)
        found = await checks(
            conn, sites=(), first=first, last=today + timedelta(days=AHEAD), now=now, resident=resident
        )
        sign = await last_sign(conn, resident, now)
        seen = await last_sighting(conn, resident)
        hours = await activity(conn, resident, round(begins.timestamp() * 1000), now, HOUR_MS)
        staff = await accounts(conn)
    days = [first + timedelta(days=n) for n in range(WEEK_BEHIND + AHEAD + 1)]
    week = [DayKept(day, [_told(wording, each) for each in found if each.date == day]) for day in days]
    return page(
        request,
        "person_checks.html",
        principal=principal,
        card=card,
        plans=sorted(plans, key=lambda each: (not each.active, min(each.windows, key=lambda w: w.opens).opens)),
        week=week if found else [],
        today=today,
        weekdays=WEEKDAYS,
        last_sign=sign,
        seen=seen,
        rhythm=rhythm_of(hours, clocks.key),
        names={each.username: each.display_name or each.username for each in staff},
        may_act=principal.account.role in MAY_ACT,
        may_manage=manages(principal),
    )


def rhythm_of(buckets: Iterable[Bucket], timezone: str) -> list[Hour]:
    """By local hour, on how many of 100 days that were seen somebody stirred; empty when no hour was seen at all."""
    seen, signs = [0] * HOURS, [0] * HOURS
    for each in buckets:
        hour = datetime.fromtimestamp(each.t / 1000, zone(timezone)).hour
        stirred = bool(each.steps or each.activity or each.checkins or each.exercise_sessions)
        seen[hour] += stirred or each.heartbeats > 0
        signs[hour] += stirred
    if not any(seen):
        return []
    return [Hour(hour, round(100 * signs[hour] / seen[hour]) if seen[hour] else None) for hour in range(HOURS)]


def _told(wording: Wording, check: Check) -> Told:
    span = f"{wording.hour(check.opens_at, check.timezone)} – {wording.hour(check.closes_at, check.timezone)}"
    what = wording.t(f"check.state.{check.state}")
    if check.kept_at is not None and check.how is not None:
        what = f"{what} {wording.hour(check.kept_at, check.timezone)} · {wording.t(f'check.how.{check.how}')}"
    return Told(check.state, f"{span} · {what}")
