"""What the console needs from outside, handed to ``dashboards.api.create_app`` in one frozen value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import urlsplit

import msgspec
from psycopg_pool import AsyncConnectionPool

from alerts.ports import AlarmStore
from devices.clock import Clock
from gateway.store.accounts import USUAL, SessionRules
from gateway.store.connection import Connection


class DemoCounters(msgspec.Struct, frozen=True, kw_only=True):
    """The readings of the demo; ``lost`` = sent − stored − on the way, and must stay 0."""

    sent: int
    stored: int
    on_the_way: int
    lost: int


class PhoneMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One SMS on the daughter's phone; ``t`` in ms, ``state`` as in the outbox."""

    t: int
    to: str
    text: str
    state: str


class DemoStory(msgspec.Struct, frozen=True, kw_only=True):
    """Where the minute of fast time is; ``clock`` is the story's own time of day, for example ``09:15``."""

    running: bool
    clock: str | None = None
    step: str | None = None


class DemoControl(Protocol):
    """The demo's drawer *Be the wearer*."""

    async def press_sos(self) -> None:
        """Press the button of the wearer's band."""
        ...

    async def check_in(self) -> None:
        """Press "I am well"."""
        ...

    async def fall(self) -> None:
        """Let the wearer fall."""
        ...

    async def fall_motion(self) -> None:
        """Let the wearer fall so that only the motion of the wrist tells, and nobody answers."""
        ...

    async def sit_down_hard(self) -> None:
        """Let the wearer drop into a chair: motion that is no fall."""
        ...

    async def walk_away(self) -> None:
        """Let the wearer leave the safe zone."""
        ...

    async def walk_about(self, how: Literal["pace", "lap", "roam"]) -> None:
        """Let the wearer walk to and fro, round and round, or about, near home and inside the zone."""
        ...

    async def come_home(self) -> None:
        """Let the wearer go back to their ordinary day."""
        ...

    async def stop_moving(self) -> None:
        """Let the wearer's band fall silent."""
        ...

    async def battery_out(self) -> None:
        """Run the band's battery down."""
        ...

    async def kill_gateway(self) -> None:
        """Kill the gateway's process; the supervisor brings it back."""
        ...

    async def fast_minute(self) -> None:
        """Start the minute of fast time."""
        ...

    async def counters(self) -> DemoCounters:
        """Readings sent, stored, on the way and lost."""
        ...

    async def phone(self) -> Sequence[PhoneMessage]:
        """What the daughter's phone shows, oldest first."""
        ...

    async def page(self) -> str | None:
        """The token of the page behind the daughter's newest message; None before there is one."""
        ...

    def doing(self) -> str:
        """What the wearer goes on doing: ``ordinary``, ``walk_away``, ``pace``, ``lap``, ``roam`` and so on."""
        ...

    def story(self) -> DemoStory:
        """Where the minute of fast time is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttInfo:
    """Where devices connect, as shown to whoever sets one up; ``per_device`` is False with ``iotcore``."""

    host: str
    port: int
    kind: str = "mosquitto"
    per_device: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """A server of tiles that lies under the console's maps: each view tells it which places are looked at.

    ``url`` holds ``{z}``, ``{x}`` and ``{y}``; ``max_zoom`` is the nearest that it has.
    """

    url: str
    attribution: str | None = None
    max_zoom: int = 18

    @property
    def origin(self) -> str:
        """The one host from which browsers may fetch them."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioWebhooks:
    """What webhooks need of the account that sends: its token, our own numbers, the address that it calls."""

    auth_token: str = field(repr=False)
    numbers: tuple[str, ...] = ()
    public_url: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """Everything the console works with.

    ``pool`` must be open as long as the application lives; ``conninfo`` is for the change listener, which
    keeps connections of its own. ``secure_cookies`` is True where the console is reached over https.
    ``twilio`` None: there is no account, and its webhooks are refused. ``public_url``: where phones reach the
    console from outside, without a slash at its end; None: nobody said so. ``tiles`` None: maps without streets.
    ``test_press_days``: after so many days a button is to be tried out again.
    """

    conninfo: str
    pool: AsyncConnectionPool[Connection]
    alarm_store: AlarmStore
    clock: Clock
    mqtt: MqttInfo
    version: str = "0"
    demo: DemoControl | None = None
    secure_cookies: bool = False
    twilio: TwilioWebhooks | None = None
    public_url: str | None = None
    session_rules: SessionRules = USUAL
    tiles: Tiles | None = None
    test_press_days: int = 30
