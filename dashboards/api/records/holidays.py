"""Holidays of a site over HTTP: days on which plans that say so ask for nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Self

import msgspec
from fastapi import Request
from pydantic import Field, model_validator
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.api.forms import Form, Id, Name
from dashboards.api.records.answers import create, load, replace
from dashboards.api.records.plans import Day
from dashboards.api.records.routes import readable, removable, router_of, with_history
from devices.refusals import Refusal, Unfit
from gateway.store import registry as store
from gateway.store.registry_records import Holiday, HolidayFields

router = router_of()

LONGEST: Final = timedelta(days=31)
"""Longer is a slip of the hand: a wrong month would hide for weeks that nobody asks. Assumption, ADR-30."""


class HolidayForm(Form):
    """A day, or the days to ``last_date``, both with it."""

    site: Id
    name: Name
    day: Day = Field(alias="date")
    last_date: Day | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.last_date is not None and not self.day <= self.last_date < self.day + LONGEST:
            raise Unfit(
                Refusal(
                    "holiday.length",
                    "a holiday ends after it begins, and lasts {days} days at most",
                    field="last_date",
                    days=LONGEST.days,
                )
            )
        return self

    def fields(self) -> HolidayFields:
        """What the store takes."""
        return msgspec.convert(self.model_dump(by_alias=True), HolidayFields)


readable(router, Holiday)
with_history(router, Holiday)
removable(
    router,
    Holiday,
    store.remove_holiday,
    "What was promised for its days is asked for again, from the next window that opens.",
)


@router.post("/holidays", status_code=201)
async def add_holiday(request: Request, deps: DepsOf, principal: Managing, body: HolidayForm) -> Response:
    """Enter a holiday; plans that skip holidays ask for nothing then, from now on."""
    principal.require_site(body.site, "site")
    now = deps.clock.now_ms()
    return await create(
        request, deps, principal, lambda conn, actor: store.add_holiday(conn, actor, body.fields(), now=now)
    )


@router.put("/holidays/{key}")
async def replace_holiday(deps: DepsOf, principal: Managing, key: str, body: HolidayForm) -> Response:
    """Replace a holiday's name and days."""
    await load(deps, principal, Holiday, key)
    now = deps.clock.now_ms()
    return await replace(
        deps, principal, Holiday, lambda conn, actor: store.replace_holiday(conn, actor, key, body.fields(), now=now)
    )
