"""The list of people, and the form by which one is entered or changed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing, SignedIn
from dashboards.web.records.found import card_of, manages, sites_of
from dashboards.web.records.scenes import scene_of_home
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording
from devices.clock import DEFAULT_TIMEZONE
from gateway.store.people import STAYING, buildings, houses, names_of, people_page
from gateway.store.search import search

router = APIRouter(include_in_schema=False)

STATUSES = ("active", "away", "hospital", "paused", "moved", "deceased")
PAGE = 200
FOUND_AT_MOST = 200


@router.get("/people")
async def all_people(
    request: Request,
    deps: DepsOf,
    principal: SignedIn,
    q: str = "",
    site: str = "",
    status: str = "",
    building: str = "",
    number: int = 1,
) -> Response:
    """Residents by name, page by page, narrowed by centre, status and building, or found by whatever is known."""
    text = q.strip()
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        within = [site] if site and principal.account.sees(site) else principal.sites
        only = None
        if text:
            hits = await search(conn, text, sites=within, limit=FOUND_AT_MOST)
            only = list(dict.fromkeys(hit.resident for hit in hits if hit.resident is not None))
        statuses = (status,) if status in STATUSES else STATUSES if text else STAYING
        found = await people_page(
            conn,
            sites=within,
            statuses=statuses,
            building=building,
            only=only,
            offset=(max(1, number) - 1) * PAGE,
            limit=PAGE,
        )
        places = await buildings(conn, sites=within)
    return page(
        request,
        "people.html",
        principal=principal,
        people=found.people,
        total=found.total,
        pages=-(-found.total // PAGE),
        number=max(1, number),
        q=text,
        site=site,
        of_status=status,
        building=building,
        sites={each.id: each.name for each in sites},
        statuses=STATUSES,
        buildings=places,
        timezone=sites[0].timezone if sites else DEFAULT_TIMEZONE,
        may_manage=manages(principal),
    )


@router.get("/people/new")
async def new_person(request: Request, deps: DepsOf, principal: Managing) -> Response:
    """An empty resident form."""
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        others = await houses(conn, sites=principal.sites)
    return page(
        request,
        "person_form.html",
        principal=principal,
        sites=sites,
        resident=None,
        household=None,
        statuses=STATUSES,
        scene=scene_of_home(None, others, Wording(language_of(request, principal))),
    )


@router.get("/people/{resident}/edit")
async def edit_person(request: Request, deps: DepsOf, principal: Managing, resident: str) -> Response:
    """The resident form, filled in."""
    card = await card_of(deps, principal, resident)
    await principal.looked("record", site=card.resident.site, resident=resident)
    await principal.looked("phone", site=card.resident.site, resident=resident)
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        names = await names_of(conn, (), [card.resident.household])
        others = await houses(conn, sites=[card.resident.site])
    return page(
        request,
        "person_form.html",
        principal=principal,
        sites=sites,
        resident=card.resident,
        household=names.get(card.resident.household or ""),
        statuses=STATUSES,
        scene=scene_of_home(card.resident.home, others, Wording(language_of(request, principal))),
    )
