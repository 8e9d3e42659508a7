"""Chat groups through apprise, over a server that speaks one of its protocols."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from alerts.notifiers.chat import ChatNotifier
from alerts.notifiers.port import CannotTell, Delivered, GiveUp, RetryAfter
from alerts.ports import Message
from tests.support.alarms import T0


class Group:
    """What apprise posts to as JSON."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.status = 200
        group = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                group.said.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(group.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"json://desk:secret@127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def group() -> Iterator[Group]:
    running = Group()
    thread = threading.Thread(target=running.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


def a_message(recipient: str = "chat:north") -> Message:
    return Message(
        id=1,
        attempts=1,
        created_at=T0,
        demo=False,
        alarm=None,
        site="north",
        resident=None,
        role="chat",
        recipient=recipient,
        channel="chat",
        template="alarm_chat",
        params={},
        language="zh",
    )


async def test_a_group_hears_the_text_and_nothing_else(group: Group) -> None:
    chat = ChatNotifier({"north": group.address})
    message = a_message("chat:North")
    assert chat.capabilities.why_not("chat", message.recipient) is None, "the environment knows no capital letters"
    assert await chat.send(message, "3栋09:15有人需要帮助", T0) == Delivered()
    (said,) = group.said
    assert said["message"] == "3栋09:15有人需要帮助"
    assert said["title"] == ""


async def test_a_group_that_refuses_is_tried_again(group: Group, caplog: pytest.LogCaptureFixture) -> None:
    group.status = 500
    with caplog.at_level(logging.DEBUG):
        assert await ChatNotifier({"north": group.address}).send(a_message(), "x", T0) == RetryAfter("chat_failed")
    assert "secret" not in caplog.text


async def test_a_site_without_a_group_gives_up(group: Group) -> None:
    chat = ChatNotifier({"north": group.address})
    assert await chat.send(a_message("chat:south"), "x", T0) == GiveUp("no_chat_group")
    assert chat.capabilities.why_not("chat", "chat:north") is None
    assert group.said == []


async def test_nobody_can_tell_what_a_group_has_heard(group: Group) -> None:
    assert isinstance(await ChatNotifier({"north": group.address}).find(a_message(), "x"), CannotTell)


def test_an_address_that_nobody_understands_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="north") as refused:
        ChatNotifier({"north": "nonsense://hidden"})
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "wecombot://693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa",
        "dingtalk://abcd1234efgh",
        "feishu://abcd1234efgh",
        "mailto://anxin:password@example.org?to=desk@example.org",
    ],
)
def test_the_groups_that_are_promised_are_understood(address: str) -> None:
    assert ChatNotifier({"north": address}).capabilities.chat == frozenset({"north"})
