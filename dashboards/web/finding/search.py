"""The page of a search: where somebody is as it changes, whom it is about, who goes, and what the desk can do now."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from alerts.alarm import Alarm
from dashboards.api.access import DepsOf, SignedIn
from dashboards.web.alarm_context import alarm_context
from dashboards.web.records.person import ACCOMPANIED_H
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording

router = APIRouter(include_in_schema=False)

SHARED_H = (1, 2, 4, 8, 12)
SHARED_AT_FIRST_H = 2


@router.get("/search/{alarm}")
async def search(request: Request, deps: DepsOf, principal: SignedIn, alarm: UUID) -> Response:
    """What helps to find whom an alarm is about; the map keeps itself fresh."""
    context = await alarm_context(deps, principal, Wording(language_of(request, principal)), alarm)
    shown: Alarm = context["alarm"]
    await principal.looked("search", site=shown.site, resident=shown.resident, alarm=alarm)
    return page(
        request,
        "search.html",
        principal=principal,
        accompanied_h=ACCOMPANIED_H,
        shared_h=SHARED_H,
        shared_at_first=SHARED_AT_FIRST_H,
        **context,
    )
