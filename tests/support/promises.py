"""What tests of promised checks share: moments of a June in Shanghai, where no clock is changed, and plans."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
MORNING: Final = {"from": "08:00", "to": "09:30"}


def june(hour: int, minute: int = 0, *, day: int = 10) -> int:
    """A moment of June 2025, ms."""
    return round(datetime(2025, 6, day, hour, minute, tzinfo=SHANGHAI).timestamp()) * 1000


def shown(ms: int) -> str:
    """Day of the month, hour and minute."""
    return datetime.fromtimestamp(ms / 1000, SHANGHAI).strftime("%d %H:%M")


async def enter_resident(client: httpx.AsyncClient, site: str = "north", **more: Any) -> str:
    """A resident's id."""
    made = await client.post("/api/v1/residents", json={"site": site, "name": "李奶奶", **more})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def enter_plan(client: httpx.AsyncClient, resident: str, *windows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A plan of these windows, else of the morning's."""
    body = {"resident": resident, "name": "早安", "windows": list(windows) or [MORNING], **more}
    made = await client.post("/api/v1/plans", json=body)
    assert made.status_code == 201, made.text
    plan: dict[str, Any] = made.json()
    return plan
