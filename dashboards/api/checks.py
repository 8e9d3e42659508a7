"""The day's list over HTTP: who is due, who has reported, who is overdue; and what staff did about it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from alerts.clearing import Cleared, clear
from dashboards.api.access import Acting, DepsOf, EditingContacts, Principal, SignedIn
from dashboards.api.forms import Form, Short, Text, Time
from dashboards.api.masking import for_reader
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem, invalid
from dashboards.api.records.answers import as_json, load
from dashboards.api.records.plans import Day
from dashboards.deps import Deps
from devices.absence import until_problem
from devices.refusals import Refusal, no_such
from gateway.store import registry as store
from gateway.store.absences import ending_absences
from gateway.store.check_list import Check, CheckState, check_by_id, checks, checks_of_today
from gateway.store.checks import Call, CallResult, note_call
from gateway.store.registry_records import Resident

router = APIRouter(prefix="/api/v1", tags=["checks"])

LONGEST: Final = timedelta(days=31)
"""So many days are answered at once."""

Note = Annotated[Text, Field(max_length=2000)]


class CallForm(Form):
    """How a call because of a check went."""

    result: CallResult
    note: Note | None = None


class SeenForm(Form):
    """How somebody comes to vouch for a resident: they phoned, were there, or saw them."""

    how: Literal["call", "visit", "seen"] = "seen"
    note: Note | None = None


class AbsenceForm(Form):
    """Until when (ms) somebody stays away; null: they are back."""

    until: Time | None


@router.get("/checks")
async def list_checks(
    deps: DepsOf,
    principal: SignedIn,
    site: str | None = None,
    day: Annotated[Day | None, Query(alias="date", description="a local day; today without it")] = None,
    last: Annotated[Day | None, Query(alias="last_date", description="the last of several days, with it")] = None,
    state: CheckState | None = None,
    resident: Short | None = None,
) -> Response:
    """The promised checks of a day, house by house; ``absences``: whose return is near and shall be asked about.

    ``state``: ``open`` until ``due_at``, then ``overdue``; ``skipped`` says in ``skipped`` why.
    """
    sites = _sites(principal, site)
    now = deps.clock.now_ms()
    async with deps.pool.connection() as conn:
        if day is None:
            found = await checks_of_today(conn, sites, now)
            found = [each for each in found if resident in (None, each.resident)]
        else:
            until = _last(day, last)
            found = await checks(conn, sites=sites, first=day, last=until, now=now, resident=resident)
        absences = [each for each in await ending_absences(conn, sites, now) if resident in (None, each.id)]
    counts = {
        name: sum(each.state == name for each in found) for name in ("coming", "open", "kept", "overdue", "skipped")
    }
    answer = {
        "items": [each for each in found if state in (None, each.state)],
        "next": None,
        "counts": counts,
        "absences": absences,
    }
    return _json(for_reader(principal, msgspec.to_builtins(answer)))


@router.get("/checks/{key}")
async def one_check(deps: DepsOf, principal: SignedIn, key: str) -> Response:
    """One check, until eight days after its end."""
    return _json(for_reader(principal, msgspec.to_builtins(await _load(deps, principal, key))))


@router.post("/checks/{key}/call")
async def note_a_call(request: Request, deps: DepsOf, principal: Acting, key: str, body: CallForm) -> Response:
    """Write down a call because of a check: 200 with the check after it.

    ``well``: the caller vouches for the resident, which settles all that is open or overdue of them, alarms of missed
    checks too. 409 for a check that cannot be kept yet and one for which nothing is asked.
    """
    check = await _load(deps, principal, key)
    if check.state == "skipped" or deps.clock.now_ms() < check.begins_at:
        raise Problem(
            409,
            Refusal("check.not_asked", "this check is {check_state}: nothing is asked for", check_state=check.state),
            kind="conflict",
            check=check,
        )
    actor, note = principal.account.username, _said(body.note)

    async def work() -> Answer:
        now = deps.clock.now_ms()
        if body.result == "well":  # first: whoever is well is not asked for again, should the rest fail
            async with deps.alarm_store.transaction() as tx:
                await clear(tx, check.resident, actor=actor, how="call", at=now, note=note)
        async with deps.pool.connection() as conn, conn.transaction():
            await note_call(conn, check.slot, check.closes_at, Call(t=now, actor=actor, result=body.result, note=note))
        return Answer(200, msgspec.json.encode(await _load(deps, principal, key)))

    return await once(request, principal, work)


@router.put("/residents/{key}/absence")
async def answer_for_an_absence(deps: DepsOf, principal: EditingContacts, key: str, body: AbsenceForm) -> Response:
    """Answer whether an absence ends: back now (``until`` null), or away until later; 200 with the resident.

    Unanswered, an absence ends at its ``until``: who is forgotten is looked after. 409 for those who have left.
    """
    current = await load(deps, principal, Resident, key)
    if body.until is not None and (problem := until_problem(current.status, body.until, deps.clock.now_ms())):
        raise invalid("/body/until", problem)
    async with deps.pool.connection() as conn:
        after = await store.answer_absence(conn, principal.account.username, key, body.until)
    return Response(as_json(after), media_type="application/json")


@router.post("/residents/{key}/seen")
async def note_seen(request: Request, deps: DepsOf, principal: Acting, key: str, body: SeenForm) -> Response:
    """Vouch for a resident: settles what they promised for now and ends their alarms of missed checks.

    Answers which ``alarms`` it ended and how many ``checks`` it kept.
    """
    await load(deps, principal, Resident, key)
    actor = principal.account.username

    async def work() -> Answer:
        async with deps.alarm_store.transaction() as tx:
            now = deps.clock.now_ms()
            done: Cleared = await clear(tx, key, actor=actor, how=body.how, at=now, note=_said(body.note))
        return Answer(200, msgspec.json.encode(done))

    return await once(request, principal, work)


def _said(note: str | None) -> str | None:
    return note.strip() or None if note else None


def _sites(principal: Principal, site: str | None) -> list[str]:
    if site is None:
        return principal.sites
    principal.require_site(site, "site")
    return [site]


def _last(day: date, last: date | None) -> date:
    if last is None:
        return day
    if not day <= last < day + LONGEST:
        raise Problem(
            422,
            Refusal("check.days", "last_date: from `date` on, {days} days at most", days=LONGEST.days),
            kind="invalid",
        )
    return last


async def _load(deps: Deps, principal: Principal, key: str) -> Check:
    async with deps.pool.connection() as conn:
        found = await check_by_id(conn, key, deps.clock.now_ms())
    if found is None:
        raise Problem(404, no_such("check"))
    principal.require_site(found.site, "check")
    return found


def _json(answer: object) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
