"""The page of a group: it shows the building, and the rest to the browser of whoever says that they go."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import msgspec
import pytest

from alerts.alarm import Alarm
from devices.clock import ManualClock
from gateway.store.connection import Connection
from gateway.store.group_links import PEOPLE_AT_MOST, WITHIN_MS
from gateway.store.links import AFTER_THE_END_MS
from tests.support.console import NOW, Clients, Desk
from tests.support.links import told, told_of_several
from tests.support.records import create, put, resident

ILLNESS = "高血压"
PHONE = "13900139001"
KEY = "居委会老周"
ADDRESS = {"community": "阳光小区", "building": "3", "unit": "2", "room": "402"}
GROUP = {"phone": "chat:north"}


@pytest.fixture
async def manager(client_of: Clients) -> httpx.AsyncClient:
    return await client_of("manager", (), "wang")


@pytest.fixture
async def li(manager: httpx.AsyncClient) -> dict[str, Any]:
    return await resident(manager, phone=PHONE, address=ADDRESS, card={"illnesses": ILLNESS, "key_holder": KEY})


@pytest.fixture
async def alarm(desk: Desk, li: dict[str, Any]) -> Alarm:
    return await desk.raise_alarm(resident=li["id"])


@pytest.fixture
async def group(conn: Connection, desk: Desk, alarm: Alarm) -> str:
    return await told(desk.store, conn, alarm, GROUP, "chat", NOW)


async def see(client: httpx.AsyncClient, token: str, status: int = 200, **query: str) -> str:
    answer = await client.get(f"/a/{token}", params=query)
    assert answer.status_code == status, answer.text
    return answer.text


def word_of(page: str) -> str:
    found = re.search(r'name="word" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def press(client: httpx.AsyncClient, group: str, alarm: Alarm, **who: str) -> str:
    """Press the button of the group's page; to which token it leads."""
    form = {"alarm": str(alarm.id), "answer": "take", **who}
    answer = await client.post(f"/a/{group}", data=form)
    assert answer.status_code == 303, answer.text
    assert "set-cookie" not in answer.headers
    return answer.headers["location"].removeprefix("/a/")


async def take(client: httpx.AsyncClient, group: str, alarm: Alarm, **who: str) -> str:
    """Open the group's page, say who one is, and take the alarm; the token of one's own page."""
    own = await press(client, group, alarm, word=word_of(await see(client, group, alarm=str(alarm.id))), **who)
    assert re.fullmatch(r"[A-Za-z0-9_-]{11}", own)
    assert own != group
    return own


async def say(client: httpx.AsyncClient, token: str, alarm: Alarm, verb: str) -> None:
    answer = await client.post(f"/a/{token}", data={"alarm": str(alarm.id), "answer": verb})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/a/{token}")


async def as_it_is(client: httpx.AsyncClient, alarm: Alarm) -> Alarm:
    return msgspec.json.decode((await client.get(f"/api/v1/alarms/{alarm.id}")).content, type=Alarm)


def deeds(alarm: Alarm) -> list[tuple[str, str, str | None]]:
    return [(entry.event, entry.actor, entry.to) for entry in alarm.timeline if entry.event != "opened"]


async def test_a_group_reads_the_building_and_no_name(anonymous: httpx.AsyncClient, group: str) -> None:
    page = await see(anonymous, group)
    assert "阳光小区" in page
    for secret in ("李奶奶", "402室", PHONE, KEY):
        assert secret not in page


async def test_whoever_takes_it_has_the_card_and_everybody_else_of_the_group_their_name(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    own = await take(anonymous, group, alarm, person="王芳")
    taken = await as_it_is(manager, alarm)
    assert (taken.state, taken.assignee) == ("dispatched", "group:王芳")
    assert deeds(taken) == [("acknowledge", "group:王芳", None), ("dispatch", "group:王芳", "王芳")]
    theirs = await see(anonymous, own)
    for needed in ("李奶奶", "402室", PHONE, KEY, "您说：我去"):
        assert needed in theirs
    page = await see(anonymous, group)
    assert "王芳正赶过去" in page
    assert "我也去" in page
    for secret in ("李奶奶", "402室", PHONE, KEY, own):
        assert secret not in page


async def test_whoever_went_says_the_rest_on_their_own_page(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    own = await take(anonymous, group, alarm, person="王芳")
    await say(anonymous, own, alarm, "there")
    assert (await as_it_is(manager, alarm)).state == "on_scene"
    assert "王芳已到身边" in await see(anonymous, group)
    await say(anonymous, own, alarm, "well")
    assert (await as_it_is(manager, alarm)).state == "resolved"
    for token in (own, group):
        page = await see(anonymous, token)
        assert "402室" not in page
        assert "<button" not in page


async def test_a_group_says_nothing_but_that_somebody_goes(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    for verb in ("there", "well", "cannot", "nonsense"):
        await say(anonymous, group, alarm, verb)
    assert await as_it_is(manager, alarm) == alarm


async def test_only_the_hash_of_the_new_token_is_stored_and_the_page_before_does_not_hold_it(
    anonymous: httpx.AsyncClient, conn: Connection, group: str, alarm: Alarm
) -> None:
    before = await see(anonymous, group)
    own = await press(anonymous, group, alarm, word=word_of(before), person="王芳")
    assert own not in before
    cursor = await conn.execute("select string_agg(message_link::text, ' '), count(*) from message_link")
    row = await cursor.fetchone()
    assert row is not None
    assert own not in row[0]
    assert row[1] == 2
    assert word_of(before) != word_of(await see(anonymous, group))


async def test_pressing_twice_is_pressing_once_also_at_the_same_time(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    word = word_of(await see(anonymous, group))
    async with asyncio.TaskGroup() as tasks:
        presses = [tasks.create_task(press(anonymous, group, alarm, word=word, person="王芳")) for _ in range(3)]
    assert len({each.result() for each in presses}) == 1
    assert len(deeds(await as_it_is(manager, alarm))) == 2


async def test_others_may_go_too_and_have_pages_of_their_own(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    first = await take(anonymous, group, alarm, person="王芳")
    second = await take(anonymous, group, alarm, person="孙强")
    assert first != second
    assert "王芳、孙强正赶过去" in await see(anonymous, group)
    await say(anonymous, first, alarm, "cannot")
    assert (await as_it_is(manager, alarm)).state == "dispatched"
    assert PHONE not in await see(anonymous, first)
    assert PHONE in await see(anonymous, second)
    assert "孙强正赶过去" in await see(anonymous, group)


async def test_who_cannot_come_gives_it_back_and_knows_the_door_no_more(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    own = await take(anonymous, group, alarm, person="王芳")
    await say(anonymous, own, alarm, "cannot")
    assert (await as_it_is(manager, alarm)).state == "open"
    theirs = await see(anonymous, own)
    for secret in ("李奶奶", "402室", PHONE):
        assert secret not in theirs
    page = await see(anonymous, group)
    assert "王芳" not in page
    assert "我也去" not in page
    other = await take(anonymous, group, alarm, person="孙强")
    assert "402室" in await see(anonymous, other)
    assert (await as_it_is(manager, alarm)).assignee == "group:孙强"


async def test_a_name_given_again_is_the_same_person_whose_page_was_lost(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    await take(anonymous, group, alarm, person="王芳")
    again = await take(anonymous, group, alarm, person=" 王芳\u200b ")
    assert PHONE in await see(anonymous, again)
    assert len(deeds(await as_it_is(manager, alarm))) == 2


async def test_one_may_be_a_responder_of_the_building_or_of_the_whole_site_and_no_number_is_shown(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    near = {"site": "north", "kind": "neighbour", "building": "3"}
    zhao = await create(manager, "responders", name="赵邻居", phone="13800138001", **near)
    await create(manager, "responders", name="钱网格", phone="13800138002", site="north", kind="grid_worker")
    await create(manager, "responders", name="吴远邻", phone="13800138003", **{**near, "building": "9"})
    gone = await create(manager, "responders", name="郑旧邻", phone="13800138004", **near)
    await put(manager, "responders", gone, active=False)
    page = await see(anonymous, group)
    assert page.index("赵邻居") < page.index("钱网格")
    for other in ("吴远邻", "郑旧邻", "1380013800"):
        assert other not in page
    own = await take(anonymous, group, alarm, responder=zhao["id"])
    assert deeds(await as_it_is(manager, alarm))[-1] == ("dispatch", f"responder:{zhao['id']}", "赵邻居")
    assert "赵邻居正赶过去" in await see(anonymous, group)
    assert PHONE in await see(anonymous, own)
    await take(anonymous, group, alarm, person="赵邻居")
    assert len(deeds(await as_it_is(manager, alarm))) == 2
    await put(manager, "responders", zhao, active=False)
    await see(anonymous, own, 410)


async def test_a_responder_whom_the_page_did_not_offer_is_nobody(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    far = await create(
        manager, "responders", site="north", name="吴远邻", phone="13800138003", kind="neighbour", building="9"
    )
    for who in ({}, {"person": " \u202e\u0000 "}, {"responder": far["id"]}):
        back = await press(anonymous, group, alarm, **who)
        answer = await anonymous.get(f"/a/{back}")
        assert back.startswith(f"{group}?")
        assert "请先选择或写下您的名字" in answer.text
    assert await as_it_is(manager, alarm) == alarm


async def test_what_a_resident_will_not_share_stays_at_the_desk_and_illnesses_need_a_yes(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, li: dict[str, Any], group: str, alarm: Alarm
) -> None:
    own = await take(anonymous, group, alarm, person="王芳")
    assert ILLNESS not in await see(anonymous, own)
    await create(manager, "consents", resident=li["id"], purpose="health", granted=True)
    assert ILLNESS in await see(anonymous, own)
    await create(manager, "consents", resident=li["id"], purpose="sharing", granted=False)
    page = await see(anonymous, own)
    for secret in (PHONE, KEY, ILLNESS):
        assert secret not in page
    assert "402室" in page


async def test_their_page_ends_as_others_do(
    anonymous: httpx.AsyncClient, clock: ManualClock, group: str, alarm: Alarm
) -> None:
    own = await take(anonymous, group, alarm, person="王芳")
    await say(anonymous, own, alarm, "well")
    clock.now += AFTER_THE_END_MS - 1
    await see(anonymous, own)
    clock.now += 1
    await see(anonymous, own, 410)
    await see(anonymous, group, 410)


async def test_an_alarm_that_is_over_cannot_be_taken(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    word = word_of(await see(anonymous, group))
    assert (await manager.post(f"/api/v1/alarms/{alarm.id}/cancel", json={})).status_code == 200
    assert await press(anonymous, group, alarm, word=word, person="王芳") == group
    assert deeds(await as_it_is(manager, alarm)) == [("cancel", "wang", None)]


async def test_so_many_of_a_group_may_go_in_a_quarter_of_an_hour(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, clock: ManualClock, group: str, alarm: Alarm
) -> None:
    for n in range(PEOPLE_AT_MOST):
        await press(anonymous, group, alarm, person=f"志愿者{n}")
    form = {"alarm": str(alarm.id), "answer": "take", "person": "王芳"}
    refused = await anonymous.post(f"/a/{group}", data=form)
    assert (refused.status_code, "已经有很多人去了" in refused.text) == (429, True)
    assert "group:王芳" not in {actor for _, actor, _ in deeds(await as_it_is(manager, alarm))}
    clock.now += WITHIN_MS
    await take(anonymous, group, alarm, person="王芳")


async def test_of_several_alarms_one_page_opens_the_one_that_was_taken(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, conn: Connection, desk: Desk, alarm: Alarm
) -> None:
    zhang = await resident(manager, "张爷爷", address={**ADDRESS, "room": "501"})
    other = await desk.raise_alarm(resident=zhang["id"])
    group = await told_of_several(desk.store, conn, [alarm, other], GROUP, "chat", NOW)
    own = await take(anonymous, group, other, person="王芳")
    page = await see(anonymous, own)
    assert "501" in page
    assert "李奶奶" not in page
    await say(anonymous, own, alarm, "take")
    assert await as_it_is(manager, alarm) == alarm


async def test_a_page_that_has_not_changed_is_not_sent_again_although_its_word_has(
    anonymous: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    tag = (await anonymous.get(f"/a/{group}")).headers["etag"]
    assert (await anonymous.get(f"/a/{group}", headers={"If-None-Match": tag})).status_code == 304
    await press(anonymous, group, alarm, person="王芳")
    assert (await anonymous.get(f"/a/{group}", headers={"If-None-Match": tag})).status_code == 200


async def test_the_page_keeps_the_language_that_was_chosen(
    anonymous: httpx.AsyncClient, group: str, alarm: Alarm
) -> None:
    form = {"alarm": str(alarm.id), "answer": "take", "person": "Wang Fang"}
    answer = await anonymous.post(f"/a/{group}?lang=en", data=form)
    assert "You said: I am going" in (await anonymous.get(answer.headers["location"])).text
    assert "Wang Fang: on the way" in await see(anonymous, group, lang="en")
