"""The desks: each page says of itself whether an alarm would be heard there, and learns who else listens."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from dashboards.api.access import DepsOf, Principal, SignedIn, allowed_to
from dashboards.api.problems import Problem
from devices.refusals import Refusal
from gateway.store.listening import LISTENERS, PageState, desks, report_page

router = APIRouter(include_in_schema=False)

Listening = Annotated[Principal, Depends(allowed_to(frozenset(LISTENERS), "listen for alarms"))]


class PageReport(BaseModel):
    """What a page says of itself; ``page`` is the name that it gave itself when it was loaded."""

    model_config = ConfigDict(extra="forbid")

    page: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    state: PageState


@router.post("/console/desks")
async def report(deps: DepsOf, principal: Listening, body: PageReport) -> Response:
    """Take a page's word, each 10 s; answers as ``GET``. Only a browser listens: 403 for Bearer."""
    if not principal.by_cookie:
        raise Problem(403, Refusal("role.no_page", "only a page in a browser listens"), kind="role")
    async with deps.pool.connection() as conn:
        await report_page(conn, principal.session.token_hash, body.page, body.state, deps.clock.now_ms())
    return await who_listens(deps, principal)


@router.get("/console/desks")
async def who_listens(deps: DepsOf, principal: SignedIn) -> Response:
    """The browsers with an open console of the account's sites, those that listen first."""
    async with deps.pool.connection() as conn:
        found = await desks(conn, principal.account, principal.session.token_hash, deps.clock.now_ms())
    answer = msgspec.json.encode({"now": deps.clock.now_ms(), "desks": found})
    return Response(answer, media_type="application/json", headers={"Cache-Control": "no-store"})
