"""The embedded broker: one port, implemented by Mosquitto (where it is installed) and by ``iotcore``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

from anxin.embedded.child import Child
from anxin.embedded.folder import DataFolder

BrokerKind = Literal["mosquitto", "iotcore"]

GATEWAY_USER: Final = "gateway"
SITE_USER_PREFIX: Final = "site-"


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a client signs in."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Everyone who may sign in: the gateway, one account a site, and the devices by their own id."""

    gateway_password: str = field(repr=False)
    site_passwords: Mapping[str, str] = field(repr=False, default_factory=dict)
    """Site → password of ``site-<site>``: a site's bridge, the simulator, and on iotcore every device."""
    device_hashes: Mapping[str, str] = field(repr=False, default_factory=dict)
    """Device → hash in Mosquitto's own format (``devices.credentials``)."""

    @property
    def service_passwords(self) -> dict[str, str]:
        """User name → password of everyone who is not a device."""
        sites = {f"{SITE_USER_PREFIX}{site}": password for site, password in self.site_passwords.items()}
        return {GATEWAY_USER: self.gateway_password, **sites}


def is_reserved_user(name: str) -> bool:
    """Tell whether a device may not have this id, because a service signs in under it."""
    return name == GATEWAY_USER or name.startswith(SITE_USER_PREFIX)


def gateway_credentials(folder: DataFolder) -> Credentials:
    """How the gateway signs in to the embedded broker of this folder."""
    return Credentials(GATEWAY_USER, folder.secret("mqtt-gateway"))


def site_credentials(folder: DataFolder, site: str) -> Credentials:
    """How a site's bridge signs in to the embedded broker of this folder."""
    return Credentials(f"{SITE_USER_PREFIX}{site}", folder.secret(f"mqtt-site-{site}"))


class Broker(Protocol):
    """An MQTT broker as a child process."""

    @property
    def name(self) -> str:
        """``broker``."""
        ...

    @property
    def kind(self) -> BrokerKind:
        """Which implementation it is."""
        ...

    @property
    def reports_itself(self) -> bool:
        """False: it serves when ``start`` returns."""
        ...

    @property
    def host(self) -> str:
        """By which host a program on this machine reaches it."""
        ...

    @property
    def port(self) -> int:
        """The port for MQTT 5, and for 3.1.1 too where ``port_v4`` is the same."""
        ...

    @property
    def port_v4(self) -> int:
        """The port for MQTT 3.1.1."""
        ...

    @property
    def child(self) -> Child | None:
        """Its process, None before the start and after the stop."""
        ...

    async def start(self) -> None:
        """Start it, on the same port and data as before, and wait until it accepts connections."""
        ...

    async def stop(self) -> None:
        """Stop it: what it has acknowledged is on the disk afterwards, where it keeps anything there."""
        ...

    def set_accounts(self, accounts: Accounts) -> bool:
        """Let these sign in and nobody else; False when that needs a restart of the broker."""
        ...


def find_mosquitto() -> Path | None:
    """The installed Mosquitto, or None."""
    folders = [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
    found = shutil.which("mosquitto", path=os.pathsep.join(folders))
    return None if found is None else Path(found)
