"""Commands to devices over HTTP: ask, look what became of it, take back what has not left yet."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from dashboards.api.access import Acting, DepsOf, Principal, SignedIn, may_follow
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.api.records import load
from dashboards.deps import Deps
from devices.commands import LONGEST_LIFETIME_S, CommandName, checked_args
from devices.refusals import Refusal, no_such
from gateway.store.commands import (
    StoredCommand,
    TooManyCommands,
    cancel_command,
    command,
    commands_of,
    queue_command,
)
from gateway.store.registry_records import Device

router = APIRouter(prefix="/api/v1", tags=["commands"])

TELLS_WHERE: Final[frozenset[CommandName]] = frozenset({"locate", "set_interval"})
"""After these a band tells where it is, or tells it more often."""


class CommandForm(BaseModel):
    """What a device is asked for. Nothing unknown is taken: a misspelt lifetime would be a wrong one."""

    model_config = ConfigDict(extra="forbid")

    name: CommandName
    args: dict[str, Any] = {}
    expires_in_s: Annotated[int, Field(ge=1, le=LONGEST_LIFETIME_S)] | None = None

    @model_validator(mode="after")
    def _exact(self) -> Self:
        self.args = checked_args(self.name, self.args)
        return self


def _json(found: StoredCommand) -> dict[str, Any]:
    shown = msgspec.structs.asdict(found)
    del shown["n"]
    return shown


async def _load(deps: Deps, principal: Principal, key: UUID) -> StoredCommand:
    async with deps.pool.connection() as conn:
        found = await command(conn, key)
    if found is None:
        raise Problem(404, no_such("command"))
    principal.require_site(found.site, "command")
    return found


@router.post("/devices/{key}/commands", status_code=201)
async def ask_device(request: Request, deps: DepsOf, principal: Acting, key: str, body: CommandForm) -> Response:
    """Ask a device for something: ``locate``, ``ring``, ``confirm_ok``, ``message`` or ``set_interval``.

    It is sent as soon as the device can hear it, again and again until it answers, and given up after
    ``expires_in_s`` (by default 300, of ``set_interval`` 86,400). An older unanswered one of the same name is
    superseded. 403 for a responder who wants positions (``locate``, ``set_interval``) of somebody without an
    active alarm; 409 for a device that was revoked or that nobody registered; 429 when it leaves too many
    unanswered.
    """
    found = await load(deps, principal, Device, key)
    if body.name in TELLS_WHERE:
        async with deps.pool.connection() as conn:
            if not await may_follow(conn, principal, found):
                why = Refusal(
                    "role.without_alarm", "a responder asks where somebody is while an alarm of theirs is active"
                )
                raise Problem(403, why, kind="role")

    async def work() -> Answer:
        try:
            async with deps.pool.connection() as conn:
                asked = await queue_command(
                    conn,
                    device=key,
                    name=body.name,
                    args=body.args,
                    by=principal.account.username,
                    now=deps.clock.now_ms(),
                    expires_in_s=body.expires_in_s,
                )
        except TooManyCommands as error:
            raise Problem(429, error.refusal, kind="too-many-commands", headers={"Retry-After": "15"}) from None
        return Answer(201, msgspec.json.encode(_json(asked)), location=f"/api/v1/commands/{asked.id}")

    return await once(request, principal, work)


@router.get("/devices/{key}/commands")
async def list_commands(
    deps: DepsOf,
    principal: SignedIn,
    key: str,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[int, Query(ge=0, le=2**63 - 1)] | None = None,
) -> Response:
    """What a device was asked for, newest first; ``before`` takes the ``next`` of the page before."""
    await load(deps, principal, Device, key)
    async with deps.pool.connection() as conn:
        found = await commands_of(conn, key, before=before, limit=limit + 1)
    page = found[:limit]
    more = str(page[-1].n) if len(found) > limit else None
    answer = {"items": [_json(each) for each in page], "next": more}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get("/commands/{key}")
async def one_command(deps: DepsOf, principal: SignedIn, key: UUID) -> Response:
    """One command and what became of it."""
    found = await _load(deps, principal, key)
    return Response(msgspec.json.encode(_json(found)), media_type="application/json")


@router.delete("/commands/{key}", status_code=204)
async def take_back(deps: DepsOf, principal: Acting, key: UUID) -> Response:
    """Take a command back that has not left yet; 409 with the command when it is too late for that."""
    found = await _load(deps, principal, key)
    async with deps.pool.connection() as conn:
        if not await cancel_command(conn, key, by=principal.account.username, now=deps.clock.now_ms()):
            found = await _load(deps, principal, key)
            if found.state != "cancelled":
                told = msgspec.to_builtins(_json(found))
                raise Problem(
                    409,
                    Refusal("command.gone", "the command has left already, or has ended"),
                    kind="conflict",
                    command=told,
                )
    return Response(status_code=204)
