"""Mosquitto as a child process, with files of ours."""

from __future__ import annotations

import signal
from typing import Final

from anxin.embedded.account import Account, service_account
from anxin.embedded.broker import Accounts, BrokerKind, find_mosquitto
from anxin.embedded.child import Child, spawn
from anxin.embedded.errors import BinaryMissing
from anxin.embedded.folder import DataFolder
from anxin.embedded.mosquitto_files import access_list, configuration, password_file
from anxin.embedded.ports import choose_port, reachable_host, until_listening
from anxin.embedded.service_home import service_home

_STOP: Final = ((signal.SIGTERM, 4.5),)


class Mosquitto:
    """The broker of choice: accounts can change while it runs, sessions and queues survive a restart.

    Args:
        folder: the data folder it belongs to.
        accounts: who may sign in at first.
        listen: the address to listen on.
        port: the port, 0 for a free one, which is then kept.
        account: under which account it runs; by default ours, or ``nobody`` for root.

    Raises:
        BinaryMissing: if Mosquitto is not installed.
        PortBusy: if another program listens there.
    """

    name = "broker"
    reports_itself = False
    kind: BrokerKind = "mosquitto"

    def __init__(
        self,
        folder: DataFolder,
        *,
        accounts: Accounts,
        listen: str = "127.0.0.1",
        port: int = 0,
        account: Account | None = None,
    ) -> None:
        self._folder = folder
        program = find_mosquitto()
        if program is None:
            raise BinaryMissing("mosquitto is not installed")
        self._program = program
        self._accounts = accounts
        self._listen = listen
        self._account = account or service_account()
        self._home = service_home(folder, self._account, "broker")
        self._log = folder.log / "broker.log"
        self.host = reachable_host(listen)
        self.port = choose_port(listen, port, "--mqtt-port")
        self.child: Child | None = None

    @property
    def port_v4(self) -> int:
        """The same port: one listener speaks both versions."""
        return self.port

    async def start(self) -> None:
        """Start it, on the same port and data as before, and wait until it accepts connections."""
        self._write("mosquitto.conf", configuration(listen=self._listen, port=self.port, home=self._home))
        self._write_accounts()
        self.child = spawn(
            "broker",
            [str(self._program), "-c", str(self._home / "mosquitto.conf")],
            folder=self._home,
            pid_folder=self._folder.run,
            log=self._log,
            account=self._account,
            death_signal=signal.SIGTERM,
        )
        await until_listening(self.child, self.host, self.port, str(self._log))

    async def stop(self) -> None:
        """Stop it; it saves its sessions and queues first."""
        if self.child is not None:
            await self.child.stop(_STOP)
            self.child = None

    def set_accounts(self, accounts: Accounts) -> bool:
        """Write the accounts and have them read again (SIGHUP); who is out is disconnected."""
        self._accounts = accounts
        self._write_accounts()
        if self.child is not None:
            self.child.signal(signal.SIGHUP)
        return True

    def _write_accounts(self) -> None:
        self._write("passwords", password_file(self._accounts))
        self._write("acl", access_list(self._accounts))

    def _write(self, name: str, text: str) -> None:
        draft = self._home / f"{name}.draft"
        draft.touch(mode=0o600)
        draft.write_text(text)
        self._account.own(draft)
        draft.replace(self._home / name)
