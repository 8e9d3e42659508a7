"""Staff confirm the family's word in one act, and read what came in: of their sites, and of strangers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from alerts.alarm import Alarm
from alerts.inbox import Inbound, receive
from alerts.ports import NewMessage
from alerts.replies import Replier, answer
from dashboards.deps import Deps
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import Connection
from gateway.store.replies import PostgresInboxStore
from tests.support.console import NOW, Clients, Desk

DAUGHTER = Replier(role="family", name="王女士", contact="c1")
PHONE = "+8613800000001"

Says = Callable[[Alarm], Awaitable[None]]


@pytest.fixture
def daughter_says_well(deps: Deps) -> Says:
    async def says(alarm: Alarm) -> None:
        await answer(deps.alarm_store, alarm.id, DAUGHTER, "well", NOW)

    return says


async def test_one_act_takes_and_resolves_what_the_family_called_well(
    client_of: Clients, desk: Desk, daughter_says_well: Says
) -> None:
    alarm = await desk.raise_alarm()
    await daughter_says_well(alarm)
    client = await client_of(username="zhang")
    for _ in range(2):
        response = await client.post(f"/api/v1/alarms/{alarm.id}/confirm")
        assert response.status_code == 200
        now = response.json()
        assert (now["state"], now["assignee"], now["outcome"]) == ("resolved", "zhang", None)
    assert [entry["event"] for entry in now["timeline"]] == ["opened", "family_says_well", "acknowledge", "resolve"]


async def test_without_the_familys_word_there_is_nothing_to_confirm(client_of: Clients, desk: Desk) -> None:
    alarm = await desk.raise_alarm()
    response = await (await client_of()).post(f"/api/v1/alarms/{alarm.id}/confirm")
    assert response.status_code == 409
    assert response.json()["alarm"]["state"] == "open"


async def test_a_word_from_before_it_sounded_again_confirms_nothing(
    client_of: Clients, desk: Desk, deps: Deps, daughter_says_well: Says
) -> None:
    alarm = await desk.raise_alarm()
    await daughter_says_well(alarm)
    client = await client_of()
    assert (await client.post(f"/api/v1/alarms/{alarm.id}/confirm")).status_code == 200
    assert (await client.post(f"/api/v1/alarms/{alarm.id}/reopen")).status_code == 200
    assert (await client.post(f"/api/v1/alarms/{alarm.id}/confirm")).status_code == 409


async def test_only_who_may_act_on_the_site_confirms(client_of: Clients, desk: Desk, daughter_says_well: Says) -> None:
    alarm = await desk.raise_alarm()
    await daughter_says_well(alarm)
    assert (await (await client_of("auditor")).post(f"/api/v1/alarms/{alarm.id}/confirm")).status_code == 403
    assert (await (await client_of("duty", ("south",))).post(f"/api/v1/alarms/{alarm.id}/confirm")).status_code == 404
    assert (await (await client_of()).post(f"/api/v1/alarms/{uuid4()}/confirm")).status_code == 404


async def test_staff_read_what_came_in_of_their_sites_and_of_strangers(
    client_of: Clients, desk: Desk, deps: Deps, conn: Connection
) -> None:
    await conn.execute("insert into resident (id, site, name) values ('r1', 'north', '王秀兰')")
    await conn.execute(
        "insert into contact (id, resident_slot, name, phone) select 'c1', slot, '王女士', %s from resident", (PHONE,)
    )
    alarm = await desk.raise_alarm("north")
    async with PostgresAlarmStore(deps.pool).transaction() as tx:
        message = await tx.queue(
            NewMessage(
                alarm=alarm.id, site="north", resident=None, contact="c1", name="王女士", recipient=PHONE,
                template="alarm", params={}, language="zh",
            ),
            NOW,
        )  # fmt: skip
    await conn.execute("update message set state = 'sent' where id = %s", (message,))
    store = PostgresInboxStore(deps.pool)
    await receive(store, Inbound(provider_id="SM1", sender="13800000001", body="正在开会"), NOW)
    await receive(store, Inbound(provider_id="SM2", sender="13600000009", body="1"), NOW + 1)
    north = (await (await client_of("duty", ("north",))).get("/api/v1/replies")).json()["items"]
    assert [(each["sender"], each["name"], each["body"], each["meaning"]) for each in north] == [
        ("13600000009", None, "1", "unknown_sender"),
        ("13800000001", "王女士", "正在开会", "unclear"),
    ]
    south = await client_of("duty", ("south",))
    assert [each["id"] for each in (await south.get("/api/v1/replies")).json()["items"]] == ["SM2"]
    client = await client_of()
    first = (await client.get("/api/v1/replies", params={"limit": 1})).json()
    assert [each["id"] for each in first["items"]] == ["SM2"]
    rest = (await client.get("/api/v1/replies", params={"limit": 5, "before": first["next"]})).json()
    assert ([each["id"] for each in rest["items"]], rest["next"]) == (["SM1"], None)
    assert (await client.get("/api/v1/replies", params={"before": "yesterday"})).status_code == 422
    unread = (await client.get("/api/v1/replies", params={"meaning": "unknown_sender"})).json()["items"]
    assert [each["id"] for each in unread] == ["SM2"]
