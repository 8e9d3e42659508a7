"""API tokens over HTTP: keys with which other systems act for an account."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from dashboards.api.access import DepsOf, Principal, SignedIn, require_person
from dashboards.api.forms import Form, Id, Name, Time
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem, invalid
from dashboards.api.records.routes import router_of
from devices.refusals import Refusal, no_such
from gateway.store.accounts import Role
from gateway.store.staff import outranks
from gateway.store.tokens import add_token, remove_token, tokens

router = router_of()


class TokenForm(Form):
    """A key for another system; ``sites`` empty means all that one sees oneself, ``expires_at`` in ms."""

    name: Name
    role: Role
    sites: Annotated[list[Id], Field(default_factory=list, max_length=1000)]
    expires_at: Time | None = None


def _whose(principal: Principal) -> str | None:
    """Whose keys one sees: one's own; an admin of all sites everybody's."""
    of_all = principal.account.role == "admin" and not principal.sites
    return None if of_all else principal.account.id


@router.get("/tokens")
async def list_tokens(deps: DepsOf, principal: SignedIn) -> Response:
    """One's own keys, for an admin of all sites everybody's; never the keys themselves."""
    async with deps.pool.connection() as conn:
        found = await tokens(conn, _whose(principal))
    return Response(msgspec.json.encode({"items": found, "next": None}), media_type="application/json")


@router.post("/tokens", status_code=201)
async def make_token(request: Request, deps: DepsOf, principal: SignedIn, body: TokenForm) -> Response:
    """Make a key; the answer alone carries it, as ``token``. Send it as ``Authorization: Bearer``."""
    require_person(principal)
    if not outranks(principal.account.role, body.role) or not all(map(principal.account.sees, body.sites)):
        raise Problem(
            403,
            Refusal("role.token_above", "a token gets neither a role above yours nor sites that are not yours"),
            kind="role",
        )
    now = deps.clock.now_ms()
    if body.expires_at is not None and body.expires_at <= now:
        raise invalid("/body/expires_at", Refusal("token.over", "a token ends in the future"))

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            made, secret = await add_token(
                conn,
                principal.account.id,
                name=body.name,
                role=body.role,
                sites=sorted(set(body.sites)),
                expires_at=body.expires_at,
                now=now,
            )
        known = msgspec.structs.asdict(made)
        return Answer(
            201, msgspec.json.encode(known | {"token": secret}), kept=msgspec.json.encode(known | {"token": None})
        )

    return await once(request, principal, work)


@router.delete("/tokens/{key}", status_code=204)
async def end_token(deps: DepsOf, principal: SignedIn, key: str) -> Response:
    """End a key at once."""
    require_person(principal)
    async with deps.pool.connection() as conn:
        if not await remove_token(conn, _whose(principal), key):
            raise Problem(404, no_such("token"))
    return Response(status_code=204)
