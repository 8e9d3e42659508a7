"""Figures over HTTP: what is counted of alarms in a period, and what is aimed at (ADR 40)."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from dashboards.api.access import Administering, DepsOf, Principal, SignedIn
from dashboards.api.forms import Form, Id
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from devices.clock import DAY_MS
from devices.refusals import Refusal
from gateway.store import figures as store

router = APIRouter(tags=["figures"], prefix="/api/v1/figures")

LONGEST_MS: Final = 366 * DAY_MS
USUAL_MS: Final = 30 * DAY_MS

Moment = Annotated[int | None, Query(ge=0, le=32_503_680_000_000)]
Share = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class TargetForm(Form):
    """What share of alarms should be answered within 60 s and within 180 s, in percent; ``site`` empty: everywhere."""

    site: Id | None = None
    within_60_pct: Share
    within_180_pct: Share


def sites_in(principal: Principal, site: str | None) -> list[str]:
    """The sites to count: the one asked for, else those that the account sees (empty: all)."""
    if not site:
        return principal.sites
    principal.require_site(site, "site")
    return [site]


def period_of(from_ms: int | None, to_ms: int | None, now: int) -> tuple[int, int]:
    """``[from, to)`` in ms: the last thirty days, unless told. Raises ``Problem`` 422."""
    to_ms = now if to_ms is None else to_ms
    from_ms = to_ms - USUAL_MS if from_ms is None else from_ms
    if not from_ms < to_ms <= from_ms + LONGEST_MS:
        raise Problem(
            422, Refusal("figures.period", "from, to: a period of one year at most, from before to"), kind="period"
        )
    return from_ms, to_ms


@router.get("", summary="Figures of a period")
async def the_figures(
    deps: DepsOf,
    principal: SignedIn,
    site: str | None = None,
    from_: Annotated[Moment, Query(alias="from", description="ms; thirty days before `to`, unless told")] = None,
    to: Annotated[Moment, Query(description="ms, not with it; now, unless told")] = None,
) -> Response:
    """Counts of alarms raised in ``[from, to)``, without drills and suppressed ones; late ones apart.

    ``groups``: by site and rule, by site (``rule`` null), by rule (``site`` null), and of all. ``counted_60`` are those
    that sounded and were answered or waited for 60 s at least, ``within_60`` those answered by then; the same for 180.
    Days and hours are by each site's own clock, weekdays from Monday 1.
    """
    now = deps.clock.now_ms()
    from_ms, to_ms = period_of(from_, to, now)
    sites = sites_in(principal, site)
    async with deps.pool.connection() as conn:
        found = await store.figures(conn, sites=sites, from_ms=from_ms, to_ms=to_ms, now=now)
    return Response(msgspec.json.encode(found), media_type="application/json")


@router.put("/targets", summary="Aim at shares answered in time")
async def aim(request: Request, deps: DepsOf, principal: Administering, body: TargetForm) -> Response:
    """Set the targets of a site, or of all sites that have none of their own: that takes an account of all sites.

    97.5 % within 60 s and 99 % within 180 s unless somebody sets others.
    """
    if body.site is None and principal.sites:
        raise Problem(
            403, Refusal("role.targets_of_all", "only an account of all sites may set the targets of all"), kind="role"
        )
    if body.site is not None:
        principal.require_site(body.site, "site")
    target = store.Target(
        site=body.site or "", within_60_pct=body.within_60_pct, within_180_pct=body.within_180_pct
    )  # fmt: skip

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            await store.aim(conn, principal.account.username, target, deps.clock.now_ms())
        return Answer(200, msgspec.json.encode(target))

    return await once(request, principal, work)
