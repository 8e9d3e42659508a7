"""Twilio's webhooks: signed over the address that it called or refused, bounded, safe when they come twice or late."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from xml.etree import ElementTree as ET

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from alerts.alarm import Alarm
from alerts.messages import alarm_params
from alerts.ports import NewMessage, Role
from dashboards.api import create_app
from dashboards.api.webhooks import LARGEST_BODY, MOST_FIELDS
from dashboards.deps import Deps, TwilioWebhooks
from gateway.store.alarms import PostgresAlarmStore, alarm_from_object
from gateway.store.connection import Connection
from tests.support.alarms import a_card
from tests.support.console import NOW, Desk

TOKEN = "a token of the tests"
PUBLIC = "https://anxin.example/house"
LOCAL = "http://console"
PHONE = "+8613700000001"
OURS = "+15005550006"
INBOUND = "/webhooks/twilio/inbound"
STATUS = "/webhooks/twilio/status"


@pytest.fixture
def deps(deps: Deps) -> Deps:
    account = TwilioWebhooks(auth_token=TOKEN, numbers=(OURS,), public_url=PUBLIC)
    return Deps(**{**{name: getattr(deps, name) for name in Deps.__slots__}, "twilio": account})


@pytest.fixture
async def outside(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=LOCAL) as client:
        yield client


@pytest.fixture
async def wang(desk: Desk, conn: Connection) -> Alarm:
    """The alarm of somebody who lives in building 3."""
    await conn.execute(
        "insert into resident (id, site, name, address)"
        """ values ('r1', 'north', '王秀兰', '{"building": "3", "room": "601"}')"""
    )
    return await desk.raise_alarm(resident="r1")


def sign(url: str, fields: Mapping[str, str], token: str = TOKEN) -> str:
    """As Twilio's guide says: HMAC-SHA1 over the address and the sorted fields."""
    told = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), told.encode(), hashlib.sha1).digest()).decode()


async def call(
    client: httpx.AsyncClient, path: str, fields: Mapping[str, str], *, at: str = PUBLIC, token: str = TOKEN
) -> httpx.Response:
    signature = sign(f"{at}{path}", fields, token)
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return await client.post(path, content=urlencode(fields), headers=headers)


async def told(deps: Deps, alarm: Alarm, *, role: Role = "neighbour", channel: Any = "sms") -> int:
    """Somebody was told of an alarm, and the provider has it."""
    async with PostgresAlarmStore(deps.pool).transaction() as tx:
        message = await tx.queue(
            NewMessage(
                alarm=alarm.id, site=alarm.site, resident=alarm.resident, responder="chen", role=role, name="陈",
                recipient=PHONE, channel=channel, template="alarm_responder", language="zh",
                params=alarm_params(alarm, a_card(address={"building": "3", "room": "601"}), role),
            ),
            NOW,
        )  # fmt: skip
    async with deps.pool.connection() as conn:
        await conn.execute(
            "insert into responder (id, site, name, phone, kind) values ('chen', 'north', '陈', %s, 'neighbour')"
            " on conflict do nothing",
            (PHONE,),
        )
        await conn.execute(
            "update message set state = 'sent', provider = 'twilio', provider_id = %s where id = %s",
            (f"SM{message}", message),
        )
    return message


async def alarm_now(conn: Connection, alarm: UUID) -> Alarm:
    row = await (await conn.execute("select object from alarm where id = %s", (alarm,))).fetchone()
    assert row is not None
    return alarm_from_object(row[0])


async def message_now(conn: Connection, message: int) -> tuple[str, str | None]:
    row = await (await conn.execute("select state, reason from message where id = %s", (message,))).fetchone()
    assert row is not None
    return row[0], row[1]


def twiml(response: httpx.Response) -> ET.Element:
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/xml")
    root = ET.fromstring(response.text)  # noqa: S314 - it is our own
    assert root.tag == "Response"
    return root


def answered(response: httpx.Response) -> str | None:
    """What the TwiML says back, None for nothing."""
    found = twiml(response).find("Message")
    return None if found is None else "".join(found.itertext())


def a_text(body: str = "1", sid: str = "SM1", sender: str = PHONE) -> dict[str, str]:
    return {"MessageSid": sid, "From": sender, "To": OURS, "Body": body, "NumMedia": "0", "FromCity": ""}


async def test_an_answer_takes_the_alarm_and_is_answered_as_twiml(
    outside: httpx.AsyncClient, deps: Deps, wang: Alarm, conn: Connection
) -> None:
    await told(deps, wang)
    response = await call(outside, INBOUND, a_text())
    assert answered(response) == "【安心】收到，您去看王秀兰。3栋601室。到了请回2，去不了回0。北社区"
    now = await alarm_now(conn, wang.id)
    assert (now.state, now.assignee) == ("dispatched", "responder:chen")


@pytest.mark.parametrize("at", [PUBLIC, LOCAL, "https://anxin.example:443/house"])
async def test_a_signature_over_the_public_or_the_own_address_is_good(outside: httpx.AsyncClient, at: str) -> None:
    assert (await call(outside, INBOUND, a_text(), at=at)).status_code == 200


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (INBOUND, a_text()),
        (STATUS, {"MessageSid": "SM1", "MessageStatus": "failed"}),
        ("/webhooks/twilio/voice/1", {"CallSid": "CA1", "Digits": "1"}),
        ("/webhooks/twilio/voice/1/status", {"CallSid": "CA1", "CallStatus": "busy"}),
    ],
)
async def test_what_is_not_signed_by_our_account_is_refused_and_changes_nothing(
    outside: httpx.AsyncClient, deps: Deps, desk: Desk, conn: Connection, path: str, fields: dict[str, str]
) -> None:
    alarm = await desk.raise_alarm()
    message = await told(deps, alarm, channel="voice" if "voice" in path else "sms")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    garbled = httpx.Headers([(b"x-twilio-signature", b"\xfc"), (b"content-type", b"application/x-www-form-urlencoded")])
    forged = sign(f"{PUBLIC}{path}", {**fields, "Body": "0"})
    answers = [
        await outside.post(path, content=urlencode(fields), headers=headers),
        await outside.post(path, content=urlencode(fields), headers={**headers, "X-Twilio-Signature": forged}),
        await outside.post(path, content=urlencode(fields), headers=garbled),
        await call(outside, path, fields, token="another token"),
        await call(outside, path, fields, at="https://elsewhere.example"),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert await alarm_now(conn, alarm.id) == alarm
    assert await message_now(conn, message) == ("sent", None)
    count = await (await conn.execute("select count(*) from inbound_message")).fetchone()
    assert count == (0,)


async def test_without_an_account_every_webhook_is_refused(deps: Deps, conn: Connection) -> None:
    bare = Deps(**{**{name: getattr(deps, name) for name in Deps.__slots__}, "twilio": None})
    transport = httpx.ASGITransport(create_app(bare))
    async with httpx.AsyncClient(transport=transport, base_url=LOCAL) as client:
        for path in (INBOUND, STATUS, "/webhooks/twilio/voice/1", "/webhooks/twilio/voice/1/status"):
            assert (await call(client, path, a_text(), token="")).status_code == 403


async def test_what_twilio_delivers_twice_is_done_once_and_answered_alike(
    outside: httpx.AsyncClient, deps: Deps, desk: Desk, conn: Connection
) -> None:
    alarm = await desk.raise_alarm()
    await told(deps, alarm)
    first = await call(outside, INBOUND, a_text())
    again = await call(outside, INBOUND, a_text())
    assert answered(first) == answered(again)
    events = [entry.event for entry in (await alarm_now(conn, alarm.id)).timeline]
    assert events.count("dispatch") == 1


async def test_a_stranger_is_kept_and_moves_nothing(outside: httpx.AsyncClient, desk: Desk, conn: Connection) -> None:
    alarm = await desk.raise_alarm()
    response = await call(outside, INBOUND, a_text("1", sender="+8613600000009"))
    assert "没有在等您的警报" in (answered(response) or "")
    kept = await (await conn.execute("select sender, body, meaning from inbound_message")).fetchall()
    assert kept == [("13600000009", "1", "unknown_sender")]
    assert await alarm_now(conn, alarm.id) == alarm


async def test_our_own_number_and_services_get_no_answer(outside: httpx.AsyncClient, desk: Desk) -> None:
    await desk.raise_alarm()
    for n, sender in enumerate((OURS, "10086", "AnyCarrier", "")):
        assert answered(await call(outside, INBOUND, a_text("1", f"SM{n}", sender))) is None


async def test_signs_that_no_database_keeps_do_not_lose_the_answer(
    outside: httpx.AsyncClient, deps: Deps, desk: Desk, conn: Connection
) -> None:
    alarm = await desk.raise_alarm()
    await told(deps, alarm)
    await call(outside, INBOUND, a_text("1\x00\x07"))
    assert (await alarm_now(conn, alarm.id)).state == "dispatched"


async def test_a_body_that_is_too_large_is_read_no_further(outside: httpx.AsyncClient) -> None:
    assert (await call(outside, INBOUND, a_text("1" * LARGEST_BODY))).status_code == 413
    many = {f"f{n}": "" for n in range(MOST_FIELDS + 1)}
    assert (await call(outside, INBOUND, many)).status_code == 422


async def test_a_text_without_a_name_of_its_own_cannot_be_told_from_its_repetition(outside: httpx.AsyncClient) -> None:
    assert (await call(outside, INBOUND, {"From": PHONE, "Body": "1"})).status_code == 422


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("queued", ("sent", None)), ("sent", ("sent", None)), ("delivered", ("delivered", None)),
        ("read", ("delivered", None)), ("undelivered", ("failed", "twilio_30003")),
        ("failed", ("failed", "twilio_30003")), ("something new", ("sent", None)),
    ],
)  # fmt: skip
async def test_the_carriers_word_becomes_the_messages_state(
    outside: httpx.AsyncClient, deps: Deps, desk: Desk, conn: Connection, status: str, becomes: tuple[str, str | None]
) -> None:
    message = await told(deps, await desk.raise_alarm())
    fields = {"MessageSid": f"SM{message}", "MessageStatus": status, "ErrorCode": "30003"}
    for _ in range(2):
        response = await call(outside, f"{STATUS}?message={message}", fields)
        assert response.status_code == 204
        assert await message_now(conn, message) == becomes


async def test_a_failure_stands_on_the_timeline_with_its_reason(
    outside: httpx.AsyncClient, deps: Deps, desk: Desk, conn: Connection
) -> None:
    alarm = await desk.raise_alarm()
    message = await told(deps, alarm)
    await call(outside, STATUS, {"MessageSid": f"SM{message}", "MessageStatus": "undelivered", "ErrorCode": "30003"})
    last = (await alarm_now(conn, alarm.id)).timeline[-1]
    assert (last.event, last.to, last.note) == ("not_delivered", "陈", "twilio_30003")


async def test_a_key_pressed_during_a_call_is_an_answer(
    outside: httpx.AsyncClient, deps: Deps, wang: Alarm, conn: Connection
) -> None:
    message = await told(deps, wang, channel="voice")
    path = f"/webhooks/twilio/voice/{message}"
    for _ in range(2):
        response = await call(outside, path, {"CallSid": "CA1", "Digits": "1"})
        said = twiml(response)
        assert [each.tag for each in said] == ["Say", "Hangup"]
        assert "您去看王秀兰" in (said[0].text or "")
        assert said[0].get("language") == "cmn-CN"
    now = await alarm_now(conn, wang.id)
    assert now.state == "dispatched"
    assert [entry.event for entry in now.timeline].count("dispatch") == 1


@pytest.mark.parametrize("digits", ["7", "", "*", "12"])
async def test_another_key_is_asked_again(
    outside: httpx.AsyncClient, deps: Deps, desk: Desk, conn: Connection, digits: str
) -> None:
    alarm = await desk.raise_alarm()
    path = f"/webhooks/twilio/voice/{await told(deps, alarm, channel='voice')}"
    response = await call(outside, path, {"CallSid": "CA1", "Digits": digits})
    gather = twiml(response)[0]
    assert (gather.tag, gather.get("numDigits"), gather.get("action")) == ("Gather", "1", f"{PUBLIC}{path}")
    assert "您去请按1" in (gather[0].text or "")
    assert await alarm_now(conn, alarm.id) == alarm


async def test_a_key_for_no_call_of_ours_hangs_up(outside: httpx.AsyncClient) -> None:
    response = await call(outside, "/webhooks/twilio/voice/424242", {"CallSid": "CA1", "Digits": "1"})
    assert [each.tag for each in twiml(response)] == ["Hangup"]


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("completed", "delivered"),
        ("busy", "failed"),
        ("no-answer", "failed"),
        ("failed", "failed"),
        ("ringing", "sent"),
    ],
)
async def test_how_a_call_ended_becomes_the_messages_state(
    outside: httpx.AsyncClient, deps: Deps, desk: Desk, conn: Connection, status: str, becomes: str
) -> None:
    message = await told(deps, await desk.raise_alarm(), channel="voice")
    path = f"/webhooks/twilio/voice/{message}/status"
    assert (await call(outside, path, {"CallSid": f"SM{message}", "CallStatus": status})).status_code == 204
    assert (await message_now(conn, message))[0] == becomes


async def test_webhooks_need_no_session_and_give_none(outside: httpx.AsyncClient) -> None:
    response = await call(outside, INBOUND, a_text())
    assert "set-cookie" not in response.headers


async def test_an_answer_long_after_the_end_wakes_nothing(
    outside: httpx.AsyncClient, deps: Deps, desk: Desk, conn: Connection
) -> None:
    alarm = await desk.raise_alarm(raised_at=NOW - 3 * 86_400_000)
    message = await told(deps, alarm)
    ended = msgspec.structs.replace(alarm, state="cancelled", version=2)
    async with PostgresAlarmStore(deps.pool).transaction() as tx:
        await tx.save(ended)
    await conn.execute("update message set created_at = %s where id = %s", (NOW - 3 * 86_400_000, message))
    response = await call(outside, INBOUND, a_text("1"))
    assert "没有在等您的警报" in (answered(response) or "")
    assert await alarm_now(conn, alarm.id) == ended
