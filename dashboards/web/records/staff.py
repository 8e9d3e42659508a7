"""Staff: who signs in, and what they may do, in plain words."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import Administering, DepsOf, Principal
from dashboards.api.problems import Problem
from dashboards.web.records.found import sites_of
from dashboards.web.rendering import page
from devices.refusals import no_such
from gateway.store.signin_guard import locked_names
from gateway.store.staff import ROLES, may_keep, outranks, staff_list, staff_member

router = APIRouter(include_in_schema=False)

AT_MOST = 1000


def _roles(principal: Principal) -> list[str]:
    return [role for role in ROLES if outranks(principal.account.role, role)]


@router.get("/staff")
async def all_staff(request: Request, deps: DepsOf, principal: Administering) -> Response:
    """Accounts within one's own sites; those that ended come last."""
    async with deps.pool.connection() as conn:
        found = await staff_list(conn, sites=principal.sites, limit=AT_MOST)
        sites = await sites_of(conn, principal)
        locked = {each.username for each in await locked_names(conn, deps.clock.now_ms())}
    return page(
        request,
        "staff.html",
        principal=principal,
        staff=sorted(found, key=lambda each: (each.disabled, ROLES.index(each.role), each.display_name)),
        sites={each.id: each.name for each in sites},
        locked=locked,
    )


@router.get("/staff/new")
async def new_staff(request: Request, deps: DepsOf, principal: Administering) -> Response:
    """An empty account form."""
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
    return page(
        request, "staff_form.html", principal=principal, member=None, sites=sites, roles=_roles(principal), kept=True
    )


@router.get("/staff/{key}")
async def edit_staff(request: Request, deps: DepsOf, principal: Administering, key: str) -> Response:
    """The account form, filled in; an account above one's own is only shown."""
    async with deps.pool.connection() as conn:
        found = await staff_member(conn, key)
        sites = await sites_of(conn, principal)
    if found is None or not may_keep(principal.account, "auditor", found.sites):
        raise Problem(404, no_such("account"))
    kept = may_keep(principal.account, found.role, found.sites)
    return page(
        request,
        "staff_form.html",
        principal=principal,
        member=found,
        sites=sites,
        roles=_roles(principal) if kept else [found.role],
        kept=kept,
    )
