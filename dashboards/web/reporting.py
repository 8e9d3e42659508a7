"""The page on which the desk opens an alarm for somebody who phones."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import Acting, DepsOf
from dashboards.web.rendering import page
from gateway.store.connection import Connection
from gateway.store.registry import find
from gateway.store.registry_records import Household, Resident
from gateway.store.search import Found, search

router = APIRouter(include_in_schema=False)

REPORTED_KINDS: Final = ("sos", "fall", "wandering", "missed_check", "vitals", "device")
"""What somebody phones about, the worst first; troubles of the system itself are not phoned in."""
CHOICES_AT_MOST: Final = 8
HITS_AT_MOST: Final = 30
"""Several hits may mean the same person: by name, by a daughter's number, by a band."""


class Choice(NamedTuple):
    """Somebody whom a call may be about; ``via`` says what was found when it was not their own name or number."""

    whom: Literal["resident", "household"]
    id: str
    name: str
    address: dict[str, Any]
    phone: str | None
    status: str
    via: str | None


@router.get("/report")
async def report(request: Request, deps: DepsOf, principal: Acting, resident: str = "") -> Response:
    """Who, what, and what was said; ``resident`` chooses somebody from the start."""
    async with deps.pool.connection() as conn:
        known = await find(conn, Resident, resident) if resident else None
    chosen = [_resident(known, None)] if known is not None and principal.account.sees(known.site) else []
    return page(request, "report.html", principal=principal, kinds=REPORTED_KINDS, choices=chosen, q="")


@router.get("/report/people")
async def found_people(request: Request, deps: DepsOf, principal: Acting, q: str = "") -> Response:
    """Those whom a search finds, to choose one of."""
    choices: dict[str, Choice] = {}
    if q.strip():
        async with deps.pool.connection() as conn:
            for hit in await search(conn, q.strip(), sites=principal.sites, limit=HITS_AT_MOST):
                key = hit.resident or hit.id
                if key in choices or len(choices) == CHOICES_AT_MOST:
                    continue
                choice = await _choice(conn, hit)
                if choice is not None:
                    choices[key] = choice
    return page(request, "report_people.html", principal=principal, choices=list(choices.values()), q=q.strip())


async def _choice(conn: Connection, hit: Found) -> Choice | None:
    if hit.type == "household":
        household = await find(conn, Household, hit.id)
        if household is None:
            return None
        return Choice("household", household.id, household.name, household.address, None, "active", None)
    resident = None if hit.resident is None else await find(conn, Resident, hit.resident)
    return None if resident is None else _resident(resident, None if hit.type == "resident" else hit.title)


def _resident(resident: Resident, via: str | None) -> Choice:
    return Choice("resident", resident.id, resident.name, resident.address, resident.phone, resident.status, via)
