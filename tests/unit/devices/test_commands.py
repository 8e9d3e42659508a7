"""The commands of contract section 2 take exactly what the contract says."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from devices.commands import (
    LIFETIME_S,
    BadCommand,
    Command,
    CommandName,
    answer_until_ms,
    checked_args,
    command_payload,
)


@pytest.mark.parametrize(
    ("name", "args", "taken"),
    [
        ("locate", {}, {}),
        ("ring", {}, {}),
        ("set_interval", {"position_s": 1, "heartbeat_s": 86_400}, {"position_s": 1, "heartbeat_s": 86_400}),
        ("confirm_ok", {"timeout_s": 5}, {"timeout_s": 5}),
        ("confirm_ok", {"timeout_s": 600}, {"timeout_s": 600}),
        ("confirm_ok", {}, {"timeout_s": 60}),
        ("message", {"text": "请按时吃药"}, {"text": "请按时吃药"}),
        ("message", {"text": "长" * 200}, {"text": "长" * 200}),
    ],
)
def test_right_arguments_are_taken(name: str, args: dict[str, Any], taken: dict[str, Any]) -> None:
    assert checked_args(name, args) == taken


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("dance", {}),
        ("locate", {"now": True}),
        ("ring", {"timeout_s": 5}),
        ("set_interval", {}),
        ("set_interval", {"position_s": 60}),
        ("set_interval", {"position_s": 0, "heartbeat_s": 60}),
        ("set_interval", {"position_s": 60, "heartbeat_s": 86_401}),
        ("set_interval", {"position_s": "60", "heartbeat_s": 60}),
        ("set_interval", {"position_s": True, "heartbeat_s": 60}),
        ("set_interval", {"position_s": 1.5, "heartbeat_s": 60}),
        ("confirm_ok", {"timeout_s": 4}),
        ("confirm_ok", {"timeout_s": 601}),
        ("message", {}),
        ("message", {"text": ""}),
        ("message", {"text": "   "}),
        ("message", {"text": "长" * 201}),
        ("message", {"text": "two\nlines"}),
        ("message", {"text": "nul\x00"}),
        ("message", {"text": "a line\n"}),
        ("message", {"text": 5}),
        ("message", {"text": "a", "font": "b"}),
    ],
)
def test_wrong_arguments_are_refused_in_words(name: str, args: dict[str, Any]) -> None:
    with pytest.raises(BadCommand, match=name):
        checked_args(name, args)


def test_every_command_has_a_lifetime() -> None:
    assert set(LIFETIME_S) == set(get_args(CommandName))


def test_only_a_question_may_be_answered_after_the_command_ran_out() -> None:
    assert answer_until_ms("confirm_ok", {"timeout_s": 30}, 1_000) == 31_000
    assert answer_until_ms("ring", {}, 1_000) == 1_000


def test_a_command_goes_over_the_wire_as_the_contract_says() -> None:
    sent = msgspec.json.decode(command_payload(Command("c1", "confirm_ok", {"timeout_s": 9}, 1_750_000_000_000)))
    assert sent == {"id": "c1", "name": "confirm_ok", "args": {"timeout_s": 9}, "expires_at": 1_750_000_000_000}
