"""A broker that somebody else runs: how we get in, and the accounts that we keep for a Mosquitto there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from anxin.embedded.broker import GATEWAY_USER, Accounts
from anxin.embedded.errors import StartError
from anxin.embedded.mosquitto_files import access_list, password_file
from anxin.settings import BrokerAddress, Mqtt, parse_broker
from gateway.errors import BrokerRefusedError, BrokerUnreachableError
from gateway.session import BrokerAddress as Door
from gateway.sign_in import signed_in, tls_context

PATIENCE_S: Final = 60.0
"""A machine that was just switched on starts its broker within this time. Assumption."""
ACCOUNTS_READ_WITHIN_S: Final = 15.0
"""A Mosquitto whose files were just written may refuse us for so long. Assumption."""
_PAUSE_S: Final = 0.5
_TELL_EVERY_S: Final = 5.0
_CLIENT_ID: Final = "anxin-gateway-door"

Say = Callable[[str], None]


class AccountsFolder:
    """A folder with ``passwords`` and ``acl`` that a Mosquitto elsewhere reads (``scripts/container/mosquitto.sh``).

    The group of the folder may read them where its setgid bit is set; nobody else does.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def set_accounts(self, accounts: Accounts) -> bool:
        """Write both files, each whole or not at all; whoever runs the broker has it read them again.

        Raises:
            StartError: if the folder cannot be written to.
        """
        try:
            self._write("acl", access_list(accounts))
            self._write("passwords", password_file(accounts))
        except OSError as error:
            raise StartError(f"mqtt.accounts_dir: {self._path} cannot be written to ({error.strerror})") from error
        return True

    def _write(self, name: str, text: str) -> None:
        draft = self._path / f".{name}.draft"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path / name)


def told_broker(mqtt: Mqtt) -> BrokerAddress:
    """The broker of the settings, which must name one.

    Raises:
        ValueError: if it cannot be parsed, or we are to keep its accounts and it does not tell ours.
    """
    assert mqtt.broker is not None
    address = parse_broker(mqtt.broker.get_secret_value())
    if mqtt.accounts_dir is not None and (address.username != GATEWAY_USER or not address.password):
        raise ValueError(
            f"mqtt.accounts_dir: mqtt.broker must then say mqtt://{GATEWAY_USER}:PASSWORD@…, with a password of your"
            " choice, which is written to the broker's password file"
        )
    return address


async def until_let_in(mqtt: Mqtt, progress: Say) -> None:
    """Wait until the broker lets the gateway in.

    Raises:
        StartError: if it does not; the message says what to change.
    """
    door = _door(mqtt)
    where = f"the broker at {door.host}:{door.port}"
    loop = asyncio.get_running_loop()
    began = told_at = loop.time()
    while True:
        try:
            async with signed_in(door, _CLIENT_ID):
                return
        except BrokerRefusedError as error:
            patience_s, words = ACCOUNTS_READ_WITHIN_S if mqtt.accounts_dir else 0.0, str(error)
        except BrokerUnreachableError as error:
            patience_s, words = PATIENCE_S, str(error)
        if loop.time() - began >= patience_s:
            raise StartError(f"{where}: {words}")
        if loop.time() - told_at >= _TELL_EVERY_S:
            told_at = loop.time()
            progress(f"waits for {where}: {words}")
        await asyncio.sleep(_PAUSE_S)


async def why_not_let_in(mqtt: Mqtt) -> str | None:
    """What the broker says against us at this moment, in words; None when it lets us in.

    Raises:
        StartError: if the authority of its certificate cannot be read.
    """
    try:
        async with signed_in(_door(mqtt), f"{_CLIENT_ID}-status"):
            return None
    except (BrokerRefusedError, BrokerUnreachableError) as error:
        return str(error)


def _door(mqtt: Mqtt) -> Door:
    told = told_broker(mqtt)
    try:
        tls = tls_context(mqtt.ca_file) if told.tls else None
    except OSError as error:
        raise StartError(f"mqtt.ca_file: {mqtt.ca_file} holds no certificate that can be read ({error})") from error
    return Door(told.host, told.port, told.username, told.password, tls)
