"""Centres: the list and the form."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import ONLY_INSTALLERS, DepsOf, Managing, Principal, SignedIn
from dashboards.api.problems import Problem
from dashboards.api.records.holidays import LONGEST
from dashboards.web.records.found import administers, holidays_of, manages, sites_of
from dashboards.web.rendering import page
from devices.refusals import no_such
from gateway.store.registry import find
from gateway.store.registry_records import Site

router = APIRouter(include_in_schema=False)


def _makes_sites(principal: Principal) -> bool:
    return principal.account.role == "admin" and not principal.sites


@router.get("/sites")
async def all_sites(request: Request, deps: DepsOf, principal: SignedIn) -> Response:
    """The centres that the account sees."""
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
    return page(
        request,
        "sites.html",
        principal=principal,
        sites=sites,
        may_make=_makes_sites(principal),
        may_manage=manages(principal),
        may_administer=administers(principal),
    )


@router.get("/sites/new")
async def new_site(request: Request, principal: Managing) -> Response:
    """An empty centre form, for an admin of all sites."""
    if not _makes_sites(principal):
        raise Problem(403, ONLY_INSTALLERS, kind="role")
    return page(request, "site_form.html", principal=principal, site=None, holidays=[], may_make=True)


@router.get("/sites/{key}")
async def edit_site(request: Request, deps: DepsOf, principal: Managing, key: str) -> Response:
    """The centre form, filled in."""
    async with deps.pool.connection() as conn:
        found = await find(conn, Site, key)
        holidays = [] if found is None else await holidays_of(conn, found.id)
    if found is None or not principal.account.sees(key):
        raise Problem(404, no_such("site"))
    return page(
        request,
        "site_form.html",
        principal=principal,
        site=found,
        holidays=holidays,
        longest_holiday=LONGEST.days,
        may_make=_makes_sites(principal),
    )
