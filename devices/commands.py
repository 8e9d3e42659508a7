"""Commands to devices (contract section 2): their names and arguments, how long they are worth obeying, the wire.

The lifetimes and the pace at which a command is repeated are assumptions: ADR-10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from devices.refusals import Refusal, Unfit

CommandName = Literal["locate", "set_interval", "ring", "confirm_ok", "message"]

CONFIRM_TIMEOUT_S: Final = 60
"""How long the wearer has for an answer where nobody says otherwise. Source: assumption, ADR-10."""
LIFETIME_S: Final[dict[CommandName, int]] = {
    "locate": 300,
    "ring": 300,
    "confirm_ok": 300,
    "message": 300,
    "set_interval": 86_400,
}
"""After this a command is no longer worth obeying: five minutes where somebody waits for it, a day for a setting."""
LONGEST_LIFETIME_S: Final = 86_400

_PRINTABLE: Final = r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*\Z"

Interval = Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class Args(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a command takes; this one nothing."""


class SetInterval(Args, frozen=True, kw_only=True, omit_defaults=True):
    """How often the device reports; seconds. ``usual``: a device with a pace of its own goes back to that instead."""

    position_s: Interval
    heartbeat_s: Interval
    usual: bool = False


class ConfirmOk(Args, frozen=True, kw_only=True):
    """Ask the wearer "are you all right?", and wait so many seconds for the answer."""

    timeout_s: Annotated[int, msgspec.Meta(ge=5, le=600)] = CONFIRM_TIMEOUT_S


class Message(Args, frozen=True, kw_only=True):
    """A short text on the device's display: printable, not blank."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_PRINTABLE)]


_ARGS: Final[dict[str, type[Args]]] = {
    "locate": Args,
    "ring": Args,
    "set_interval": SetInterval,
    "confirm_ok": ConfirmOk,
    "message": Message,
}


class Command(msgspec.Struct, frozen=True):
    """A command as a device gets it; ``expires_at`` in ms, None when it never expires."""

    id: str
    name: str
    args: dict[str, Any] = {}
    expires_at: int | None = None


class BadCommand(Unfit):
    """No such command, or arguments that it does not take; ``str(error)`` says so to whoever asked."""


def checked_args(name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the device gets them, what is missing filled in.

    Raises:
        BadCommand: Unknown name, or an argument that is missing, unknown or out of its range.
    """
    kind = _ARGS.get(name)
    if kind is None:
        raise BadCommand(
            Refusal(
                "command.unknown",
                "no command {name!r}: there are {names}",
                field="name",
                name=name,
                names=", ".join(_ARGS),
            )
        )
    try:
        taken: dict[str, Any] = msgspec.to_builtins(msgspec.convert(dict(args), kind))
    except msgspec.ValidationError as error:
        raise BadCommand(Refusal("command.args", "args of {name}: {why}", name=name, why=str(error))) from None
    return taken


def answer_until_ms(name: str, args: Mapping[str, Any], expires_ms: int) -> int:
    """Until when an answer may be hoped for: a wearer who was asked at the last moment still has their time."""
    if name != "confirm_ok":
        return expires_ms
    return expires_ms + 1000 * int(args.get("timeout_s", CONFIRM_TIMEOUT_S))


_encode: Final = msgspec.json.Encoder().encode


def command_payload(command: Command) -> bytes:
    """The command as it goes over the wire."""
    return _encode(command)
