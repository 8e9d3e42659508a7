"""What the pages of records begin with: the record that the account may see, its centres, who may do what."""

from __future__ import annotations

from typing import TypeVar

from dashboards.api.access import MAY_ADMINISTER, MAY_MANAGE, Principal
from dashboards.api.problems import Problem
from dashboards.api.records.answers import noun
from dashboards.deps import Deps
from devices.refusals import no_such
from gateway.store.connection import Connection
from gateway.store.queries import Card, resident_card
from gateway.store.registry import find, listing
from gateway.store.registry_records import Contact, Fence, Holiday, Household, Resident, Responder, Shift, Site

R = TypeVar("R", Contact, Fence, Household, Resident, Responder, Shift)

SITES_AT_MOST = 1000
HOLIDAYS_AT_MOST = 1000


async def record(conn: Connection, principal: Principal, kind: type[R], key: str) -> R:
    """A record that the account may see. Raises ``Problem`` 404."""
    found = await find(conn, kind, key)
    if found is None or not principal.account.sees(found.site):
        raise Problem(404, no_such(noun(kind)))
    return found


async def card_of(deps: Deps, principal: Principal, resident: str) -> Card:
    """A resident with all that belongs to them. Raises ``Problem`` 404."""
    async with deps.pool.connection() as conn:
        card = await resident_card(conn, resident)
    if card is None or not principal.account.sees(card.resident.site):
        raise Problem(404, no_such("resident"))
    return card


async def sites_of(conn: Connection, principal: Principal) -> list[Site]:
    """The centres that the account sees, by name."""
    return sorted(await listing(conn, Site, sites=principal.sites, limit=SITES_AT_MOST), key=lambda each: each.name)


async def holidays_of(conn: Connection, site: str) -> list[Holiday]:
    """The holidays of a site, by date."""
    found = await listing(conn, Holiday, sites=[site], limit=HOLIDAYS_AT_MOST)
    return sorted(found, key=lambda each: (each.date, each.name))


def manages(principal: Principal) -> bool:
    """Whether the account may change records."""
    return principal.account.role in MAY_MANAGE


def administers(principal: Principal) -> bool:
    """Whether the account may keep accounts."""
    return principal.account.role in MAY_ADMINISTER
