"""``anxin rules …``: what is in force for whom, and setting it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from alerts.catalogue import PARAMETERS
from alerts.layers import InForce, in_force
from alerts.sense import Objection, contradictions, out_of_range, related
from anxin.embedded.errors import StartError
from anxin.settings import Settings
from anxin.store_access import database_of
from devices.registry import Scope
from gateway.store.connection import Connection, connect
from gateway.store.errors import StoreError
from gateway.store.registry import change_parameters, find, settings_for
from gateway.store.registry.parameters import Concerned
from gateway.store.registry_records import Resident, Site

_ACTOR: Final = "command line"


async def rules_in_force(settings: Settings, *, site: str | None, resident: str | None) -> dict[str, InForce]:
    """All parameters as they are in force for a resident, a site, else for everyone.

    Raises:
        StartError: if there is no such site or resident.
    """
    async with database_of(settings) as conninfo, await connect(conninfo, application="anxin rules") as connection:
        if resident is not None:
            site = await _site_of(connection, resident)
        elif site is not None:
            await _need_site(connection, site)
        return in_force(PARAMETERS, await settings_for(connection, site=site, resident=resident))


async def set_rules(
    settings: Settings, values: Mapping[str, float | None], *, site: str | None, resident: str | None
) -> None:
    """Set parameters for a resident, a site, else for everyone, all or none; None takes a setting back.

    Raises:
        StartError: if a name is unknown, a value makes no sense, or there is no such site or resident.
    """
    for name in values:
        if name not in PARAMETERS:
            near = get_close_matches(name, PARAMETERS, n=3)
            hint = f"near it: {', '.join(near)}" if near else "`anxin rules list` names them"
            raise StartError(f"there is no parameter {name}; {hint}")
    _refuse(out_of_range(values))
    scope: Scope = "resident" if resident is not None else "site" if site is not None else "everyone"
    async with database_of(settings) as conninfo, await connect(conninfo, application="anxin rules") as connection:
        if site is not None:
            await _need_site(connection, site)
        try:
            await change_parameters(
                connection, _ACTOR, scope, resident or site or "", values, related=related(values), check=_check
            )
        except StoreError as error:
            raise StartError(str(error)) from error


async def _need_site(connection: Connection, site: str) -> None:
    if await find(connection, Site, site) is None:
        raise StartError(f"there is no site {site}")


async def _site_of(connection: Connection, resident: str) -> str:
    found = await find(connection, Resident, resident)
    if found is None:
        raise StartError(f"there is no resident {resident}")
    return found.site


def _check(concerned: Sequence[Concerned]) -> None:
    for whose in concerned:
        _refuse(contradictions(whose.values), of=whose.resident or whose.site)


def _refuse(objections: Iterable[Objection], of: str | None = None) -> None:
    said = [each.detail for each in objections]
    if said:
        raise StartError("; ".join(said) + (f" (for {of})" if of else ""))
