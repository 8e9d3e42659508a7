"""The description of the API names what the contract promises."""

from __future__ import annotations

import httpx
import pytest

RESOURCES = (
    "sites", "residents", "households", "devices", "assignments", "fences", "contacts", "staff", "responders", "plans",
    "holidays",
)  # fmt: skip


async def _paths(anonymous: httpx.AsyncClient) -> dict[str, dict[str, object]]:
    response = await anonymous.get("/api/openapi.json")
    assert response.status_code == 200
    paths: dict[str, dict[str, object]] = response.json()["paths"]
    return paths


@pytest.mark.parametrize("resource", RESOURCES)
async def test_every_resource_can_be_listed_made_read_replaced_and_removed(
    anonymous: httpx.AsyncClient, resource: str
) -> None:
    paths = await _paths(anonymous)
    assert {"get", "post"} <= set(paths[f"/api/v1/{resource}"])
    assert {"get", "put", "delete"} <= set(paths[f"/api/v1/{resource}/{{key}}"])
    assert "get" in paths[f"/api/v1/{resource}/{{key}}/history"]


async def test_what_belongs_to_a_resident_and_the_search_are_described(anonymous: httpx.AsyncClient) -> None:
    paths = await _paths(anonymous)
    for what in ("track", "vitals", "activity", "timeline"):
        assert "get" in paths[f"/api/v1/residents/{{key}}/{what}"]
    assert "get" in paths["/api/v1/search"]
    assert {"get", "post"} <= set(paths["/api/v1/tokens"])
    assert {"get", "put"} <= set(paths["/api/v1/requests/{key}"])


async def test_every_operation_says_what_it_does(anonymous: httpx.AsyncClient) -> None:
    for path, operations in (await _paths(anonymous)).items():
        for method, operation in operations.items():
            assert isinstance(operation, dict)
            assert operation.get("summary"), (method, path)
