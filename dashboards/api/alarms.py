"""Alarms over HTTP: the list, one of them, and what people do with it."""

from __future__ import annotations

from typing import Annotated, Any, Final, cast, get_args
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from alerts.alarm import Alarm
from alerts.desk import UnknownAlarm, act
from alerts.transitions import Assign, Command, Event, Refused, Unchanged
from dashboards.api.access import MAY_ACT, Acting, DepsOf, Principal, SignedIn, require_alarm
from dashboards.api.kinds import read_msgspec
from dashboards.api.metrics import ACTIONS
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem, invalid
from dashboards.deps import Deps
from devices.refusals import Refusal, no_such
from gateway.store.alarm_list import Cursor, ListedState, alarm_object, alarm_objects
from gateway.store.connection import Connection
from gateway.store.staff import staff_named

router = APIRouter(tags=["alarms"])

EVENTS: Final[tuple[str, ...]] = get_args(Event)
_ALARM: Final = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Alarm"}}}}


class _About(msgspec.Struct):
    resident: str | None = None


@router.get("/api/v1/alarms")
async def list_alarms(
    deps: DepsOf,
    principal: SignedIn,
    state: ListedState = "all",
    site: str | None = None,
    kind: str | None = None,
    resident: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: str | None = None,
    *,
    drill: bool | None = None,
) -> Response:
    """Alarms, newest first.

    ``closed``: resolved, closed and cancelled ones; ``all``: all but suppressed ones. ``drill``: drills alone,
    or without them; both when it is not said. ``before`` takes the ``next`` of the page before (or a time in
    ms); ``change`` is where the stream goes on (``?after=``).
    """
    try:
        cursor = Cursor.parse(before) if before else None
    except ValueError:
        raise Problem(
            422,
            Refusal("cursor", "before: expected the `next` of a page, or a time in ms"),
            kind="invalid",
        ) from None
    await principal.looked("alarms")
    async with deps.pool.connection() as conn:
        page = await alarm_objects(
            conn,
            sites=principal.sites,
            state=state,
            site=site,
            kind=kind,
            resident=resident,
            drill=drill,
            before=cursor,
            limit=limit,
        )
    answer = {
        "items": [msgspec.Raw(each.encode()) for each in page.objects],
        "next": str(page.next) if page.next else None,
        "change": page.change,
    }
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get("/api/v1/alarms/{alarm}", responses={200: cast(dict[str, Any], _ALARM)})
async def one_alarm(deps: DepsOf, principal: SignedIn, alarm: UUID) -> Response:
    """One alarm as it is now."""
    async with deps.pool.connection() as conn:
        found = await alarm_object(conn, alarm)
    if found is None:
        raise Problem(404, no_such("alarm"))
    principal.require_site(found.site, "alarm")
    about = msgspec.json.decode(found.object, type=_About).resident
    await principal.looked("alarm", site=found.site, resident=about, alarm=alarm)
    return Response(found.object, media_type="application/json")


@router.post("/api/v1/alarms/{alarm}/{event}", responses={200: cast(dict[str, Any], _ALARM)})
async def do_something(request: Request, deps: DepsOf, principal: Acting, alarm: UUID, event: str) -> Response:
    """Do something with an alarm: 200 with the alarm after it, also when repeating what one has already done.

    409 carries the ``alarm`` as it is when its state does not allow the event; nothing changes then.
    """
    if event not in EVENTS:
        raise Problem(
            404,
            Refusal(
                "alarm.no_such_event",
                "there is no event {event}; there are: {events}",
                event=event,
                events=", ".join(EVENTS),
            ),
        )
    command = read_command(event, await request.body())

    async def work() -> Answer:
        return Answer(200, msgspec.json.encode(await carry_out(deps, principal, alarm, command)))

    return await once(request, principal, work)


def read_command(event: str, body: bytes) -> Command:
    """The command of an event and its JSON body, which may be empty. Raises ``Problem`` 400 or 422."""
    try:
        fields = msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = Refusal("body.unreadable", "the body is not JSON: {why}", why=str(error))
        raise Problem(400, why, kind="invalid") from None
    if not isinstance(fields, dict):
        raise Problem(422, Refusal("body.no_object", "the body must be a JSON object"), kind="invalid")
    return command_of(event, fields)


def command_of(event: str, fields: dict[str, Any]) -> Command:
    """The command of an event and its fields, as they come from JSON or a form. Raises ``Problem`` 422."""
    try:
        command: Command = msgspec.convert({**fields, "event": event}, Command)
    except msgspec.ValidationError as error:
        path, why = read_msgspec(error)
        raise invalid(f"/body/{path}".rstrip("/"), why) from None
    return command


async def carry_out(deps: Deps, principal: Principal, alarm: UUID, command: Command) -> Alarm:
    """Let the principal do it; the alarm after it. Raises ``Problem`` 404, or 409 with the alarm as it is."""
    event = str(command.__struct_config__.tag)
    async with deps.pool.connection() as conn:
        site = await require_alarm(conn, principal, alarm)
        if isinstance(command, Assign) and command.assignee is not None:
            await _require_colleague(conn, command.assignee, site)
    done = await act(deps.alarm_store, alarm, command, principal.account.username, deps.clock.now_ms())
    match done:
        case UnknownAlarm():
            raise Problem(404, no_such("alarm"))
        case Refused():
            _count(event, "refused", done.alarm)
            raise _refusal(done)
        case Unchanged():
            _count(event, "unchanged", done.alarm)
            return done.alarm
        case Alarm():
            _count(event, "done", done)
            return done


async def _require_colleague(conn: Connection, username: str, site: str) -> None:
    """Answer 422 for an account that does not see the site or may not act; a name without an account is a person's."""
    found = await staff_named(conn, username)
    if found is None:
        return
    if found.disabled or found.role not in MAY_ACT or not (not found.sites or site in found.sites):
        raise Problem(
            422,
            Refusal("alarm.no_colleague", "there is nobody of that name at this site who may act", field="assignee"),
            kind="missing-record",
        )


def _count(event: str, outcome: str, alarm: Alarm) -> None:
    """What is done in a drill is no figure."""
    if not alarm.drill:
        ACTIONS.labels(event, outcome).inc()


def _why_not(reason: str, alarm: Alarm, story: str) -> Refusal:
    match reason:
        case "state":
            said = "an alarm that is {state} cannot be changed like this: {story}"
            return Refusal("alarm.state", said, state=alarm.state, story=story)
        case "too_late":
            return Refusal("alarm.too_late", "it ended more than 24 hours ago: {story}", story=story)
        case "desk_only":
            return Refusal("alarm.desk_only", "nobody outside may be called for this alarm")
        case _:
            return Refusal("alarm.another_active", "the same subject has a newer active alarm for this rule")


def _refusal(refused: Refused) -> Problem:
    alarm = refused.alarm
    last = alarm.timeline[-1] if alarm.timeline else None
    story = f"{last.event} by {last.actor} at {last.t}" if last else "nothing is known of it"
    return Problem(
        409,
        _why_not(refused.reason, alarm, story),
        kind="alarm-state",
        reason=refused.reason,
        alarm=alarm,
    )
