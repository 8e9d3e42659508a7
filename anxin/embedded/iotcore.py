"""``iotcore`` (rumqttd in a wheel) as a child process: for trying out where Mosquitto is not installed.

Its limits, told in the log at every start: a listener each for MQTT 5 and 3.1.1; a password table that is
read at the start only, one password a site; no access list; sessions and queues in memory only.
It runs under our own account, because the interpreter may be out of reach for another one.
"""

from __future__ import annotations

import json
import signal
import sys
from typing import Final

import structlog

from anxin.embedded.broker import Accounts, BrokerKind
from anxin.embedded.child import Child, spawn
from anxin.embedded.folder import DataFolder
from anxin.embedded.ports import choose_port, reachable_host, until_listening

_log = structlog.get_logger(__name__)

_STOP: Final = ((signal.SIGTERM, 3.0),)
_MAX_MESSAGE_BYTES: Final = 16 << 20
_WINDOW: Final = 1000
_SEGMENT_BYTES: Final = 64 << 20
_SEGMENTS: Final = 8


class Iotcore:
    """The broker that comes with ``pip``.

    Args:
        folder: the data folder it belongs to.
        accounts: who may sign in; devices sign in with their site's account.
        listen: the address to listen on.
        port: the port for MQTT 5, 0 for a free one; 3.1.1 gets a free one.

    Raises:
        PortBusy: if another program listens there.
    """

    name = "broker"
    reports_itself = False
    kind: BrokerKind = "iotcore"

    def __init__(self, folder: DataFolder, *, accounts: Accounts, listen: str = "127.0.0.1", port: int = 0) -> None:
        self._folder = folder
        self._accounts = accounts
        self._listen = listen
        self._log_file = folder.log / "broker.log"
        self.host = reachable_host(listen)
        self.port = choose_port(listen, port, "--mqtt-port")
        self.port_v4 = choose_port(listen, 0, "--mqtt-port")
        self.child: Child | None = None

    async def start(self) -> None:
        """Start it, on the same ports as before, and wait until it accepts connections."""
        _log.warning(
            "the broker is iotcore: no access list, one password a site, sessions in memory only;"
            " install mosquitto for anything but trying out",
            port=self.port,
            port_for_mqtt_3=self.port_v4,
        )
        home = self._folder.path / "broker"
        home.mkdir(mode=0o700, exist_ok=True)
        config = home / "rumqttd.toml"
        config.touch(mode=0o600)
        config.write_text(self._configuration())
        self.child = spawn(
            "broker",
            [sys.executable, "-m", "anxin.embedded.iotcore_process", str(config)],
            folder=home,
            pid_folder=self._folder.run,
            log=self._log_file,
        )
        for port in (self.port, self.port_v4):
            await until_listening(self.child, self.host, port, str(self._log_file))

    async def stop(self) -> None:
        """Stop it; its sessions and queues are gone."""
        if self.child is not None:
            await self.child.stop(_STOP)
            self.child = None

    def set_accounts(self, accounts: Accounts) -> bool:
        """Take the accounts for the next start; True when the running table is the same."""
        same = accounts.service_passwords == self._accounts.service_passwords
        self._accounts = accounts
        if not same:
            _log.warning("a new site can sign in to iotcore after its next start only")
        return same

    def _configuration(self) -> str:
        listeners = "".join(
            f"""
[{version}.1]
name = "{version}-1"
listen = "{self._listen}:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = {_MAX_MESSAGE_BYTES}
max_inflight_count = {_WINDOW}
dynamic_filters = true
[{version}.1.connections.auth]
{self._passwords()}
"""
            for version, port in (("v5", self.port), ("v4", self.port_v4))
        )
        return f"""id = 0
[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = {_WINDOW}
max_segment_size = {_SEGMENT_BYTES}
max_segment_count = {_SEGMENTS}
{listeners}"""

    def _passwords(self) -> str:
        # A JSON string of plain characters is a TOML string.
        return "\n".join(
            f"{json.dumps(user)} = {json.dumps(password)}"
            for user, password in self._accounts.service_passwords.items()
        )
