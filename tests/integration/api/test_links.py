"""Private pages behind links: whom they open for, until when, and what they never show."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import msgspec
import pytest

from alerts.alarm import Alarm, Place
from alerts.ports import Role
from dashboards.api.throttle import FAILURES_OF_ONE_ADDRESS
from dashboards.deps import Deps
from dashboards.web.links.guessing import WAITING_AT_ONCE
from devices.clock import DAY_MS, MINUTE_MS, ManualClock
from gateway.store.connection import Connection
from gateway.store.links import AFTER_THE_END_MS, OPEN_FOR_MS
from tests.support.console import NOW, Clients, Desk
from tests.support.links import told, told_of_several
from tests.support.records import create, device, put, resident

ILLNESS = "高血压"
PHONE = "13900139001"
KEY = "居委会老周"
ADDRESS = {"community": "阳光小区", "building": "3", "unit": "2", "room": "402"}


@pytest.fixture
async def manager(client_of: Clients) -> httpx.AsyncClient:
    return await client_of("manager", (), "wang")


@pytest.fixture
async def li(manager: httpx.AsyncClient) -> dict[str, Any]:
    card = {"illnesses": ILLNESS, "key_holder": KEY}
    return await resident(manager, phone=PHONE, address=ADDRESS, card=card)


@pytest.fixture
async def daughter(manager: httpx.AsyncClient, li: dict[str, Any]) -> dict[str, Any]:
    return await create(manager, "contacts", resident=li["id"], name="李小红", phone="13800138000", relation="女儿")


@pytest.fixture
async def neighbour(manager: httpx.AsyncClient) -> dict[str, Any]:
    return await create(
        manager, "responders", site="north", name="赵邻居", phone="13800138001", kind="neighbour", building="3"
    )


@pytest.fixture
async def alarm(desk: Desk, li: dict[str, Any]) -> Alarm:
    return await desk.raise_alarm(resident=li["id"])


@pytest.fixture
async def family(deps: Deps, conn: Connection, desk: Desk, alarm: Alarm, daughter: dict[str, Any]) -> str:
    return await told(desk.store, conn, alarm, daughter, "family", deps.clock.now_ms())


@pytest.fixture
async def door(deps: Deps, conn: Connection, desk: Desk, alarm: Alarm, neighbour: dict[str, Any]) -> str:
    return await told(desk.store, conn, alarm, neighbour, "neighbour", deps.clock.now_ms())


async def see(client: httpx.AsyncClient, token: str, status: int = 200, **query: str) -> str:
    answer = await client.get(f"/a/{token}", params=query)
    assert answer.status_code == status, answer.text
    return answer.text


async def say(client: httpx.AsyncClient, token: str, alarm: Alarm, verb: str) -> None:
    answer = await client.post(f"/a/{token}", data={"alarm": str(alarm.id), "answer": verb})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/a/{token}"


async def do(client: httpx.AsyncClient, alarm: Alarm, event: str, **body: Any) -> None:
    answer = await client.post(f"/api/v1/alarms/{alarm.id}/{event}", json=body)
    assert answer.status_code == 200, answer.text


async def as_it_is(client: httpx.AsyncClient, alarm: Alarm) -> Alarm:
    return msgspec.json.decode((await client.get(f"/api/v1/alarms/{alarm.id}")).content, type=Alarm)


async def seen_at(conn: Connection, key: str, t: int, lat: float = 31.2331, lon: float = 121.4731) -> None:
    await conn.execute(
        "insert into position (pos, device, t, seq, received, lat, lon, accuracy_m) select %s, slot,"
        " to_timestamp(%s / 1000.0), -1, now(), %s, %s, 12 from device where id = %s",
        (t, t, lat, lon, key),
    )


async def test_only_the_hash_of_a_token_is_stored(conn: Connection, family: str) -> None:
    row = await (await conn.execute("select message_link::text, octet_length(token_hash) from message_link")).fetchone()
    assert row is not None
    assert family not in row[0]
    assert row[1] == 32
    assert re.fullmatch(r"[A-Za-z0-9_-]{11}", family)


async def test_a_page_is_nobodys_to_keep_find_or_follow(anonymous: httpx.AsyncClient, family: str) -> None:
    answer = await anonymous.get(f"/a/{family}")
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    loaded = re.findall(r'(?:src|action|<link[^>]* href)="([^"]+)"', answer.text)
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)


async def test_looking_changes_nothing(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, family: str, alarm: Alarm
) -> None:
    await see(anonymous, family)
    assert await as_it_is(manager, alarm) == alarm


async def test_a_page_that_has_not_changed_is_not_sent_again(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, family: str, alarm: Alarm
) -> None:
    tag = (await anonymous.get(f"/a/{family}")).headers["etag"]
    same = await anonymous.get(f"/a/{family}", headers={"If-None-Match": tag})
    assert (same.status_code, same.text) == (304, "")
    await do(manager, alarm, "acknowledge")
    assert (await anonymous.get(f"/a/{family}", headers={"If-None-Match": tag})).status_code == 200


async def test_a_token_that_nobody_made_opens_nothing(anonymous: httpx.AsyncClient) -> None:
    assert "链接打不开" in await see(anonymous, "AAAAAAAAAAA", 404)
    assert (await anonymous.post("/a/AAAAAAAAAAA", data={"answer": "take"})).status_code == 404


async def test_while_the_database_is_away_a_page_says_so(
    anonymous: httpx.AsyncClient, deps: Deps, alarm: Alarm, family: str
) -> None:
    await deps.pool.close()
    for answer in (
        await anonymous.get(f"/a/{family}"),
        await anonymous.post(f"/a/{family}", data={"alarm": str(alarm.id), "answer": "take"}),
    ):
        assert (answer.status_code, "暂时打不开" in answer.text) == (503, True)


async def test_guesses_are_slowed_down_and_lock_nobody_out(anonymous: httpx.AsyncClient, family: str) -> None:
    for _ in range(FAILURES_OF_ONE_ADDRESS + 5):
        await see(anonymous, family)
    for guess in range(FAILURES_OF_ONE_ADDRESS):
        await see(anonymous, f"guess{guess:06}", 404)
    at_once = WAITING_AT_ONCE + 5
    async with asyncio.TaskGroup() as tasks:
        guesses = [tasks.create_task(anonymous.get(f"/a/wrong{guess:06}")) for guess in range(at_once)]
    answers = [guess.result().status_code for guess in guesses]
    assert answers.count(404) == WAITING_AT_ONCE
    assert answers.count(429) == 5
    await see(anonymous, family)
    assert (await anonymous.get("/a/wrong000000")).status_code == 404


async def test_a_link_ends_a_day_after_its_alarm(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, clock: ManualClock, family: str, alarm: Alarm
) -> None:
    await do(manager, alarm, "acknowledge")
    await do(manager, alarm, "resolve")
    ended = clock.now
    clock.now = ended + DAY_MS // 2
    await do(manager, alarm, "close", outcome="true_alarm")
    clock.now = ended + AFTER_THE_END_MS - 1
    await see(anonymous, family)
    clock.now = ended + AFTER_THE_END_MS
    assert "链接已过期" in await see(anonymous, family, 410)


async def test_a_link_ends_after_three_days_whatever_the_alarm_does(
    anonymous: httpx.AsyncClient, clock: ManualClock, family: str
) -> None:
    clock.now = NOW + OPEN_FOR_MS - 1
    await see(anonymous, family)
    clock.now = NOW + OPEN_FOR_MS
    await see(anonymous, family, 410)


async def test_a_reopened_alarm_has_not_ended(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, clock: ManualClock, family: str, alarm: Alarm
) -> None:
    await do(manager, alarm, "cancel")
    clock.now += DAY_MS - 1
    await do(manager, alarm, "reopen")
    clock.now += DAY_MS
    assert "正在联系" in await see(anonymous, family)


@pytest.mark.parametrize("status", ["moved", "deceased"])
async def test_nobody_reads_of_a_resident_who_has_left(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, li: dict[str, Any], family: str, door: str, status: str
) -> None:
    await put(manager, "residents", li, status=status)
    for token in (family, door):
        assert "李奶奶" not in await see(anonymous, token, 410)


async def test_a_link_is_nobodys_whose_number_has_changed_or_who_was_taken_out(
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    daughter: dict[str, Any],
    neighbour: dict[str, Any],
    family: str,
    door: str,
) -> None:
    await put(manager, "contacts", daughter, phone="13800138009")
    await see(anonymous, family, 410)
    await put(manager, "contacts", daughter)
    await see(anonymous, family)
    assert (await manager.delete(f"/api/v1/contacts/{daughter['id']}")).status_code == 204
    await see(anonymous, family, 410)
    await put(manager, "responders", neighbour, active=False)
    await see(anonymous, door, 410)


async def test_an_accounts_link_ends_with_the_account(
    anonymous: httpx.AsyncClient, client_of: Clients, conn: Connection, desk: Desk, alarm: Alarm
) -> None:
    await client_of("duty", ("north",), "zhou")
    await conn.execute("update account set phone = '13800138007' where username = 'zhou'")
    zhou = {"username": "zhou", "phone": "13800138007", "name": "周值班"}
    token = await told(desk.store, conn, alarm, zhou, "duty", NOW)
    await say(anonymous, token, alarm, "take")
    assert PHONE in await see(anonymous, token)
    await conn.execute("update account set disabled = true where username = 'zhou'")
    await see(anonymous, token, 410)


async def test_family_read_what_happened_and_who_goes_by_role_and_nothing_else(
    anonymous: httpx.AsyncClient, family: str, door: str, alarm: Alarm
) -> None:
    before = await see(anonymous, family)
    assert "李奶奶按了求助键" in before
    await say(anonymous, door, alarm, "take")
    after = await see(anonymous, family)
    assert "邻居正赶过去" in after
    for secret in ("赵邻居", "13800138001", PHONE, KEY, ILLNESS, "402室"):
        assert secret not in after


async def test_a_link_speaks_the_contacts_language_unless_asked_for_the_other(
    anonymous: httpx.AsyncClient, conn: Connection, desk: Desk, alarm: Alarm, daughter: dict[str, Any]
) -> None:
    token = await told(desk.store, conn, alarm, {**daughter, "language": "en"}, "family", NOW)
    assert "pressed the help button" in await see(anonymous, token)
    assert "按了求助键" in await see(anonymous, token, lang="zh")
    assert "pressed the help button" in await see(anonymous, token, lang="xx")


async def test_a_responder_reads_the_door_before_and_the_card_after_saying_yes(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, door: str, alarm: Alarm
) -> None:
    before = await see(anonymous, door)
    assert "李奶奶" in before
    assert "402室" in before
    assert PHONE not in before
    assert KEY not in before
    await say(anonymous, door, alarm, "take")
    after = await see(anonymous, door)
    assert PHONE in after
    assert KEY in after
    assert ILLNESS not in after
    await say(anonymous, door, alarm, "cannot")
    assert PHONE not in await see(anonymous, door)
    await say(anonymous, door, alarm, "there")
    assert PHONE in await see(anonymous, door)
    await do(manager, alarm, "resolve")
    over = await see(anonymous, door)
    assert PHONE not in over
    assert "402室" not in over


async def test_what_a_resident_will_not_share_stays_at_the_desk(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, li: dict[str, Any], door: str, alarm: Alarm
) -> None:
    await create(manager, "consents", resident=li["id"], purpose="sharing", granted=False)
    await say(anonymous, door, alarm, "take")
    page = await see(anonymous, door)
    assert PHONE not in page
    assert KEY not in page
    assert "不同意分享" in page
    assert "402室" in page


async def test_illnesses_are_told_to_whoever_goes_only_where_agreed(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, li: dict[str, Any], family: str, door: str, alarm: Alarm
) -> None:
    await create(manager, "consents", resident=li["id"], purpose="health", granted=True)
    assert ILLNESS not in await see(anonymous, door)
    await say(anonymous, door, alarm, "take")
    assert ILLNESS in await see(anonymous, door)
    assert ILLNESS not in await see(anonymous, family)


async def test_pressing_twice_is_pressing_once(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, door: str, alarm: Alarm
) -> None:
    await say(anonymous, door, alarm, "take")
    once = await as_it_is(manager, alarm)
    assert once.state == "dispatched"
    await say(anonymous, door, alarm, "take")
    assert await as_it_is(manager, alarm) == once


async def test_family_who_are_there_take_nothing_from_the_desk(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, family: str, alarm: Alarm
) -> None:
    await say(anonymous, family, alarm, "there")
    after = await as_it_is(manager, alarm)
    assert after.state == "open"
    assert after.timeline[-1].event == "family_there"
    assert "您说：我在身边" in await see(anonymous, family)


@pytest.mark.parametrize(("answer", "how"), [("well", "page"), ("with_me", "seen")])
@pytest.mark.parametrize("by", ["family", "neighbour"])
async def test_who_vouches_on_their_page_clears_a_missed_check_with_their_name(
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    conn: Connection,
    desk: Desk,
    li: dict[str, Any],
    daughter: dict[str, Any],
    neighbour: dict[str, Any],
    by: Role,
    answer: str,
    how: str,
) -> None:
    missed = await desk.raise_alarm(resident=li["id"], rule="missed_check.checkin", severity="medium")
    silent = await desk.raise_alarm(resident=li["id"], rule="missed_check.silent", severity="high")
    record = daughter if by == "family" else neighbour
    token = await told(desk.store, conn, missed, record, by, NOW)
    page = await see(anonymous, token)
    assert "您确认李奶奶平安吗？我们会记下您的名字和时间" in page
    assert "警报会就此结束" not in page
    await say(anonymous, token, missed, answer)
    await say(anonymous, token, missed, answer)
    for alarm in (missed, silent):
        after = await as_it_is(manager, alarm)
        assert (after.state, after.timeline[-1].to) == ("resolved", record["name"])
    assert await (await conn.execute("select actor, how from sighting_note")).fetchall() == [
        (after.timeline[-1].actor, how)
    ]
    assert ("有人见到了，平安" if answer == "with_me" else "已打电话确认平安") in await see(anonymous, token)


async def test_nobody_calls_for_help_in_the_residents_name_on_a_page(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, family: str, alarm: Alarm
) -> None:
    await say(anonymous, family, alarm, "help")
    assert await as_it_is(manager, alarm) == alarm


async def test_an_answer_reaches_no_alarm_but_the_links_own(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, desk: Desk, door: str
) -> None:
    other = await desk.raise_alarm(resident=None)
    await say(anonymous, door, other, "take")
    await say(anonymous, door, other, "nonsense")
    assert await as_it_is(manager, other) == other


async def test_one_link_for_many_alarms_answers_each_by_itself(
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    conn: Connection,
    desk: Desk,
    li: dict[str, Any],
    alarm: Alarm,
    neighbour: dict[str, Any],
) -> None:
    zhang = await resident(manager, "张爷爷", address={"building": "5", "room": "101"})
    other = await desk.raise_alarm(resident=zhang["id"], rule="fall.device")
    token = await told_of_several(desk.store, conn, [alarm, other], neighbour, "neighbour", NOW)
    both = await see(anonymous, token)
    assert "李奶奶按了求助键" in both
    assert "张爷爷可能跌倒了" in both
    await say(anonymous, token, other, "take")
    assert (await as_it_is(manager, alarm)).state == "open"
    assert (await as_it_is(manager, other)).state == "dispatched"
    assert "101" in await see(anonymous, token, alarm=str(other.id))
    assert "李奶奶" not in await see(anonymous, token, alarm=str(other.id))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ([], False),
        ([{"granted": True}], True),
        ([{"granted": True, "from": NOW + 1}], False),
        ([{"granted": True, "from": NOW - 2, "until": NOW}], False),
        ([{"granted": True, "from": NOW - 2, "until": NOW + 1}], True),
        ([{"granted": True, "from": NOW - 2}, {"granted": False, "from": NOW - 1}], False),
        ([{"granted": False, "from": NOW - 2}, {"granted": True, "from": NOW - 1}], True),
        ([{"granted": True, "from": NOW - 2}, {"granted": False, "from": NOW - 2}], False),
        ([{"granted": True, "purpose": "sharing"}], False),
        ([{"granted": True, "given_by": "guardian", "guardian": "李小红", "reason": "失智"}], True),
    ],
)
async def test_the_position_is_shown_only_while_a_consent_is_in_force(
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    conn: Connection,
    li: dict[str, Any],
    family: str,
    said: list[dict[str, Any]],
    shown: bool,
) -> None:
    await device(manager, resident=li["id"])
    await seen_at(conn, "band-1", NOW)
    for consent in said:
        await create(manager, "consents", resident=li["id"], **{"purpose": "location", **consent})
    page = await see(anonymous, family)
    assert ("在家东北方向" in page) is shown
    assert ("121.4731" in page) is shown


async def test_a_withdrawn_consent_shows_nothing_from_then_on(
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    conn: Connection,
    clock: ManualClock,
    li: dict[str, Any],
    family: str,
) -> None:
    await device(manager, resident=li["id"])
    await seen_at(conn, "band-1", NOW)
    consent = await create(manager, "consents", resident=li["id"], purpose="location", granted=True)
    assert "121.4731" in await see(anonymous, family)
    clock.now += MINUTE_MS
    await manager.put(f"/api/v1/consents/{consent['id']}", json={"withdrawn": True})
    assert "121.4731" not in await see(anonymous, family)


async def test_nobody_is_followed_after_the_end_nor_by_whoever_was_only_asked(
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    conn: Connection,
    li: dict[str, Any],
    family: str,
    door: str,
    alarm: Alarm,
) -> None:
    await device(manager, resident=li["id"])
    await seen_at(conn, "band-1", NOW)
    await create(manager, "consents", resident=li["id"], purpose="location", granted=True)
    assert "121.4731" not in await see(anonymous, door)
    await say(anonymous, door, alarm, "take")
    assert "121.4731" in await see(anonymous, door)
    await do(manager, alarm, "cancel")
    for token in (family, door):
        assert "121.4731" not in await see(anonymous, token)


async def test_a_band_that_changed_hands_tells_nothing_of_its_new_wearer(
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    conn: Connection,
    clock: ManualClock,
    li: dict[str, Any],
    family: str,
) -> None:
    await device(manager, resident=li["id"])
    await create(manager, "consents", resident=li["id"], purpose="location", granted=True)
    zhang = await resident(manager, "张爷爷")
    band = {"site": "north", "device": "band-1"}
    clock.now += MINUTE_MS
    await manager.put("/api/v1/devices/band-1", json={**band, "resident": zhang["id"]})
    await seen_at(conn, "band-1", clock.now + 1)
    assert "121.4731" not in await see(anonymous, family)
    clock.now += MINUTE_MS
    await manager.put("/api/v1/devices/band-1", json={**band, "resident": li["id"]})
    assert "121.4731" not in await see(anonymous, family)
    await seen_at(conn, "band-1", clock.now + 1, lon=121.4888)
    assert "121.4888" in await see(anonymous, family)


async def test_of_two_who_share_a_box_both_must_agree(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, conn: Connection, desk: Desk, neighbour: dict[str, Any]
) -> None:
    home = await create(manager, "households", site="north", name="周家")
    one = await resident(manager, "周爷爷", household=home["id"])
    two = await resident(manager, "吴奶奶", household=home["id"])
    place = Place(lat=31.2331, lon=121.4731, t=NOW)
    alarm = await desk.raise_alarm()
    shared = msgspec.structs.replace(alarm, household=home["id"], position=place, version=2)
    async with desk.store.transaction() as tx:
        await tx.save(shared)
    token = await told(desk.store, conn, shared, neighbour, "neighbour", NOW)
    await say(anonymous, token, shared, "take")
    await create(manager, "consents", resident=one["id"], purpose="location", granted=True)
    page = await see(anonymous, token)
    assert "吴奶奶、周爷爷" in page
    assert "121.4731" not in page
    await create(manager, "consents", resident=two["id"], purpose="location", granted=True)
    assert "121.4731" in await see(anonymous, token)


async def test_a_stranger_is_found_by_the_place_alone(
    anonymous: httpx.AsyncClient, conn: Connection, desk: Desk, neighbour: dict[str, Any]
) -> None:
    place = Place(lat=31.2331, lon=121.4731, t=NOW)
    alarm = await desk.raise_alarm()
    async with desk.store.transaction() as tx:
        await tx.save(msgspec.structs.replace(alarm, position=place, version=2))
    token = await told(desk.store, conn, alarm, neighbour, "grid_worker", NOW)
    assert "有人按了求助键" in await see(anonymous, token)
    await say(anonymous, token, alarm, "take")
    assert "121.4731" in await see(anonymous, token)


async def test_how_it_ended_is_told_but_what_only_people_should_tell_is_not(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, family: str, alarm: Alarm
) -> None:
    await do(manager, alarm, "acknowledge")
    await do(manager, alarm, "resolve", result="died")
    page = await see(anonymous, family)
    assert "请致电服务中心" in page
    assert "去世" not in page
    assert "平安" not in page
