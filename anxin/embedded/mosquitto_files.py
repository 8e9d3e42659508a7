"""What Mosquitto reads: its configuration, password file and access list, written by us."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from anxin.embedded.broker import GATEWAY_USER, SITE_USER_PREFIX, Accounts, is_reserved_user
from devices.credentials import mosquitto_password_hash
from devices.kinds import Kind
from devices.topics import PREFIX

_log = structlog.get_logger(__name__)

MAX_QUEUED_MESSAGES: Final = 100_000_000
"""No bound by number. 0 says the same, but then Mosquitto 2.0 hangs up on a client whose publication it denies
(it compares the client's outgoing packets with this number). Source: measured with 2.0.11."""
MAX_QUEUED_BYTES: Final = 1 << 30
"""What waits for one subscriber at most. Beyond it Mosquitto drops in silence: the gateway watches the level."""
MAX_MESSAGE_BYTES: Final = 16 << 20
"""1,000 stored readings with motion windows in one payload."""

_TO_DEVICE: Final = ("command", "receipt")
_OF_SIMULATOR: Final = ("simulate", "counters")
"""What the simulator and those who play a wearer tell each other; the gateway does not subscribe to it."""


def configuration(*, listen: str, port: int, home: Path) -> str:
    """``mosquitto.conf``: everything that Mosquitto's defaults would lose in silence is told to be kept."""
    settings: Mapping[str, str | int] = {
        "per_listener_settings": "false",
        "listener": f"{port} {listen}",
        "allow_anonymous": "false",
        "password_file": str(home / "passwords"),
        "acl_file": str(home / "acl"),
        "persistence": "true",
        "persistence_location": f"{home}/",
        "persistence_file": "mosquitto.db",
        # Seconds, because autosave_on_changes is false: what a killed broker may lose.
        "autosave_interval": 1,
        "autosave_on_changes": "false",
        "max_queued_messages": MAX_QUEUED_MESSAGES,
        "max_queued_bytes": MAX_QUEUED_BYTES,
        "max_inflight_messages": 0,
        "message_size_limit": MAX_MESSAGE_BYTES,
        "set_tcp_nodelay": "true",
        "sys_interval": 5,
        "connection_messages": "false",
        "log_dest": "stderr",
        "log_timestamp_format": "%Y-%m-%dT%H:%M:%S",
    }
    lines = [f"{name} {value}" for name, value in settings.items()]
    return "\n".join([*lines, "log_type error", "log_type warning", "log_type notice", ""])


def password_file(accounts: Accounts) -> str:
    """One line an account. A device whose id is a service's user name is left out."""
    lines = [f"{user}:{mosquitto_password_hash(password)}" for user, password in accounts.service_passwords.items()]
    for device, hashed in accounts.device_hashes.items():
        if is_reserved_user(device):
            _log.warning("device cannot sign in under a reserved name", device=device)
        else:
            lines.append(f"{device}:{hashed}")
    return "\n".join([*lines, ""])


def access_list(accounts: Accounts) -> str:
    """The gateway reads all and writes to devices; a device and a site write and read what is theirs."""
    lines = [
        f"user {GATEWAY_USER}",
        f"topic read {PREFIX}/#",
        "topic read $SYS/#",
        *(f"topic write {PREFIX}/+/+/{leaf}" for leaf in _TO_DEVICE),
        f"topic write {PREFIX}/+/alarms",
        f"topic write {PREFIX}/_gateway/+/marker",
    ]
    for site in accounts.site_passwords:
        lines += [
            f"user {SITE_USER_PREFIX}{site}",
            *(f"topic write {PREFIX}/{site}/+/{kind.topic_name}" for kind in Kind),
            *(f"topic read {PREFIX}/{site}/+/{leaf}" for leaf in _TO_DEVICE),
            f"topic read {PREFIX}/{site}/alarms",
            *(f"topic readwrite {PREFIX}/{site}/+/{leaf}" for leaf in _OF_SIMULATOR),
        ]
    lines += [f"pattern write {PREFIX}/+/%u/{kind.topic_name}" for kind in Kind]
    lines += [f"pattern read {PREFIX}/+/%u/{leaf}" for leaf in (*_TO_DEVICE, "simulate")]
    return "\n".join([*lines, ""])
