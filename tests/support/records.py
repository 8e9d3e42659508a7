"""Records as a test enters them through the API."""

from __future__ import annotations

from typing import Any

import httpx

HOME = {"lat": 31.23, "lon": 121.47}


async def create(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    """POST a record; it must be taken."""
    response = await client.post(f"/api/v1/{path}", json=body)
    assert response.status_code == 201, response.text
    record: dict[str, Any] = response.json()
    return record


async def resident(client: httpx.AsyncClient, name: str = "李奶奶", site: str = "north", **more: Any) -> dict[str, Any]:
    """Somebody who is looked after."""
    return await create(client, "residents", site=site, name=name, home=HOME, **more)


async def device(client: httpx.AsyncClient, key: str = "band-1", site: str = "north", **more: Any) -> dict[str, Any]:
    """A band."""
    return await create(client, "devices", site=site, device=key, type="band", **more)


async def items(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """The first page of a list."""
    response = await client.get(f"/api/v1/{path}", params=params)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def put(client: httpx.AsyncClient, path: str, record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """PUT a record back with some fields changed; it must be taken."""
    response = await client.put(f"/api/v1/{path}/{record['id']}", json={**record, **changes})
    assert response.status_code == 200, response.text
    changed: dict[str, Any] = response.json()
    return changed
