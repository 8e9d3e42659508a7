"""The form of a plan: what a resident promises, and what comes of it in the days ahead while one enters it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from alerts.catalogue import PARAMETERS
from alerts.checks import WEEKDAYS, DaysOff, Terms, laid_out
from alerts.layers import in_force
from dashboards.api.access import DepsOf, Managing, Principal
from dashboards.api.kinds import read_msgspec
from dashboards.api.problems import Problem, invalid
from dashboards.deps import Deps
from dashboards.web.records.found import card_of, holidays_of
from dashboards.web.rendering import page
from devices.clock import zone
from devices.refusals import Refusal, no_such
from gateway.store.queries import Card
from gateway.store.registry import find, settings_for
from gateway.store.registry_records import Holiday, Plan, PlanFields

router = APIRouter(include_in_schema=False)

SHOWN_DAYS: Final = 10
GRACE: Final = "missed_check.checkin.grace_min"
REMINDERS_MIN: Final = (None, 5, 10, 15, 20, 30, 60)


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for on one local day, as ``08:00 – 09:30``; ``holiday``: its name, if it is one."""

    day: date
    weekday: int
    holiday: str | None
    windows: list[str]


@router.get("/people/{resident}/plans/new")
async def new_plan(request: Request, deps: DepsOf, principal: Managing, resident: str) -> Response:
    """An empty plan."""
    card = await card_of(deps, principal, resident)
    empty = PlanFields(resident=resident, name="", windows=())
    return await _form(request, deps, principal, card, empty, key=None)


@router.get("/plans/{key}/edit")
async def edit_plan(request: Request, deps: DepsOf, principal: Managing, key: str) -> Response:
    """A plan, to be changed or removed."""
    async with deps.pool.connection() as conn:
        plan = await find(conn, Plan, key)
    if plan is None or not principal.account.sees(plan.site):
        raise Problem(404, no_such("plan"))
    card = await card_of(deps, principal, plan.resident)
    return await _form(request, deps, principal, card, plan, key=plan.id)


@router.post("/console/plans/preview")
async def preview(request: Request, deps: DepsOf, principal: Managing) -> Response:
    """The days ahead as the terms in the form have them; 422 while they say nothing that can be laid out."""
    try:
        body: dict[str, Any] = msgspec.json.decode(await request.body(), type=dict[str, Any])
        terms = msgspec.convert(body, Terms)
    except msgspec.ValidationError as error:
        path, why = read_msgspec(error)
        raise invalid(f"/body/{path}".rstrip("/"), why) from None
    except msgspec.DecodeError as error:
        why = Refusal("body.unreadable", "the body is not JSON: {why}", why=str(error))
        raise Problem(400, why, kind="invalid") from None
    card = await card_of(deps, principal, str(body.get("resident")))
    async with deps.pool.connection() as conn:
        holidays = await holidays_of(conn, card.resident.site)
    days = ahead(terms, card.resident.timezone, holidays, deps.clock.now_ms())
    return Response(msgspec.json.encode({"days": days}), media_type="application/json")


def ahead(terms: Terms, timezone: str, holidays: Sequence[Holiday], now: int) -> list[Ahead]:
    """The windows of the next ``SHOWN_DAYS`` local days from ``now`` (ms) on, those left out that opened before."""
    clocks = zone(timezone)
    first = datetime.fromtimestamp(now / 1000, clocks).date()
    off = [DaysOff(each.date, each.last_date or each.date) for each in holidays]
    due = laid_out([terms], clocks, off, first, first + timedelta(days=SHOWN_DAYS - 1))
    days = []
    for day in (first + timedelta(days=n) for n in range(SHOWN_DAYS)):
        holiday = next((each.name for each in holidays if each.date <= day <= (each.last_date or each.date)), None)
        windows = [
            " – ".join(
                datetime.fromtimestamp(end / 1000, clocks).strftime("%H:%M") for end in (each.opens_ms, each.closes_ms)
            )
            for each in due
            if each.day == day and each.opens_ms > now
        ]
        days.append(Ahead(day=day, weekday=day.weekday(), holiday=holiday, windows=windows))
    return days


async def _form(
    request: Request, deps: Deps, principal: Principal, card: Card, plan: PlanFields, *, key: str | None
) -> Response:
    async with deps.pool.connection() as conn:
        settings = await settings_for(conn, site=card.resident.site, resident=card.resident.id)
    return page(
        request,
        "plan_form.html",
        principal=principal,
        card=card,
        plan=plan,
        key=key,
        weekdays=WEEKDAYS,
        remind_choices=sorted({*REMINDERS_MIN, plan.remind_min}, key=lambda each: each or 0),
        grace_default=round(in_force(PARAMETERS, settings)[GRACE].value),
    )
