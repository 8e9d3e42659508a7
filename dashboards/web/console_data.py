"""What the console's scripts ask for beside the public API: texts, names for ids, and the house's pulse."""

from __future__ import annotations

import gzip
from functools import cache

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import MAY_MANAGE, DepsOf, SignedIn
from dashboards.api.problems import Problem
from dashboards.web.assets import FOR_GOOD, takes_gzip
from dashboards.web.colleagues import colleagues
from dashboards.web.records.found import sites_of
from dashboards.web.rendering import language_of
from dashboards.web.wording import LANGUAGES, Wording, catalogue_json
from devices.refusals import no_such
from gateway.store.pulse import pulse
from gateway.store.registry import listing
from gateway.store.registry_records import Household, Resident
from gateway.store.roles import all_roles

router = APIRouter(include_in_schema=False)
NAMES_AT_MOST = 20_000


def _json(value: object) -> Response:
    kept = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(value), media_type="application/json", headers=kept)


@router.get("/catalogue/{language}.json")
async def texts(request: Request, language: str) -> Response:
    """The catalogue of one language; its address carries its version."""
    if language not in LANGUAGES:
        raise Problem(404, no_such("language"))
    kept = {"Cache-Control": FOR_GOOD, "Vary": "Accept-Encoding"}
    if not takes_gzip(request.headers):
        return Response(catalogue_json(language), media_type="application/json", headers=kept)
    kept["Content-Encoding"] = "gzip"
    return Response(_compressed(language), media_type="application/json", headers=kept)


@cache
def _compressed(language: str) -> bytes:
    return gzip.compress(catalogue_json(language), mtime=0)


@router.get("/console/directory")
async def directory(request: Request, deps: DepsOf, principal: SignedIn) -> Response:
    """Names and places of the residents and households whom the account sees, names of its centres and colleagues."""
    wording = Wording(language_of(request, principal))
    async with deps.pool.connection() as conn:
        residents = await listing(conn, Resident, sites=principal.sites, limit=NAMES_AT_MOST)
        households = await listing(conn, Household, sites=principal.sites, limit=NAMES_AT_MOST)
        sites = await sites_of(conn, principal)
        staff = await colleagues(conn, principal)
    return _json(
        {
            "residents": {each.id: {"name": each.name, "place": wording.place(each.address)} for each in residents},
            "households": {each.id: {"name": each.name, "place": wording.place(each.address)} for each in households},
            "sites": {each.id: each.name for each in sites},
            "staff": {each.username: each.display_name or each.username for each in staff},
        }
    )


@router.get("/console/pulse")
async def beat(deps: DepsOf, principal: SignedIn) -> Response:
    """How the community and the roles are doing; whoever runs the system also hears what a role asks for."""
    now = deps.clock.now_ms()
    may_manage = principal.account.role in MAY_MANAGE
    async with deps.pool.connection() as conn:
        figures = await pulse(conn, sites=principal.sites, now=now)
        roles = await all_roles(conn)
    return _json(
        {
            "now": now,
            **msgspec.structs.asdict(figures),
            "roles": [
                {
                    "role": each.role,
                    "state": each.state,
                    "restarts": each.restarts,
                    "at": each.at,
                    "advice": each.detail if each.state == "ready" and may_manage else None,
                }
                for each in roles
            ],
        }
    )
