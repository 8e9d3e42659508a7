"""The duty roster over HTTP: who is on duty when, who stands in, and a week laid over another one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

import msgspec
from fastapi import Request
from pydantic import Field, StringConstraints, model_validator
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing, SignedIn
from dashboards.api.forms import Form, Id, Text, Time
from dashboards.api.masking import for_reader
from dashboards.api.once import Answer, once
from dashboards.api.problems import words_for
from dashboards.api.records.answers import create, load, replace
from dashboards.api.records.routes import readable, removable, router_of, with_history
from devices.refusals import Refusal, Unfit
from gateway.store import registry as store
from gateway.store.registry_records import Post, Shift, ShiftFields
from gateway.store.roster import on_duty

router = router_of()

Username = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ShiftForm(Form):
    """Who is on duty in [from, to) (ms): ``account``, or ``stand_in`` instead; both are user names."""

    site: Id
    account: Username
    role: Post = "duty"
    from_ms: Time = Field(alias="from")
    to_ms: Time = Field(alias="to")
    stand_in: Username | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.to_ms <= self.from_ms:
            raise Unfit(Refusal("shift.ends_first", "a shift ends after it begins", field="to"))
        return self

    def fields(self) -> ShiftFields:
        """What the store takes."""
        return msgspec.convert(self.model_dump(by_alias=True), ShiftFields)


class CopyForm(Form):
    """A week, by the local date of its first day, and the first day of the week into which it is copied."""

    site: Id
    week: date
    into: date

    @model_validator(mode="after")
    def _two_weeks(self) -> Self:
        if self.week == self.into:
            raise Unfit(Refusal("shift.same_week", "a week is copied into another one", field="into"))
        return self


readable(router, Shift)
with_history(router, Shift)
removable(router, Shift)


@router.post("/shifts", status_code=201)
async def add_shift(request: Request, deps: DepsOf, principal: Managing, body: ShiftForm) -> Response:
    """Enter a shift. 409 when whoever serves is on duty at this site already at that time."""
    principal.require_site(body.site, "site")
    return await create(request, deps, principal, lambda conn, actor: store.add_shift(conn, actor, body.fields()))


@router.put("/shifts/{key}")
async def replace_shift(deps: DepsOf, principal: Managing, key: str, body: ShiftForm) -> Response:
    """Replace a shift's fields."""
    await load(deps, principal, Shift, key)
    return await replace(
        deps, principal, Shift, lambda conn, actor: store.replace_shift(conn, actor, key, body.fields())
    )


@router.post("/shifts/copy")
async def copy_week(request: Request, deps: DepsOf, principal: Managing, body: CopyForm) -> Response:
    """Enter a week's shifts once more in another week, at the same local times; stand-ins and notes stay behind.

    ``skipped``: who is on duty then already, or no longer can be, with `code` and `message`. The same copy again adds
    nothing.
    """
    principal.require_site(body.site, "site")

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            copied = await store.copy_shifts(conn, principal.account.username, body.site, body.week, body.into)
        told = msgspec.to_builtins(copied)
        words = words_for(request)
        for each in told["skipped"]:
            each["message"] = words(Refusal.told(each["code"], each["why"], field=None, **each["params"]))
        return Answer(200, msgspec.json.encode(told))

    return await once(request, principal, work)


@router.get("/sites/{key}/on-duty")
async def who_is_on_duty(deps: DepsOf, principal: SignedIn, key: str, at: Time | None = None) -> Response:
    """Who is on duty at a site, now or ``at`` (ms), those first whose shift began first."""
    principal.require_site(key, "site")
    async with deps.pool.connection() as conn:
        found = await on_duty(conn, key, deps.clock.now_ms() if at is None else at)
    return Response(
        msgspec.json.encode(for_reader(principal, {"items": msgspec.to_builtins(found), "next": None})),
        media_type="application/json",
    )
