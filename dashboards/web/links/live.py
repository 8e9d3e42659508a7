"""The live map behind a link: ``/find/{token}/live``, for whoever helps to search for somebody.

The token is of a link that staff made, or of a message whose reader may see the place: family, and whoever said that
they go. The map's page itself is served elsewhere; it begins with ``open_map``, too.
"""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from alerts.alarm import Alarm
from alerts.shared_map import HELPER_FOUND
from dashboards.api.access import DepsOf, address_of
from dashboards.api.problems import Problem
from dashboards.api.whereabouts import ending, whereabouts
from dashboards.deps import Deps
from dashboards.web.links.facts import extent_for, sees_place
from dashboards.web.links.guessing import Guessing
from dashboards.web.links.routes import replier_of_link
from devices.refusals import Refusal, no_such
from gateway.store.alarm_list import alarm_object
from gateway.store.connection import Connection
from gateway.store.disclosure import Extent, centre, disclosed
from gateway.store.find_links import Holder, Over, holder_of, note_look
from gateway.store.finding import person_sought
from gateway.store.links import Expired, Link, open_link

router = APIRouter(include_in_schema=False)

_HEADERS: Final = {"X-Robots-Tag": "noindex, nofollow, noarchive", "Cache-Control": "no-store"}
_WHY: Final = {
    "throttled": (429, Refusal("link.throttled", "too many links that nobody made came from here: try again later")),
    "unknown": (404, no_such("link")),
    "expired": (410, Refusal("link.expired", "this link is over")),
    "revoked": (410, Refusal("link.revoked", "this link was taken back")),
    "ended": (410, Refusal("link.ended", "the search is over")),
}
_OF_THE_ALARM: Final = ("id", "kind", "rule", "state", "severity", "event_time", "recovered_at")
_OF_A_BAND: Final = ("battery_pct", "charging", "battery_at", "heard_at")


class Closed(msgspec.Struct, frozen=True):
    """Why a link shows no map; ``site``: the centre that made it, where it was one of ours."""

    why: Literal["throttled", "unknown", "expired", "revoked", "ended"]
    site: str | None = None


class OpenMap(msgspec.Struct, frozen=True, kw_only=True):
    """A map that somebody may look at; ``language`` None: nobody knows theirs."""

    holder: Holder
    extent: Extent
    language: str | None = None


async def open_map(request: Request, deps: Deps, token: str) -> OpenMap | Closed:
    """Whose map a token opens, or why it opens none. The look is written down."""
    guessing: Guessing = request.app.state.guessing
    address, now = address_of(request), deps.clock.now_ms()
    admission = await guessing.admit(token, address, now)
    if admission == "refused":
        return Closed("throttled")
    async with deps.pool.connection() as conn:
        found = await _found(conn, token, now)
        if isinstance(found, OpenMap) or found.why != "unknown":
            guessing.opened(token, address, admission)
        if isinstance(found, OpenMap):
            agent = request.headers.get("user-agent", "")
            await note_look(conn, found.holder, address=address, agent=agent, now=now)
    return found


async def _found(conn: Connection, token: str, now: int) -> OpenMap | Closed:
    made = await holder_of(conn, token, now)
    if isinstance(made, Over):
        return Closed(made.why, made.site)
    if made is not None:
        return OpenMap(holder=made, extent="search")
    link = await open_link(conn, token, now)
    if link is None:
        return Closed("unknown")
    return Closed("expired") if isinstance(link, Expired) else _of_message(link)


def _of_message(link: Link) -> OpenMap | Closed:
    """The map of the first alarm of the message of which they may see the place."""
    who = replier_of_link(link)
    for alarm in link.alarms:
        extent = extent_for(alarm, who)
        if alarm.kind == "wandering" and alarm.is_active and sees_place(who, extent):
            name = link.name or who.actor
            holder = Holder(alarm=alarm.id, person=name, note=None, expires_at=link.expires_at, message=link.message)
            return OpenMap(holder=holder, extent=extent, language=link.language)
    searched = [alarm for alarm in link.alarms if alarm.kind == "wandering"]
    over = bool(searched) and not any(alarm.is_active for alarm in searched)
    return Closed("ended" if over else "expired", link.alarm.site)


@router.get("/find/{token}/live")
async def live(request: Request, deps: DepsOf, token: str, after: int | None = None) -> Response:
    """What whoever holds the link may know now; ``after``: the ``track.cursor`` of the answer before."""
    opened = await open_map(request, deps, token)
    if isinstance(opened, Closed):
        status, why = _WHY[opened.why]
        raise Problem(status, why, kind=opened.why, headers=_HEADERS)
    async with deps.pool.connection() as conn:
        body = await shown(conn, opened, deps.clock.now_ms(), after)
    return Response(msgspec.json.encode(body), headers=_HEADERS, media_type="application/json")


async def shown(conn: Connection, opened: OpenMap, now: int, after: int | None) -> dict[str, Any]:
    """The map as its holder may see it at ``now`` (ms): the search, narrowed by consent inside its queries."""
    alarm = await _alarm(conn, opened.holder.alarm)
    person = await person_sought(conn, alarm.id, now, "link")
    known = await whereabouts(conn, alarm, now, "link", after)
    people = await disclosed(conn, alarm.id, now, opened.extent)
    birth_year = None if person is None else person.birth_year
    return {
        "alarm": {name: getattr(alarm, name) for name in _OF_THE_ALARM},
        "as_of": now,
        **ending(alarm),
        "withheld": person is None,
        "for": opened.holder.person,
        "note": opened.holder.note,
        "expires_at": opened.holder.expires_at,
        "said_found": said_found(alarm, opened.holder.person),
        "centre": await centre(conn, alarm.site),
        "resident": None if not people else {**msgspec.structs.asdict(people[0]), "birth_year": birth_year},
        **known,
        "devices": [{name: getattr(each, name) for name in _OF_A_BAND} for each in known["devices"]],
        "battery": None if known["battery"] is None else {**known["battery"], "device": None},
    }


def said_found(alarm: Alarm, person: str) -> int | None:
    """When somebody last said that they have found them, ms; None: they have not since it was last reopened."""
    for entry in reversed(alarm.timeline):
        if entry.event == "reopen":
            return None
        if entry.event == HELPER_FOUND and entry.to == person:
            return entry.t
    return None


async def _alarm(conn: Connection, alarm: UUID) -> Alarm:
    found = await alarm_object(conn, alarm)
    assert found is not None, "a link refers to its alarm"
    return msgspec.json.decode(found.object, type=Alarm)
