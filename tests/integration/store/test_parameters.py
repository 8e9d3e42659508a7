"""Settings of rules in the store: layers, their log, what ends with whom they concern."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

import pytest

from devices.registry import Parameter, RegistryChange
from gateway.store.connection import Connection, connect
from gateway.store.errors import MissingRecord
from gateway.store.registry import (
    add_resident,
    change_parameters,
    common_settings,
    erase_left,
    remove,
    residents_with_own,
    save_site,
    setting_changes,
    settings_for,
)
from gateway.store.registry.parameters import Concerned
from gateway.store.registry_log import changes_since, current_version
from gateway.store.registry_records import Resident, ResidentFields, Site

LOW: Final = "vitals.heart_rate.low_bpm"
HIGH: Final = "vitals.heart_rate.high_bpm"
BOTH: Final = (LOW, HIGH)


class Unwanted(Exception):
    """What a check raises."""


def anything(_: Sequence[Concerned]) -> None:
    """A check that lets everything pass."""


@pytest.fixture
async def conn(conninfo: str) -> AsyncIterator[Connection]:
    async with await connect(conninfo, application="anxin test", autocommit=True) as connection:
        for key in ("north", "south"):
            await save_site(connection, "test", Site(id=key, name=key), create=True)
        yield connection


async def resident(conn: Connection, site: str = "north", name: str = "李奶奶") -> Resident:
    return await add_resident(conn, "test", ResidentFields(site=site, name=name))


async def parameter_log(conn: Connection) -> list[RegistryChange]:
    return [each for each in await changes_since(conn, 0) if each.entity == "parameter"]


async def test_a_setting_travels_as_a_change_of_the_registry(conn: Connection) -> None:
    someone = await resident(conn)
    await change_parameters(conn, "chen", "everyone", "", {LOW: 45.0}, related=BOTH, check=anything)
    await change_parameters(conn, "chen", "site", "north", {LOW: 44.0}, related=BOTH, check=anything)
    await change_parameters(conn, "chen", "resident", someone.id, {LOW: 43.0}, related=BOTH, check=anything)
    await change_parameters(conn, "chen", "resident", someone.id, {LOW: None}, related=BOTH, check=anything)
    log = await parameter_log(conn)
    assert [each.record for each in log] == [
        Parameter(id=f"everyone//{LOW}", scope="everyone", name=LOW, value=45.0),
        Parameter(id=f"site/north/{LOW}", scope="site", key="north", name=LOW, value=44.0),
        Parameter(
            id=f"resident/{someone.id}/{LOW}",
            scope="resident",
            key=someone.id,
            resident_slot=0,
            name=LOW,
            value=43.0,
        ),
        None,
    ]
    assert log[-1].key == log[-2].key
    assert log[-1].version == await current_version(conn)


async def test_the_same_value_again_is_no_change(conn: Connection) -> None:
    await change_parameters(conn, "chen", "everyone", "", {LOW: 45.0}, related=BOTH, check=anything)
    version = await current_version(conn)
    await change_parameters(conn, "wang", "everyone", "", {LOW: 45.0, HIGH: None}, related=BOTH, check=anything)
    assert await current_version(conn) == version
    assert [(each.by, each.version) for each in await common_settings(conn, sites=())] == [("chen", version)]


async def test_settings_for_somebody_are_everyones_their_sites_and_their_own(conn: Connection) -> None:
    someone, neighbour = await resident(conn), await resident(conn, name="王爷爷")
    for scope, key, value in (
        ("everyone", "", 1.0),
        ("site", "north", 2.0),
        ("site", "south", 3.0),
        ("resident", someone.id, 4.0),
        ("resident", neighbour.id, 5.0),
    ):
        await change_parameters(conn, "chen", scope, key, {LOW: value}, related=BOTH, check=anything)  # type: ignore[arg-type]
    assert {each.value for each in await settings_for(conn, site="north", resident=someone.id)} == {1.0, 2.0, 4.0}
    assert {each.value for each in await settings_for(conn, site="south")} == {1.0, 3.0}
    assert {each.value for each in await common_settings(conn, sites=["south"])} == {1.0, 3.0}
    assert {each.value for each in await common_settings(conn, sites=())} == {1.0, 2.0, 3.0}
    assert await residents_with_own(conn, sites=()) == {
        LOW: sorted([(someone.id, "李奶奶"), (neighbour.id, "王爷爷")], key=lambda each: each[1])
    }
    assert await residents_with_own(conn, sites=["south"]) == {}


async def test_a_check_sees_everybody_whom_the_change_concerns_and_can_refuse_it(conn: Connection) -> None:
    someone, elsewhere = await resident(conn), await resident(conn, site="south")
    await change_parameters(conn, "chen", "site", "north", {LOW: 50.0}, related=BOTH, check=anything)
    await change_parameters(conn, "chen", "resident", someone.id, {HIGH: 90.0}, related=BOTH, check=anything)
    await change_parameters(conn, "chen", "resident", elsewhere.id, {HIGH: 80.0}, related=BOTH, check=anything)
    seen: list[Concerned] = []

    def refuse(concerned: Sequence[Concerned]) -> None:
        seen.extend(concerned)
        raise Unwanted

    before = await current_version(conn)
    with pytest.raises(Unwanted):
        await change_parameters(conn, "chen", "site", "north", {LOW: 95.0}, related=BOTH, check=refuse)
    assert seen == [
        Concerned(site="north", resident=None, values={LOW: 95.0}),
        Concerned(site="north", resident=someone.id, values={LOW: 95.0, HIGH: 90.0}),
    ]
    assert await current_version(conn) == before
    assert {each.value for each in await common_settings(conn, sites=())} == {50.0}


@pytest.mark.parametrize(("scope", "key"), [("site", "nowhere"), ("resident", "nobody")])
async def test_nothing_is_set_for_who_is_not_there(conn: Connection, scope: str, key: str) -> None:
    with pytest.raises(MissingRecord):
        await change_parameters(conn, "chen", scope, key, {LOW: 50.0}, related=BOTH, check=anything)  # type: ignore[arg-type]


async def test_what_was_set_for_somebody_goes_with_them(conn: Connection) -> None:
    someone, who_left = await resident(conn), await resident(conn)
    for key in (someone.id, who_left.id):
        await change_parameters(conn, "chen", "resident", key, {LOW: 50.0}, related=BOTH, check=anything)
    await change_parameters(conn, "chen", "site", "south", {LOW: 50.0}, related=BOTH, check=anything)
    assert await remove(conn, "chen", Resident, someone.id)
    assert await remove(conn, "chen", Site, "south")
    await conn.execute("update resident set status = 'moved', left_at = now() - interval '2 days'")
    now = await (await conn.execute("select (extract(epoch from now()) * 1000)::bigint")).fetchone()
    assert now is not None
    assert await erase_left(conn, int(now[0])) == 1
    assert await settings_for(conn, site="south", resident=who_left.id) == []
    assert [each.record for each in await parameter_log(conn)][3:] == [None, None, None]


async def test_every_change_of_a_setting_is_told_with_who_and_when(conn: Connection) -> None:
    someone = await resident(conn)
    for by, value in (("chen", 50.0), ("wang", 55.0), ("wang", None)):
        await change_parameters(conn, by, "resident", someone.id, {LOW: value}, related=BOTH, check=anything)
    await change_parameters(conn, "chen", "site", "south", {LOW: 1.0}, related=BOTH, check=anything)
    changes = await setting_changes(conn, BOTH, site="north", resident=someone.id)
    assert [(each.by, each.value) for each in changes] == [("chen", 50.0), ("wang", 55.0), ("wang", None)]
    assert [each.version for each in changes] == sorted(each.version for each in changes)
    assert all(each.at > 0 for each in changes)
