"""Households: the list, one with its people and devices, and its form."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing, SignedIn
from dashboards.api.problems import Problem
from dashboards.web.records.found import administers, manages, record, sites_of
from dashboards.web.rendering import page
from devices.refusals import no_such
from gateway.store.homes import home, homes
from gateway.store.registry_records import Household

router = APIRouter(include_in_schema=False)

PAGE = 200


@router.get("/households")
async def all_households(request: Request, deps: DepsOf, principal: SignedIn, q: str = "", number: int = 1) -> Response:
    """Households by name, found by their name or by that of somebody who lives there."""
    async with deps.pool.connection() as conn:
        found, total = await homes(
            conn, sites=principal.sites, text=q.strip(), offset=(max(1, number) - 1) * PAGE, limit=PAGE
        )
    return page(
        request,
        "households.html",
        principal=principal,
        homes=found,
        q=q.strip(),
        number=max(1, number),
        pages=-(-total // PAGE),
        may_manage=manages(principal),
        may_administer=administers(principal),
    )


@router.get("/households/new")
async def new_household(request: Request, deps: DepsOf, principal: Managing) -> Response:
    """An empty household form."""
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
    return page(request, "household_form.html", principal=principal, household=None, sites=sites)


@router.get("/households/{household}")
async def one_household(request: Request, deps: DepsOf, principal: SignedIn, household: str) -> Response:
    """Who lives there, what they share, where it is."""
    async with deps.pool.connection() as conn:
        found = await home(conn, household)
    if found is None or not principal.account.sees(found.site):
        raise Problem(404, no_such("household"))
    return page(request, "household.html", principal=principal, home=found, may_manage=manages(principal))


@router.get("/households/{household}/edit")
async def edit_household(request: Request, deps: DepsOf, principal: Managing, household: str) -> Response:
    """The household form, filled in."""
    async with deps.pool.connection() as conn:
        found = await record(conn, principal, Household, household)
        sites = await sites_of(conn, principal)
    return page(request, "household_form.html", principal=principal, household=found, sites=sites)
