"""Alarms opened by hand over HTTP, for those who phone."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeVar
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, model_validator
from starlette.responses import Response

from alerts.reports import Report, report
from dashboards.api.access import Acting, DepsOf, Principal
from dashboards.api.forms import Short, Text
from dashboards.api.metrics import ACTIONS
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.api.records.answers import noun, site_of
from dashboards.deps import Deps
from devices.refusals import Refusal, Unfit, no_such
from gateway.store import registry as store
from gateway.store.connection import Connection
from gateway.store.registry_records import Device, Household, Record, Resident, Site

router = APIRouter(tags=["alarms"])

R = TypeVar("R", bound=Record)

ReportedKind = Literal["sos", "fall", "wandering", "missed_check", "vitals", "device", "system"]


class ReportForm(BaseModel):
    """Who needs help, and what was said. A ``device`` may be named by its id, ``system`` takes a ``site``."""

    kind: ReportedKind
    resident: Short | None = None
    household: Short | None = None
    device: Short | None = None
    site: Short | None = None
    note: Annotated[Text, Field(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _about_one(self) -> Self:
        if self.resident is not None and self.household is not None:
            raise Unfit(Refusal("report.both", "name the resident or the household, not both", field="household"))
        person = self.resident or self.household
        if not (person or (self.device and self.kind == "device") or (self.site and self.kind == "system")):
            raise Unfit(
                Refusal(
                    "report.nobody", "name the resident or the household (for `device` a device, for `system` a site)"
                )
            )
        return self


@router.post("/api/v1/alarms", status_code=201)
async def open_by_hand(request: Request, deps: DepsOf, principal: Acting, body: ReportForm) -> Response:
    """Open an alarm ``<kind>.reported``; 201 with the alarm.

    One that is already active for the same person and kind takes the note in, and is answered with 200.
    """
    told = await _told(deps, principal, body)
    wanted = uuid4()

    async def work() -> Answer:
        alarm = await report(deps.alarm_store, wanted, told, principal.account.username, deps.clock.now_ms())
        joined = alarm.id != wanted
        ACTIONS.labels("report", "joined" if joined else "done").inc()
        return Answer(200 if joined else 201, msgspec.json.encode(alarm), location=f"/api/v1/alarms/{alarm.id}")

    return await once(request, principal, work)


async def _told(deps: Deps, principal: Principal, body: ReportForm) -> Report:
    """The report with the site of whom it names. Raises ``Problem`` 422 for what the account does not see."""
    async with deps.pool.connection() as conn:
        resident = await _named(conn, principal, Resident, body.resident)
        named = (
            resident,
            await _named(conn, principal, Household, body.household),
            await _named(conn, principal, Device, body.device),
            await _named(conn, principal, Site, body.site),
        )
    sites = {site_of(each) for each in named if each is not None}
    if len(sites) != 1:
        raise Problem(
            422, Refusal("report.different_sites", "what the body names belongs to different sites"), kind="invalid"
        )
    return Report(
        kind=body.kind,
        site=sites.pop(),
        resident=body.resident,
        household=body.household if resident is None else resident.household,
        device=body.device,
        note=body.note.strip() or None if body.note else None,
    )


async def _named(conn: Connection, principal: Principal, kind: type[R], key: str | None) -> R | None:
    if key is None:
        return None
    found = await store.find(conn, kind, key)
    if found is None or not principal.account.sees(site_of(found)):
        raise Problem(422, no_such(noun(kind)), kind="missing-record")
    return found
