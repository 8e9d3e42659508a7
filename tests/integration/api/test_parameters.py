"""The parameters of rules over HTTP: layers, ranges, sense, and who may set what."""

from __future__ import annotations

from typing import Any, Final

import httpx
import pytest

from gateway.store.accounts import Role
from gateway.store.connection import Connection
from gateway.store.registry_log import changes_since, current_version
from tests.support.console import Clients
from tests.support.records import resident

PATH: Final = "/api/v1/parameters"
LOW: Final = "vitals.heart_rate.low_bpm"
HIGH: Final = "vitals.heart_rate.high_bpm"
DWELL: Final = "wandering.zone_exit.dwell_s"


@pytest.fixture
async def manager(client_of: Clients) -> httpx.AsyncClient:
    return await client_of("manager")


async def one(client: httpx.AsyncClient, name: str = LOW, **whose: str) -> dict[str, Any]:
    """A parameter as it is told."""
    answer = await client.get(f"{PATH}/{name}", params=whose)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def put(
    client: httpx.AsyncClient, value: float, name: str = LOW, scope: str = "everyone", key: str = ""
) -> httpx.Response:
    """Set one value in one layer."""
    return await client.put(f"{PATH}/{name}", json={"scope": scope, "key": key, "value": value})


class TestReading:
    async def test_every_parameter_tells_its_default_range_unit_source_and_what_it_does(
        self, client_of: Clients
    ) -> None:
        answer = (await (await client_of("auditor")).get(PATH)).json()
        assert answer["next"] is None
        assert answer["version"] == 0
        for item in answer["items"]:
            assert item["min"] <= item["default"] <= item["max"], item["name"]
            assert item["value"] == item["default"]
            assert item["layer"] == "default"
            assert item["source"]
            for language in ("zh", "en"):
                assert item["title"][language] not in ("", item["name"])
                assert item["about"][language], item["name"]
        low = next(item for item in answer["items"] if item["name"] == LOW)
        assert (low["rule"], low["default"], low["unit"]) == ("vitals.heart_rate", 40, "bpm")

    async def test_the_nearest_layer_decides_and_is_named(self, manager: httpx.AsyncClient) -> None:
        someone = await resident(manager)
        assert (await put(manager, 45)).status_code == 200
        everyone = await one(manager, site="north")
        assert (everyone["value"], everyone["layer"]) == (45, "everyone")
        assert (await put(manager, 44, scope="site", key="north")).json()["layer"] == "site"
        told = (await put(manager, 43, scope="resident", key=someone["id"])).json()
        assert (told["value"], told["layer"], told["residents"]) == (43, "resident", 1)
        assert [(each["scope"], each["key"], each["value"]) for each in told["settings"]] == [
            ("everyone", "", 45),
            ("site", "north", 44),
        ]
        assert (await one(manager, site="south"))["value"] == 45
        assert (await one(manager, site="north"))["value"] == 44
        assert (await one(manager, resident=someone["id"]))["value"] == 43
        assert (await one(manager))["value"] == 45

    async def test_the_version_is_that_of_the_newest_setting_in_force(
        self, manager: httpx.AsyncClient, conn: Connection
    ) -> None:
        await put(manager, 45)
        first = await current_version(conn)
        await put(manager, 150, name=HIGH, scope="site", key="north")
        second = await current_version(conn)
        versions = {
            site: (await manager.get(PATH, params={"site": site})).json()["version"] for site in ("north", "south")
        }
        assert versions == {"north": second, "south": first}

    async def test_the_history_tells_who_set_it_when_and_that_it_was_taken_back(self, client_of: Clients) -> None:
        chen, wang = await client_of("manager", (), "chen"), await client_of("manager", (), "wang")
        await put(chen, 45)
        await put(wang, 50, scope="site", key="north")
        await chen.delete(f"{PATH}/{LOW}", params={"scope": "everyone"})
        items = (await chen.get(f"{PATH}/{LOW}/history", params={"site": "north"})).json()["items"]
        assert [(each["by"], each["scope"], each["value"]) for each in items] == [
            ("chen", "everyone", None),
            ("wang", "site", 50),
            ("chen", "everyone", 45),
        ]

    @pytest.mark.parametrize("path", [f"{PATH}/no.such_s", f"{PATH}?site=nowhere", f"{PATH}?resident=nobody"])
    async def test_what_is_not_there_is_404(self, client_of: Clients, path: str) -> None:
        client = await client_of("manager", ("north",))
        assert (await client.get(path)).status_code == 404


class TestSetting:
    async def test_what_is_set_reaches_every_role_as_a_change_of_the_registry(
        self, manager: httpx.AsyncClient, conn: Connection
    ) -> None:
        before = await current_version(conn)
        await put(manager, 45, scope="site", key="north")
        change = (await changes_since(conn, before))[-1]
        assert (change.entity, change.key) == ("parameter", f"site/north/{LOW}")

    async def test_taking_back_gives_way_to_the_layer_below_and_may_be_repeated(
        self, manager: httpx.AsyncClient
    ) -> None:
        await put(manager, 45)
        await put(manager, 44, scope="site", key="north")
        for _ in range(2):
            gone = await manager.delete(f"{PATH}/{LOW}", params={"scope": "site", "key": "north"})
            assert gone.status_code == 204
        told = await one(manager, site="north")
        assert (told["value"], told["layer"]) == (45, "everyone")

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [(LOW, 0, "range"), (LOW, 1e9, "range"), ("vitals.heart_rate.confirm", 2.5, "whole")],
    )
    async def test_a_value_out_of_range_is_refused_with_the_range(
        self, manager: httpx.AsyncClient, name: str, value: float, code: str
    ) -> None:
        refused = await put(manager, value, name=name)
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert (error["name"], error["code"]) == (name, f"parameter.{code}")
        told = await one(manager, name)
        assert told["layer"] == "default"

    async def test_limits_that_leave_no_room_between_them_are_refused(self, manager: httpx.AsyncClient) -> None:
        refused = await put(manager, 65, name=HIGH, scope="site", key="north")
        assert refused.status_code == 200
        refused = await put(manager, 60, name=LOW, scope="site", key="north")
        (error,) = refused.json()["errors"]
        assert (refused.status_code, error["code"], error["lower"], error["upper"]) == (
            422,
            "parameter.apart",
            LOW,
            HIGH,
        )
        assert (await one(manager, site="north"))["value"] == 40

    async def test_a_setting_that_makes_nonsense_of_somebodys_own_is_refused(self, manager: httpx.AsyncClient) -> None:
        someone = await resident(manager)
        await put(manager, 70, name=HIGH, scope="resident", key=someone["id"])
        refused = await put(manager, 65, name=LOW)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["resident"] == someone["id"]
        assert (await put(manager, 65, name=LOW, scope="site", key="south")).status_code == 200

    async def test_taking_back_may_not_leave_nonsense_either(self, manager: httpx.AsyncClient) -> None:
        both = {"scope": "site", "key": "north", "values": {LOW: 80, HIGH: 200}}
        assert (await manager.put(PATH, json=both)).status_code == 200
        await put(manager, 85, name=HIGH)
        gone = await manager.delete(f"{PATH}/{HIGH}", params={"scope": "site", "key": "north"})
        assert gone.status_code == 422
        assert (await one(manager, HIGH, site="north"))["value"] == 200

    async def test_several_values_are_set_together_or_not_at_all(self, manager: httpx.AsyncClient) -> None:
        answer = await manager.put(PATH, json={"scope": "everyone", "values": {LOW: 90, HIGH: 180}})
        values = {item["name"]: item["value"] for item in answer.json()["items"]}
        assert (values[LOW], values[HIGH]) == (90, 180)
        refused = await manager.put(PATH, json={"scope": "everyone", "values": {LOW: 50, HIGH: 10_000}})
        assert refused.status_code == 422
        assert (await one(manager))["value"] == 90
        back = await manager.put(PATH, json={"scope": "everyone", "values": {LOW: None, HIGH: None}})
        assert back.json()["version"] == 0

    @pytest.mark.parametrize(
        "body",
        [
            {"scope": "galaxy", "value": 45},
            {"scope": "everyone", "key": "north", "value": 45},
            {"scope": "everyone", "value": "much"},
            {"scope": "everyone"},
        ],
    )
    async def test_a_malformed_request_is_422(self, manager: httpx.AsyncClient, body: dict[str, Any]) -> None:
        assert (await manager.put(f"{PATH}/{LOW}", json=body)).status_code == 422


class TestWhoMay:
    @pytest.mark.parametrize(
        ("role", "sites", "scope", "name", "status"),
        [
            ("admin", (), "everyone", LOW, 200),
            ("manager", (), "everyone", LOW, 200),
            ("manager", ("north",), "everyone", LOW, 403),
            ("manager", ("north",), "site", DWELL, 200),
            ("manager", ("south",), "site", DWELL, 404),
            ("manager", ("south",), "resident", LOW, 404),
            ("supervisor", (), "everyone", LOW, 403),
            ("supervisor", ("north",), "site", LOW, 403),
            ("supervisor", ("north",), "resident", LOW, 200),
            ("supervisor", ("north",), "resident", DWELL, 403),
            ("duty", (), "resident", LOW, 403),
            ("auditor", (), "resident", LOW, 403),
        ],
    )
    async def test_who_may_set_what(
        self,
        client_of: Clients,
        manager: httpx.AsyncClient,
        role: Role,
        sites: tuple[str, ...],
        scope: str,
        name: str,
        status: int,
    ) -> None:
        someone = await resident(manager)
        key = {"everyone": "", "site": "north", "resident": someone["id"]}[scope]
        client = await client_of(role, sites)
        assert (await put(client, 50, name=name, scope=scope, key=key)).status_code == status
        told = await one(manager, name, **({} if scope == "everyone" else {scope: key}))
        assert told["layer"] == (scope if status == 200 else "default")

    async def test_an_account_sees_the_settings_of_its_sites_alone(
        self, client_of: Clients, manager: httpx.AsyncClient
    ) -> None:
        someone = await resident(manager)
        await put(manager, 44, scope="site", key="north")
        await put(manager, 43, scope="resident", key=someone["id"])
        told = await one(await client_of("duty", ("south",)))
        assert (told["settings"], told["residents"]) == ([], 0)
