"""Enters the invented community into the registry, once."""

from __future__ import annotations

from typing import Final

from anxin.demo import RESIDENTS, SEED, SITE
from anxin.demo.promises import promises
from devices.clock import SystemClock
from gateway.store.connection import Connection, connect
from gateway.store.consents import add_consent
from gateway.store.registry import add_contact, add_device, add_fence, add_plan, add_resident, find, save_site
from gateway.store.registry.parameters import change_parameters
from gateway.store.registry_records import (
    Circle,
    ConsentFields,
    ContactFields,
    DeviceFields,
    FenceFields,
    Point,
    ResidentFields,
    Site,
)
from simulator.community import Community, Language, Person, invent

ACTOR = "demo"


_COMMA: Final = {"zh": "、", "en": ", "}
_RELATIONS: Final[dict[str, dict[str, str]]] = {
    "zh": {"daughter": "女儿", "son": "儿子", "neighbour": "邻居", "niece": "侄女", "friend": "朋友"},
    "en": {},
}


async def seed(conninfo: str, language: Language) -> bool:
    """Enter the demo's community, written in a language, all or nothing; False when its site is there already."""
    connection = await connect(conninfo, application="anxin demo")
    async with connection, connection.transaction():
        if await find(connection, Site, SITE) is not None:
            return False
        await enter(connection, invent(site=SITE, residents=RESIDENTS, seed=SEED, language=language), demo=True)
        return True


async def enter(connection: Connection, community: Community, *, demo: bool) -> None:
    """Enter a community: site, residents, bands, fences, contacts, what they promise, and machines.

    ``demo``: nobody outside is ever called for this site.
    """
    site = Site(id=community.site, name=community.name, timezone=community.timezone, demo=demo)
    await save_site(connection, ACTOR, site, create=True)
    if demo:
        await _want_all_rules(connection, site.id)
    for person in community.residents:
        await _enter_person(connection, community.site, person)
    for machine in community.machines:
        await _enter_device(connection, machine, DeviceFields(site=community.site, type="machine"))


async def _want_all_rules(connection: Connection, site: str) -> None:
    """Whoever tries the demo wants to see patterns as well, which are off elsewhere."""
    wanted = {"wandering.pattern.enabled": 1.0}
    await change_parameters(
        connection, ACTOR, "site", site, wanted, related=wanted, check=lambda _concerned: None
    )  # fmt: skip


async def _enter_person(connection: Connection, site: str, person: Person) -> None:
    resident = await add_resident(
        connection,
        ACTOR,
        ResidentFields(
            site=site,
            name=person.name,
            home=Point(**person.home),
            timezone=person.timezone,
            language=person.language,
            phone=person.phone,
            birth_year=person.birth_year,
            address=dict(person.address),
            card={"illnesses": _COMMA[person.language].join(person.illnesses)},
            external_id=person.external_id,
        ),
    )
    await _enter_device(connection, person.device, DeviceFields(site=site, resident=resident.id))
    fence = person.fence
    await add_fence(
        connection,
        ACTOR,
        FenceFields(
            resident=resident.id,
            name=fence.name,
            circle=None if fence.circle is None else Circle(**fence.circle),
            polygon=None if fence.polygon is None else list(fence.polygon),
        ),
    )
    seen = ConsentFields(resident=resident.id, purpose="location", granted=True, from_ms=SystemClock().now_ms())
    await add_consent(connection, ACTOR, seen)
    for contact in person.contacts:
        await add_contact(
            connection,
            ACTOR,
            ContactFields(
                resident=resident.id,
                name=contact.name,
                phone=contact.phone,
                relation=_RELATIONS[contact.language].get(contact.relation, contact.relation),
                order=contact.order,
                holds_key=contact.holds_key,
                language=contact.language,
            ),
        )
    now = SystemClock().now_ms()
    for plan in promises(resident, person.index, now):
        await add_plan(connection, ACTOR, plan, now=now)


async def _enter_device(connection: Connection, device: str, fields: DeviceFields) -> None:
    now = SystemClock().now_ms()
    await add_device(connection, ACTOR, device, fields, password_hash=None, now=now)
