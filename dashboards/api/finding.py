"""Finding somebody over HTTP: all that helps to search, links to the live map for helpers, and who goes along."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from starlette.responses import Response

from alerts.alarm import Alarm
from alerts.search import goers
from dashboards.api.access import MAY_ACT, Acting, DepsOf, Principal, SignedIn, require_alarm
from dashboards.api.masking import for_reader
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem, invalid
from dashboards.api.records.answers import as_json, load
from dashboards.api.whereabouts import ending, whereabouts
from dashboards.deps import Deps
from devices.clock import HOUR_MS
from devices.refusals import Refusal, Unfit, no_such
from gateway.store.accompanying import accompany_noted
from gateway.store.alarm_list import alarm_object
from gateway.store.connection import Connection
from gateway.store.consents import position_of_alarm
from gateway.store.find_links import LONGEST_MS, OPEN_AT_MOST, OPEN_FOR_MS, NotMade, links_of, make_link, revoke_link
from gateway.store.finding import resident_of
from gateway.store.registry_records import Contact, Resident

router = APIRouter(tags=["finding"])

ACCOMPANIED_AT_MOST_H: Final = 72
"""A journey with the family; a longer one is the status ``away``. Assumption, ADR 36."""

_SHOWN_OF_CONTACTS: Final = ("id", "name", "phone", "relation", "holds_key")
_SHOWN_OF_CARD: Final = ("illnesses", "medication", "notes", "key_holder")
_WHY_NOT: Final = {
    "state": (
        409,
        "alarm-state",
        Refusal("search.nobody", "there is nobody to search for: the alarm is over, a drill, or about nobody"),
    ),
    "agreed": (
        409,
        "not-agreed",
        Refusal(
            "search.not_agreed",
            "they have not agreed that helpers see where they are; while the alarm is critical it can be opened",
        ),
    ),
    "many": (
        429,
        "too-many-links",
        Refusal("search.too_many_links", "{most} links of this alarm are open: take one back", most=OPEN_AT_MOST),
    ),
}

_Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")]


class LinkForm(BaseModel):
    """For whom a link is, for how long, and what they must know: what the person wears, for example."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    person: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]*$")
    ] = Field(alias="for")
    hours: Annotated[float, Field(ge=0.25, le=LONGEST_MS / HOUR_MS)] = OPEN_FOR_MS / HOUR_MS
    note: _Words | None = None


class AccompaniedForm(BaseModel):
    """Until when somebody goes along: a moment in ms, or hours from now."""

    model_config = ConfigDict(extra="forbid")

    until: Annotated[int, Field(ge=0, le=2**53)] | None = None
    hours: Annotated[float, Field(ge=0.25, le=ACCOMPANIED_AT_MOST_H)] | None = None
    note: _Words | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> AccompaniedForm:
        if (self.until is None) == (self.hours is None):
            raise Unfit(Refusal("accompanied.until_or_hours", "say either `until` or `hours`"))
        return self

    def until_ms(self, now: int) -> int:
        """Until when, ms. Raises ``Problem`` 422 for a moment that has passed or is too far ahead."""
        until = self.until if self.hours is None else now + round(self.hours * HOUR_MS)
        assert until is not None
        if not now < until <= now + ACCOMPANIED_AT_MOST_H * HOUR_MS:
            raise invalid(
                "/body/until",
                Refusal(
                    "accompanied.too_long",
                    "a moment of the next {most_h} hours; longer is `away`",
                    most_h=ACCOMPANIED_AT_MOST_H,
                ),
            )
        return until


@router.get("/api/v1/alarms/{alarm}/search")
async def one_search(
    deps: DepsOf,
    principal: SignedIn,
    alarm: UUID,
    after: Annotated[int | None, Query(ge=0, description="`track.cursor` of the answer before")] = None,
) -> Response:
    """All that helps to find whom an alarm is about: track, last certain place, habits, how far they can have walked.

    With `after`, `track.items` are only the fixes that were stored since. Everything else is as of now.
    """
    now = deps.clock.now_ms()
    async with deps.pool.connection() as conn:
        found = await alarm_object(conn, alarm)
        if found is None:
            raise Problem(404, no_such("alarm"))
        principal.require_site(found.site, "alarm")
        told = msgspec.json.decode(found.object, type=Alarm)
        await principal.looked("search", site=told.site, resident=told.resident, alarm=alarm)
        answer = {
            "alarm": told,
            "as_of": now,
            **ending(told),
            "position_shown": await position_of_alarm(conn, alarm, now),
            "resident": _for(principal, told, await _resident(conn, alarm)),
            **await whereabouts(conn, told, now, "desk", after),
            "responders": goers(told),
            "links": await links_of(conn, alarm, now),
        }
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _for(principal: Principal, alarm: Alarm, resident: dict[str, Any] | None) -> dict[str, Any] | None:
    """The resident as they may be known: whoever may act calls as long as the alarm is active."""
    called = alarm.is_active and principal.account.role in MAY_ACT
    return resident if resident is None or called else for_reader(principal, resident)


async def _resident(conn: Connection, alarm: UUID) -> dict[str, Any] | None:
    found = await resident_of(conn, alarm)
    if found is None:
        return None
    resident, contacts = found
    return {
        "id": resident.id,
        "name": resident.name,
        "birth_year": resident.birth_year,
        "phone": resident.phone,
        "address": resident.address,
        "language": resident.language,
        "status": resident.status,
        "accompanied_until": resident.accompanied_until,
        **{name: resident.card.get(name) for name in _SHOWN_OF_CARD},
        "contacts": [_contact(contact) for contact in contacts],
    }


def _contact(contact: Contact) -> dict[str, Any]:
    return {name: getattr(contact, name) for name in _SHOWN_OF_CONTACTS}


@router.get("/api/v1/alarms/{alarm}/links")
async def list_links(deps: DepsOf, principal: SignedIn, alarm: UUID) -> Response:
    """The links to the live map that were made of an alarm, and who looked when; newest first."""
    async with deps.pool.connection() as conn:
        await require_alarm(conn, principal, alarm)
        answer = {"items": await links_of(conn, alarm, deps.clock.now_ms()), "next": None}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.post("/api/v1/alarms/{alarm}/links", status_code=201)
async def share(request: Request, deps: DepsOf, principal: Acting, alarm: UUID, body: LinkForm) -> Response:
    """Make a link to the live map for somebody who helps to search; its `token` and `url` are told this once.

    It ends after `hours` (2 unless said, 12 at most), with the alarm, and when somebody takes it back. 409 when
    there is nobody to search for, or nobody agreed that helpers see where they are.
    """

    async def work() -> Answer:
        now = deps.clock.now_ms()
        async with deps.pool.connection() as conn:
            await require_alarm(conn, principal, alarm)
            made = await make_link(
                conn,
                alarm,
                person=body.person,
                note=body.note or None,
                by=principal.account.username,
                hours=body.hours,
                now=now,
            )
            links = await links_of(conn, alarm, now)
        if made is None:
            raise Problem(404, no_such("alarm"))
        if isinstance(made, NotMade):
            status, kind, why = _WHY_NOT[made.reason]
            raise Problem(status, why, kind=kind, reason=made.reason, alarm=made.alarm)
        link, token = made
        told = next(msgspec.to_builtins(each) for each in links if each.id == link)
        secret = {"token": token, "url": _address(deps, token)}
        return Answer(
            201,
            msgspec.json.encode(told | secret),
            location=f"/api/v1/alarms/{alarm}/links",
            kept=msgspec.json.encode(told | dict.fromkeys(secret)),
        )

    return await once(request, principal, work)


def _address(deps: Deps, token: str) -> str:
    return f"{deps.public_url or ''}/find/{token}"


@router.delete("/api/v1/alarms/{alarm}/links/{link}", status_code=204)
async def take_back(deps: DepsOf, principal: Acting, alarm: UUID, link: str) -> Response:
    """Take a link back: from now on it shows nothing."""
    async with deps.pool.connection() as conn:
        await require_alarm(conn, principal, alarm)
        if not await revoke_link(conn, alarm, link, by=principal.account.username, now=deps.clock.now_ms()):
            raise Problem(404, no_such("link"))
    return Response(status_code=204)


@router.post("/api/v1/residents/{key}/accompanied")
async def accompany(request: Request, deps: DepsOf, principal: Acting, key: str, body: AccompaniedForm) -> Response:
    """Somebody goes along with the resident until then: no rule of wandering begins or learns meanwhile.

    What stands already stands until somebody ends it; its timeline says that they are not alone.
    """
    await load(deps, principal, Resident, key)

    async def work() -> Answer:
        now = deps.clock.now_ms()
        until = body.until_ms(now)
        async with deps.pool.connection() as conn:
            changed = await accompany_noted(
                conn, principal.account.username, key, until, now=now, note=body.note or None
            )
        return Answer(200, as_json(changed))

    return await once(request, principal, work)


@router.delete("/api/v1/residents/{key}/accompanied")
async def leave_alone(deps: DepsOf, principal: Acting, key: str) -> Response:
    """Nobody goes along any more: from now on they are judged again."""
    await load(deps, principal, Resident, key)
    async with deps.pool.connection() as conn:
        changed = await accompany_noted(conn, principal.account.username, key, None, now=deps.clock.now_ms())
    return Response(as_json(changed), media_type="application/json")
