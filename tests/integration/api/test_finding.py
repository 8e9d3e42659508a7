"""Finding somebody: what the desk sees, whom a link shows it to and until when, and who goes along."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from alerts.alarm import Alarm
from dashboards.deps import Deps
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS, ManualClock
from gateway.store.connection import Connection
from gateway.store.find_links import OPEN_AT_MOST, SAME_LOOK_MS
from gateway.store.registry import erase_left
from gateway.store.upkeep import end_searches
from tests.support.console import NOW, Clients, Desk
from tests.support.links import told
from tests.support.records import HOME, create, device, put, resident

ADDRESS = {"community": "阳光小区", "building": "3", "unit": "2", "room": "402"}
PHONE = "13900139001"


@pytest.fixture
async def manager(client_of: Clients) -> httpx.AsyncClient:
    return await client_of("manager", (), "wang")


@pytest.fixture
async def li(manager: httpx.AsyncClient) -> dict[str, Any]:
    card = {"illnesses": "阿尔茨海默病", "key_holder": "居委会老周"}
    return await resident(manager, phone=PHONE, address=ADDRESS, card=card, birth_year=1941)


@pytest.fixture
async def band(conn: Connection, manager: httpx.AsyncClient, li: dict[str, Any]) -> str:
    await device(manager, "band", resident=li["id"])
    await conn.execute("update assignment set from_ms = 0")
    return "band"


@pytest.fixture
async def alarm(desk: Desk, li: dict[str, Any], band: str) -> Alarm:
    return await desk.raise_alarm(resident=li["id"], rule="wandering.zone_exit", severity="high")


@pytest.fixture
async def agreed(manager: httpx.AsyncClient, li: dict[str, Any]) -> dict[str, Any]:
    return await create(manager, "consents", resident=li["id"], purpose="location", granted=True)


@pytest.fixture
async def neighbour(manager: httpx.AsyncClient) -> dict[str, Any]:
    return await create(
        manager, "responders", site="north", name="赵邻居", phone="13800138001", kind="neighbour", building="3"
    )


_POS = iter(range(1_000, 1_000_000))


async def seen_at(conn: Connection, t: int, north_m: float, *, accuracy_m: float = 10.0, source: int = 0) -> int:
    """A fix of the band, so far to the north of home; its place in the order of storing."""
    pos = next(_POS)
    await conn.execute(
        "insert into position (pos, device, t, seq, received, lat, lon, accuracy_m, source) select %s, slot,"
        " to_timestamp(%s / 1000.0), -1, now(), %s, %s, %s, %s from device where id = 'band'",
        (pos, t, HOME["lat"] + north_m / 111_195, HOME["lon"], accuracy_m, source),
    )
    return pos


async def walked(conn: Connection) -> None:
    """At home until 20 min before the alarm, then 60 m a minute to the north, until the alarm."""
    for minute in range(60, 20, -5):
        await seen_at(conn, NOW - minute * MINUTE_MS, 5.0)
    for minute in range(20, -1, -1):
        await seen_at(conn, NOW - minute * MINUTE_MS, 60.0 * (21 - minute) + 30)


async def search(client: httpx.AsyncClient, alarm: Alarm, status: int = 200, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/alarms/{alarm.id}/search", params=query)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def share(client: httpx.AsyncClient, alarm: Alarm, status: int = 201, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/alarms/{alarm.id}/links", json={"for": "赵邻居", **body})
    assert answer.status_code == status, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def live(client: httpx.AsyncClient, token: str, status: int = 200, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/find/{token}/live", params=query)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def as_it_is(client: httpx.AsyncClient, alarm: Alarm) -> Alarm:
    return msgspec.json.decode((await client.get(f"/api/v1/alarms/{alarm.id}")).content, type=Alarm)


async def events(client: httpx.AsyncClient, alarm: Alarm) -> list[tuple[str, str, str | None]]:
    """What was added to the timeline since the alarm opened."""
    return [(entry.actor, entry.event, entry.to) for entry in (await as_it_is(client, alarm)).timeline[1:]]


async def test_the_search_tells_where_they_were_when_they_left_and_how_far_they_can_be(
    clock: ManualClock, conn: Connection, manager: httpx.AsyncClient, alarm: Alarm, li: dict[str, Any]
) -> None:
    await walked(conn)
    await create(manager, "fences", resident=li["id"], name="小区", circle={**HOME, "radius_m": 500})
    clock.now = NOW + 10 * MINUTE_MS
    found = await search(manager, alarm)
    assert found["resident"]["name"] == "李奶奶"
    assert found["resident"]["illnesses"] == "阿尔茨海默病"
    assert found["home"] == HOME
    assert found["left_at"] == NOW - 20 * MINUTE_MS
    assert len(found["track"]["items"]) == 21
    assert found["last_certain"]["t"] == NOW
    assert found["last_certain"]["at"] == "way"
    assert found["last_certain"]["age_ms"] == 10 * MINUTE_MS
    assert found["movement"] == {
        "speed_mps": 1.0, "heading_deg": 0, "from_ms": NOW - 5 * MINUTE_MS, "standing_ms": 0, "roaming": None,
    }  # fmt: skip
    assert found["reach"]["radius_m"] == 10 + 1.3 * 600
    assert [zone["name"] for zone in found["zones"]] == ["小区"]
    assert found["position_shown"] == "shut"
    assert found["places_known"] is None


async def test_a_fix_that_cannot_be_is_shown_and_is_no_certain_place(
    conn: Connection, manager: httpx.AsyncClient, alarm: Alarm
) -> None:
    await walked(conn)
    await seen_at(conn, NOW + 1_000, 30_000)
    await seen_at(conn, NOW + 2_000, 1_500, accuracy_m=800.0)
    await seen_at(conn, NOW + 3_000, 1_500, source=2)
    found = await search(manager, alarm)
    assert [item["sure"] for item in found["track"]["items"][-4:]] == [True, False, False, False]
    assert found["last_certain"]["t"] == NOW
    assert found["last_fix"]["t"] == NOW + 3_000


async def test_a_cursor_brings_what_was_stored_since_late_fixes_too(
    conn: Connection, manager: httpx.AsyncClient, alarm: Alarm
) -> None:
    await walked(conn)
    first = await search(manager, alarm)
    assert (await search(manager, alarm, after=first["track"]["cursor"]))["track"]["items"] == []
    await seen_at(conn, NOW - 90_000, 1_200)
    await seen_at(conn, NOW + 15_000, 1_300)
    more = await search(manager, alarm, after=first["track"]["cursor"])
    assert [item["t"] for item in more["track"]["items"]] == [NOW - 90_000, NOW + 15_000]
    assert more["last_fix"]["t"] == NOW + 15_000


async def test_what_somebody_else_wore_before_is_not_theirs(
    conn: Connection, manager: httpx.AsyncClient, alarm: Alarm
) -> None:
    await walked(conn)
    await conn.execute("update assignment set from_ms = %s", (NOW - 5 * MINUTE_MS,))
    found = await search(manager, alarm)
    assert found["left_at"] is None
    assert len(found["track"]["items"]) == 6


async def test_habitual_places_are_shown_with_their_hours(
    conn: Connection, manager: httpx.AsyncClient, alarm: Alarm
) -> None:
    await walked(conn)
    await conn.execute(
        "insert into learned_places select slot, true, %s::jsonb, 0 from resident",
        ('[{"lat": 31.24169, "lon": 121.47, "radius_m": 60, "weight": 3.5, "hours": [8, 9]}]',),
    )
    found = await search(manager, alarm)
    assert found["places_known"] is True
    assert found["places"] == [
        {"lat": 31.24169, "lon": 121.47, "radius_m": 60, "weight": 3.5, "hours": [8, 9], "distance_m": 10}
    ]
    assert found["last_certain"]["at"] == "place"


async def test_the_desk_of_another_site_finds_no_search_and_makes_no_link(client_of: Clients, alarm: Alarm) -> None:
    stranger = await client_of("manager", ("south",), "sun")
    await search(stranger, alarm, 404)
    await share(stranger, alarm, 404)
    assert (await stranger.get(f"/api/v1/alarms/{alarm.id}/links")).status_code == 404
    assert (await stranger.delete(f"/api/v1/alarms/{alarm.id}/links/1")).status_code == 404


async def test_an_auditor_makes_no_link(client_of: Clients, alarm: Alarm, agreed: dict[str, Any]) -> None:
    await share(await client_of("auditor"), alarm, 403)


async def test_a_link_shows_the_map_for_two_hours_and_only_its_hash_is_stored(
    clock: ManualClock,
    conn: Connection,
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    alarm: Alarm,
    agreed: dict[str, Any],
) -> None:
    await walked(conn)
    made = await share(manager, alarm, note="红色外套")
    assert made["url"] == f"/find/{made['token']}"
    assert made["expires_at"] == NOW + 2 * HOUR_MS
    row = await (await conn.execute("select find_link::text, octet_length(token_hash) from find_link")).fetchone()
    assert row is not None
    assert made["token"] not in row[0]
    assert row[1] == 32
    body = await live(anonymous, made["token"])
    assert (body["for"], body["note"], body["withheld"]) == ("赵邻居", "红色外套", False)
    assert body["resident"]["name"] == "李奶奶"
    assert body["resident"]["birth_year"] == 1941
    assert len(body["track"]["items"]) == 21
    clock.now = made["expires_at"] - 1
    await live(anonymous, made["token"])
    clock.now = made["expires_at"]
    assert (await live(anonymous, made["token"], 410))["type"] == "urn:anxin:problem:expired"


async def test_a_link_shows_nothing_of_the_desk(
    conn: Connection,
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    alarm: Alarm,
    agreed: dict[str, Any],
) -> None:
    await walked(conn)
    answer = await anonymous.get(f"/find/{(await share(manager, alarm))['token']}/live")
    body = answer.json()
    assert body.keys() & {"links", "position_shown", "responders"} == set()
    assert body["alarm"].keys() & {"timeline", "evidence", "assignee", "resident"} == set()
    assert "阿尔茨海默病" not in answer.text
    assert "no-store" in answer.headers["cache-control"]
    assert "noindex" in answer.headers["x-robots-tag"]


async def test_no_link_is_made_of_whom_nobody_asked(manager: httpx.AsyncClient, alarm: Alarm) -> None:
    assert (await share(manager, alarm, 409))["type"] == "urn:anxin:problem:not-agreed"
    assert await events(manager, alarm) == []


async def test_a_consent_that_is_withdrawn_closes_the_map_at_once(
    conn: Connection,
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    alarm: Alarm,
    agreed: dict[str, Any],
) -> None:
    await walked(conn)
    token = (await share(manager, alarm))["token"]
    await manager.put(f"/api/v1/consents/{agreed['id']}", json={"withdrawn": True})
    answer = await anonymous.get(f"/find/{token}/live")
    body = answer.json()
    assert body["withheld"] is True
    assert body["track"]["items"] == []
    assert [body[name] for name in ("home", "last_fix", "last_certain", "movement", "reach")] == [None] * 5
    assert "31.2" not in answer.text


async def test_a_link_that_was_taken_back_shows_nothing_any_more(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, alarm: Alarm, agreed: dict[str, Any]
) -> None:
    made, other = await share(manager, alarm), await share(manager, alarm)
    for _ in range(2):
        assert (await manager.delete(f"/api/v1/alarms/{alarm.id}/links/{made['id']}")).status_code == 204
    await live(anonymous, made["token"], 410)
    await live(anonymous, other["token"])
    states = {link["id"]: link["state"] for link in (await search(manager, alarm))["links"]}
    assert states == {made["id"]: "revoked", other["id"]: "open"}
    revoked = [event for event in await events(manager, alarm) if event[1] == "link_revoked"]
    assert revoked == [("wang", "link_revoked", "赵邻居")]


async def test_a_link_ends_with_its_alarm_and_of_an_ended_one_none_is_made(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, alarm: Alarm, agreed: dict[str, Any]
) -> None:
    made = await share(manager, alarm)
    await manager.post(f"/api/v1/alarms/{alarm.id}/cancel", json={})
    await live(anonymous, made["token"], 410)
    assert (await share(manager, alarm, 409))["reason"] == "state"


async def test_a_link_ends_when_the_resident_has_moved_away(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, alarm: Alarm, agreed: dict[str, Any], li: dict[str, Any]
) -> None:
    made = await share(manager, alarm)
    await put(manager, "residents", li, status="moved")
    await live(anonymous, made["token"], 410)


async def test_no_link_is_made_of_a_drill(
    desk: Desk, manager: httpx.AsyncClient, li: dict[str, Any], agreed: dict[str, Any]
) -> None:
    drill = await desk.raise_alarm(resident=li["id"], rule="wandering.zone_exit", drill=True)
    assert (await share(manager, drill, 409))["reason"] == "state"


async def test_a_token_that_nobody_made_is_404(anonymous: httpx.AsyncClient, conn: Connection) -> None:
    assert (await live(anonymous, "AAAAAAAAAAAAAAAAAAAAAA", 404))["type"] == "urn:anxin:problem:unknown"


async def test_there_are_only_so_many_links_of_an_alarm(
    manager: httpx.AsyncClient, alarm: Alarm, agreed: dict[str, Any]
) -> None:
    for _ in range(OPEN_AT_MOST):
        made = await share(manager, alarm)
    await share(manager, alarm, 429)
    await manager.delete(f"/api/v1/alarms/{alarm.id}/links/{made['id']}")
    await share(manager, alarm)


async def test_a_repeated_request_makes_one_link_and_tells_its_token_once(
    manager: httpx.AsyncClient, alarm: Alarm, agreed: dict[str, Any]
) -> None:
    address, headers = f"/api/v1/alarms/{alarm.id}/links", {"Idempotency-Key": "k1"}
    first = await manager.post(address, json={"for": "赵邻居"}, headers=headers)
    again = await manager.post(address, json={"for": "赵邻居"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["token"] is not None
    assert again.json()["token"] is None
    assert len((await search(manager, alarm))["links"]) == 1


@pytest.mark.parametrize("body", [{"for": ""}, {"for": "x" * 61}, {"hours": 13}, {"hours": 0}, {"surprise": 1}])
async def test_a_link_that_makes_no_sense_is_refused(
    manager: httpx.AsyncClient, alarm: Alarm, agreed: dict[str, Any], body: dict[str, Any]
) -> None:
    await share(manager, alarm, 422, **body)


async def test_every_look_is_kept_and_the_first_stands_on_the_timeline(
    clock: ManualClock,
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    alarm: Alarm,
    agreed: dict[str, Any],
) -> None:
    token = (await share(manager, alarm))["token"]
    for second in range(0, 30, 3):
        clock.now = NOW + 1_000 * second
        await live(anonymous, token)
    clock.now = NOW + 27_000 + SAME_LOOK_MS + 1
    await live(anonymous, token)
    ((link),) = (await search(manager, alarm))["links"]
    assert [(look["from_ms"] - NOW, look["to_ms"] - NOW, look["times"]) for look in link["looks"]] == [
        (0, 27_000, 10),
        (147_001, 147_001, 1),
    ]
    assert link["looks"][0]["address"] == "127.0.0.1"
    assert await events(manager, alarm) == [("wang", "link_shared", "赵邻居"), ("system", "link_opened", "赵邻居")]


async def test_looks_at_the_same_moment_are_all_kept(
    deps: Deps,
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    alarm: Alarm,
    agreed: dict[str, Any],
) -> None:
    token = (await share(manager, alarm))["token"]
    await asyncio.gather(*(live(anonymous, token) for _ in range(6)))
    ((link),) = (await search(manager, alarm))["links"]
    assert sum(look["times"] for look in link["looks"]) == 6
    assert [event for _, event, _ in await events(manager, alarm)].count("link_opened") == 1


async def test_a_responder_opens_the_map_with_their_message_once_they_said_that_they_go(
    conn: Connection,
    deps: Deps,
    desk: Desk,
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    alarm: Alarm,
    neighbour: dict[str, Any],
    agreed: dict[str, Any],
) -> None:
    await walked(conn)
    token = await told(desk.store, conn, alarm, neighbour, "neighbour", deps.clock.now_ms())
    await live(anonymous, token, 410)
    await anonymous.post(f"/a/{token}", data={"alarm": str(alarm.id), "answer": "take"})
    body = await live(anonymous, token)
    assert body["for"] == "赵邻居"
    assert len(body["track"]["items"]) == 21
    looks = [link for link in (await search(manager, alarm))["links"] if link["id"] is None]
    assert [(link["for"], len(link["looks"])) for link in looks] == [("赵邻居", 1)]
    await anonymous.post(f"/a/{token}", data={"alarm": str(alarm.id), "answer": "cannot"})
    await live(anonymous, token, 410)


async def test_the_message_of_another_kind_of_alarm_opens_no_map(
    conn: Connection,
    deps: Deps,
    desk: Desk,
    anonymous: httpx.AsyncClient,
    li: dict[str, Any],
    neighbour: dict[str, Any],
    agreed: dict[str, Any],
) -> None:
    sos = await desk.raise_alarm(resident=li["id"])
    token = await told(desk.store, conn, sos, neighbour, "neighbour", deps.clock.now_ms())
    await anonymous.post(f"/a/{token}", data={"alarm": str(sos.id), "answer": "take"})
    await live(anonymous, token, 410)


async def test_staff_say_that_somebody_goes_along_and_the_timeline_tells(
    clock: ManualClock, manager: httpx.AsyncClient, alarm: Alarm, li: dict[str, Any]
) -> None:
    address = f"/api/v1/residents/{li['id']}/accompanied"
    answer = await manager.post(address, json={"hours": 2, "note": "女儿"})
    assert answer.status_code == 200
    assert answer.json()["accompanied_until"] == NOW + 2 * HOUR_MS
    assert await events(manager, alarm) == [("wang", "accompanied", "女儿")]
    answer = await manager.post(address, json={"until": NOW + HOUR_MS})
    assert answer.json()["accompanied_until"] == NOW + HOUR_MS
    answer = await manager.delete(address)
    assert answer.json()["accompanied_until"] is None
    assert [event for _, event, _ in await events(manager, alarm)] == ["accompanied"] * 2 + ["accompanied_ended"]


@pytest.mark.parametrize(
    "body",
    [{}, {"hours": 1, "until": NOW + 1}, {"until": NOW - 1}, {"until": NOW + 80 * HOUR_MS}, {"hours": 73}, {"h": 1}],
)
async def test_going_along_makes_sense(manager: httpx.AsyncClient, li: dict[str, Any], body: dict[str, Any]) -> None:
    assert (await manager.post(f"/api/v1/residents/{li['id']}/accompanied", json=body)).status_code == 422


async def test_nobody_of_another_site_says_who_goes_along(
    client_of: Clients, conn: Connection, li: dict[str, Any]
) -> None:
    stranger = await client_of("manager", ("south",), "sun")
    address = f"/api/v1/residents/{li['id']}/accompanied"
    assert (await stranger.post(address, json={"hours": 1})).status_code == 404
    assert (await stranger.delete(address)).status_code == 404


@pytest.mark.parametrize(("hours", "counted"), [("3", 3), ("400", 12), ("-1", 1)])
async def test_family_who_go_along_end_the_alarm_and_are_named(
    conn: Connection,
    deps: Deps,
    desk: Desk,
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    alarm: Alarm,
    li: dict[str, Any],
    hours: str,
    counted: int,
) -> None:
    daughter = await create(manager, "contacts", resident=li["id"], name="李小红", phone="13800138000", relation="女儿")
    token = await told(desk.store, conn, alarm, daughter, "family", deps.clock.now_ms())
    form = {"alarm": str(alarm.id), "answer": "accompanied", "hours": hours}
    assert (await anonymous.post(f"/a/{token}", data=form)).status_code == 303
    stored = (await manager.get(f"/api/v1/residents/{li['id']}")).json()
    assert stored["accompanied_until"] == NOW + counted * HOUR_MS
    after = await as_it_is(manager, alarm)
    assert after.state == "resolved"
    said = next(entry for entry in after.timeline if entry.event == "accompanied")
    assert (said.actor, said.to) == (f"contact:{daughter['id']}", "李小红")
    await manager.delete(f"/api/v1/residents/{li['id']}/accompanied")
    await anonymous.post(f"/a/{token}", data=form)
    stored = (await manager.get(f"/api/v1/residents/{li['id']}")).json()
    assert stored["accompanied_until"] is None


async def test_a_neighbour_cannot_say_that_somebody_goes_along(
    conn: Connection,
    deps: Deps,
    desk: Desk,
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    alarm: Alarm,
    li: dict[str, Any],
    neighbour: dict[str, Any],
) -> None:
    token = await told(desk.store, conn, alarm, neighbour, "neighbour", deps.clock.now_ms())
    await anonymous.post(f"/a/{token}", data={"alarm": str(alarm.id), "answer": "accompanied", "hours": "3"})
    assert (await manager.get(f"/api/v1/residents/{li['id']}")).json()["accompanied_until"] is None


async def test_of_somebody_who_left_long_ago_nothing_of_the_search_is_kept(
    conn: Connection, anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, alarm: Alarm,
    agreed: dict[str, Any], li: dict[str, Any],
) -> None:  # fmt: skip
    await live(anonymous, (await share(manager, alarm, note="红色外套"))["token"])
    await conn.execute("insert into learned_places select slot, true, '[]', 0 from resident")
    await put(manager, "residents", li, status="moved")
    assert await erase_left(conn, NOW + 100_000 * DAY_MS) == 1
    for table in ("find_link", "find_look", "learned_places"):
        cursor = await conn.execute(f"select count(*) from {table}".encode())
        assert await cursor.fetchone() == (0,)


async def test_old_looks_end_with_the_links_that_they_were_at(
    conn: Connection, anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, alarm: Alarm, agreed: dict[str, Any]
) -> None:
    made = await share(manager, alarm)
    await live(anonymous, made["token"])
    assert await end_searches(conn, NOW) == 0
    assert await end_searches(conn, NOW + 1) == 1
    assert await end_searches(conn, made["expires_at"] + 1) == 1


async def test_of_an_alarm_that_is_over_nobody_sees_where_they_went_later(
    clock: ManualClock, conn: Connection, manager: httpx.AsyncClient, alarm: Alarm
) -> None:
    await walked(conn)
    await manager.post(f"/api/v1/alarms/{alarm.id}/cancel", json={})
    await seen_at(conn, NOW + 5 * MINUTE_MS, 10)
    await seen_at(conn, NOW + 3 * HOUR_MS, 900)
    clock.now = NOW + 4 * HOUR_MS
    found = await search(manager, alarm)
    assert found["ended"] is True
    assert found["last_fix"]["t"] == NOW + 5 * MINUTE_MS
    assert found["reach"]["radius_m"] == 10 + 1.3 * 300


async def test_the_search_of_nobody_in_particular_says_so(desk: Desk, manager: httpx.AsyncClient) -> None:
    unknown = await desk.raise_alarm(rule="wandering.reported")
    found = await search(manager, unknown)
    assert found["resident"] is None
    assert found["track"]["items"] == []
    assert (await share(manager, unknown, 409))["reason"] == "state"


async def test_a_long_track_is_thinned_and_its_ends_stay(
    conn: Connection, manager: httpx.AsyncClient, alarm: Alarm
) -> None:
    await conn.execute(
        "insert into position (pos, device, t, seq, received, lat, lon, accuracy_m, source) select n, slot,"
        " to_timestamp((%s - 1000 * (4500 - n)) / 1000.0), -1, now(), 31.25, 121.47, 10, 0"
        " from device, generate_series(0, 4499) n where id = 'band'",
        (NOW + 4_500_000 - HOUR_MS,),
    )
    track = (await search(manager, alarm))["track"]
    assert track["thinned"] is True
    assert 1_000 < len(track["items"]) <= 2_001
    assert [track["items"][0]["t"], track["items"][-1]["t"]] == [track["from"], NOW + 5 * MINUTE_MS - 1_000]


async def test_whoever_knows_the_way_is_sent_only_what_is_new_and_is_told_the_same(
    conn: Connection, manager: httpx.AsyncClient, alarm: Alarm
) -> None:
    await seen_at(conn, NOW - 3 * HOUR_MS, 5.0)
    for minute in range(170, 0, -1):
        await seen_at(conn, NOW - minute * MINUTE_MS, 20.0 * (171 - minute) + 100)
    known = await search(manager, alarm)
    assert known["left_at"] == NOW - 3 * HOUR_MS
    await seen_at(conn, NOW, 3_600)
    news = await search(manager, alarm, after=known["track"]["cursor"])
    whole = await search(manager, alarm)
    assert [fix["t"] for fix in news["track"]["items"]] == [NOW]
    same = ("left_at", "last_fix", "last_certain", "movement", "reach", "battery", "places", "zones")
    assert {name: news[name] for name in same} == {name: whole[name] for name in same}
    assert news["track"]["cursor"] == whole["track"]["cursor"]
    none = await search(manager, alarm, after=news["track"]["cursor"])
    assert none["track"]["items"] == []
    assert none["last_certain"] == whole["last_certain"]


async def test_of_whom_the_last_certain_place_is_long_ago_it_is_told_again(
    conn: Connection, manager: httpx.AsyncClient, alarm: Alarm
) -> None:
    await seen_at(conn, NOW - 50 * MINUTE_MS, 900)
    known = await search(manager, alarm)
    again = await search(manager, alarm, after=known["track"]["cursor"])
    assert again["last_certain"] == known["last_certain"]
    assert again["last_certain"]["t"] == NOW - 50 * MINUTE_MS


async def test_nobody_is_said_to_have_left_who_was_last_seen_at_home(
    conn: Connection, manager: httpx.AsyncClient, desk: Desk, li: dict[str, Any], band: str
) -> None:
    phoned = await desk.raise_alarm(resident=li["id"], rule="wandering.reported", severity="high")
    await seen_at(conn, NOW - 10 * MINUTE_MS, 5.0)
    assert (await search(manager, phoned))["left_at"] is None
    await seen_at(conn, NOW - MINUTE_MS, 400.0)
    assert (await search(manager, phoned))["left_at"] == NOW - 10 * MINUTE_MS


async def test_whoever_searches_says_that_they_found_them_and_the_case_stays_open(
    conn: Connection,
    clock: ManualClock,
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    alarm: Alarm,
    agreed: dict[str, Any],
) -> None:
    token = (await share(manager, alarm))["token"]
    for _ in range(2):
        pressed = await anonymous.post(f"/find/{token}/found", data={"words": " 公交站\n 旁 "})
        assert (pressed.status_code, pressed.headers["location"]) == (303, f"/find/{token}")
    said = [entry for entry in (await as_it_is(manager, alarm)).timeline if entry.event == "helper_found"]
    assert [(entry.actor, entry.to, entry.note) for entry in said] == [("system", "赵邻居", "公交站 旁")]
    assert (await as_it_is(manager, alarm)).state == "open"
    assert (await live(anonymous, token))["said_found"] == NOW
    assert (await anonymous.post("/find/nobody-made-this/found")).status_code == 404


async def test_whoever_comes_too_late_is_thanked_or_told_whom_to_call(
    conn: Connection,
    clock: ManualClock,
    anonymous: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    alarm: Alarm,
    agreed: dict[str, Any],
) -> None:
    site = {"id": "north", "name": "北社区", "timezone": "Asia/Shanghai", "phone": "021-5555-0100"}
    assert (await manager.put("/api/v1/sites/north", json=site)).json()["phone"] == "02155550100"
    made, back = await share(manager, alarm, hours=1), await share(manager, alarm)
    opened = await anonymous.get(f"/find/{made['token']}", headers={"accept-language": "zh"})
    assert "tel:02155550100" in opened.text
    await manager.delete(f"/api/v1/alarms/{alarm.id}/links/{back['id']}")
    gone = await anonymous.get(f"/find/{back['token']}")
    assert (gone.status_code, "链接已收回" in gone.text, "tel:02155550100" in gone.text) == (410, True, True)
    clock.now += 2 * HOUR_MS
    late = await anonymous.get(f"/find/{made['token']}")
    assert (late.status_code, "时间到了" in late.text, "02155550100" in late.text) == (410, True, True)
    clock.now -= 2 * HOUR_MS
    await manager.post(f"/api/v1/alarms/{alarm.id}/cancel")
    over = await anonymous.get(f"/find/{made['token']}")
    assert (over.status_code, "搜寻已经结束，谢谢您" in over.text, "过期" in over.text) == (410, True, False)
    assert (await anonymous.post(f"/find/{made['token']}/found")).status_code == 410
    assert not [entry for entry in (await as_it_is(manager, alarm)).timeline if entry.event == "helper_found"]


async def test_the_search_says_when_and_how_it_ended(
    manager: httpx.AsyncClient, alarm: Alarm, clock: ManualClock
) -> None:
    assert (await search(manager, alarm))["end"] is None
    await manager.post(f"/api/v1/alarms/{alarm.id}/acknowledge")
    clock.now += MINUTE_MS
    await manager.post(f"/api/v1/alarms/{alarm.id}/resolve", json={"result": "found"})
    ended = await search(manager, alarm)
    assert (ended["ended"], ended["end"]) == (True, {"t": NOW + MINUTE_MS, "how": "found"})


async def test_whoever_searches_reads_no_telephone_of_whom_nobody_asked(
    anonymous: httpx.AsyncClient, manager: httpx.AsyncClient, li: dict[str, Any], alarm: Alarm, agreed: dict[str, Any]
) -> None:
    token = (await share(manager, alarm))["token"]
    assert (await live(anonymous, token))["resident"]["phone"] is None
    await create(manager, "consents", resident=li["id"], purpose="sharing", granted=True)
    known = (await live(anonymous, token))["resident"]
    assert (known["phone"], known["key_holder"], known["key_holders"]) == (PHONE, None, [])
