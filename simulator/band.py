"""A careful wristband: lives its wearer's day, cries for help until it is heard, obeys commands."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec
import structlog

from devices.clock import Clock
from devices.commands import Command
from devices.topics import device_topic
from simulator.device import Device, Kept
from simulator.ledger import Ledger
from simulator.link import BrokerAddress, Link, LinkLost
from simulator.motion_reports import windows
from simulator.obedience import Obedience
from simulator.resident import Life
from simulator.schedule import Schedule
from simulator.story import StoryClock
from simulator.wearer import WALKS, Doing, Wearer
from simulator.wrist import Motion

REPEAT_S: Final = 10.0
"""How often an unanswered cry for help is repeated. Source: contract section 2."""
SOON_S: Final = 10.0
"""The interval that a band announces before it falls silent, so that its silence is noticed soon."""
LEAVING_POSITION_S: Final = 5.0
FADING_HEARTBEAT_S: Final = 3.0
WINDOW_S: Final = 1.0
"""How much of a movement is sent at a time. Source: assumption; a fall is to be told soon."""
MOVED_MS: Final = 300_000
"""Whoever made a movement keeps the band on for so long."""
ASLEEP_MS: Final = 30_000
"""A report that is overdue by more was never measured."""

_log = structlog.get_logger(__name__)


class Receipt(msgspec.Struct, frozen=True):
    """The gateway's word that a cry for help is stored."""

    kind: str
    t: int
    seq: int = -1


class Cry(NamedTuple):
    """What identifies a cry for help; repeated unchanged until a receipt names it."""

    kind: str
    t: int
    seq: int


_decode_receipt = msgspec.json.Decoder(Receipt).decode


class Band(Device):
    """A band on a wrist. ``run`` lives; ``press``, ``fall`` and ``do`` are the wearer's."""

    def __init__(
        self,
        site: str,
        life: Life,
        *,
        link: Link,
        ledger: Ledger,
        clock: Clock,
        story: StoryClock,
        machines: Mapping[str, Device] = MappingProxyType({}),
        repeat_s: float = REPEAT_S,
    ) -> None:
        super().__init__(site, life.person.device, link=link, ledger=ledger, clock=clock)
        self.schedule = Schedule(life, story.story(clock.now_ms()), speed=story.speed)
        self.wearer = Wearer(life)
        self.unheard: dict[Cry, asyncio.Event] = {}
        """Cries for help without a receipt."""
        self._story = story
        self._machines = machines
        self._repeat_s = repeat_s
        self._changed = asyncio.Event()
        self._moves_until = 0
        self._begun: asyncio.Queue[tuple[str, Callable[[], Coroutine[Any, Any, None]]]] = asyncio.Queue()
        self.obedience = Obedience(
            self.device,
            self.wearer,
            clock=clock,
            carry_out=self._carry_out,
            say=lambda answer: self.keep(Kept("command_ack", answer)),
            ask=self._ask_wearer,
        )
        link.listen(device_topic(site, self.device, "command"), self.obedience.hear)
        link.listen(device_topic(site, self.device, "receipt"), self.hear)

    async def run(self) -> None:
        """Live, send and cry; never returns."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._live(), name=f"{self.device} lives")
            tasks.create_task(self.send(), name=f"{self.device} sends")
            while True:
                what, work = await self._begun.get()
                tasks.create_task(work(), name=f"{self.device} {what}")

    def press(self, *, cancel: bool = False) -> Cry:
        """Press the SOS button, or take the press back."""
        return self._raise("sos", self._here() | ({"cancel": True} if cancel else {}))

    def check_in(self) -> None:
        """Press "I am well"."""
        self.report("checkin", self.clock.now_ms(), {})

    def fall(self, *, confidence: float = 0.93, impact_g: float = 3.4) -> Cry:
        """Fall, and let the band notice."""
        return self._raise("fall", {"confidence": confidence, "impact_g": impact_g})

    def move(self, motion: Motion) -> int:
        """Make a movement from now on, or after the one that is being made, and send what the wrist feels as it comes.

        Whoever moves wears the band, be it that they charge it at this hour on other days: a heartbeat says so first.

        Returns:
            When it begins, ms.
        """
        begin = max(self.clock.now_ms(), self._moves_until)
        self._moves_until = begin + round(1000 * len(motion.t_ms) / motion.rate_hz)
        self.wearer.worn_until = self._moves_until + MOVED_MS
        self._hurry()
        # Numbered now, so that no reading comes into being whose time the ledger has settled already.
        felt = [self.number(each.kind, each.t, each.fields) for each in windows(motion, begin, seconds=WINDOW_S)]
        self._begun.put_nowait(("moves", partial(self._feel, felt)))
        return begin

    def do(self, doing: Doing, *, interval_s: float | None = None) -> None:
        """Begin something out of the ordinary, or ``ordinary`` to end it.

        ``interval_s`` is what the band announces from now on, wall-clock seconds.
        """
        now = self.clock.now_ms()
        self.wearer.begin(doing, now)
        pace = self.schedule.pace
        pace.position_s = LEAVING_POSITION_S if doing in WALKS else None
        usual_s = {"stop_moving": SOON_S, "battery_out": FADING_HEARTBEAT_S}.get(doing)
        pace.heartbeat_s = usual_s if interval_s is None else interval_s
        self._hurry()

    def hear(self, payload: bytes) -> None:
        """Stop repeating the cry that a receipt names."""
        try:
            receipt = _decode_receipt(payload)
        except msgspec.MsgspecError:
            _log.warning("unreadable receipt", device=self.device)
            return
        heard = self.unheard.get(Cry(receipt.kind, receipt.t, receipt.seq))
        if heard is not None:
            heard.set()

    def _carry_out(self, command: Command) -> None:
        match command.name:
            case "locate":
                self._hurry()
            case "set_interval":
                usual = bool(command.args.get("usual", False))
                self.schedule.pace.position_s = None if usual else float(command.args["position_s"])
                self.schedule.pace.heartbeat_s = None if usual else float(command.args["heartbeat_s"])
                self._hurry()
            case _:
                pass

    def _ask_wearer(self, question: Command) -> None:
        self._begun.put_nowait(("asks its wearer", partial(self.obedience.ask_wearer, question)))

    def _hurry(self) -> None:
        self.schedule.hurry(self._story.story(self.clock.now_ms()))
        self._changed.set()

    def _here(self) -> dict[str, object]:
        now = self.clock.now_ms()
        fix = self.schedule.life.fix(self._story.story(now))
        lat, lon = self.wearer.position(now) or (fix["lat"], fix["lon"])
        return {"lat": lat, "lon": lon, "accuracy_m": fix["accuracy_m"]}

    def _raise(self, kind: str, fields: dict[str, object]) -> Cry:
        t = self.clock.now_ms()
        kept = self.number(kind, t, fields)
        cry = Cry(kind, t, self._next_seq - 1)
        self.unheard[cry] = asyncio.Event()
        self._begun.put_nowait(("cries", partial(self._cry, cry, kept)))
        return cry

    async def _cry(self, cry: Cry, kept: Kept) -> None:
        """Send one cry for help, unchanged, until its receipt comes; it never waits behind other readings."""
        heard, booked = self.unheard[cry], False
        while not heard.is_set():
            await self.link.up.wait()
            try:
                await self.transmit([kept])
            except LinkLost:
                await asyncio.sleep(0)
                continue
            if not booked:
                self.settle(kept)
                booked = True
            try:
                async with asyncio.timeout(self._repeat_s):
                    await heard.wait()
            except TimeoutError:
                _log.info("repeating a cry for help", device=self.device, kind=kept.kind, seq=cry.seq)
        self.forget(kept)
        del self.unheard[cry]

    async def _feel(self, felt: Sequence[Kept]) -> None:
        """Send each window once its last sample is taken."""
        for kept in felt:
            taken = int(str(kept.body["t"])) + round(WINDOW_S * 1000)
            await asyncio.sleep(max(0, taken - self.clock.now_ms()) / 1000)
            self.keep(kept)

    async def _live(self) -> None:
        while True:
            wait_ms = self._story.wall(self.schedule.due()) - self.clock.now_ms()
            if wait_ms > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_ms / 1000):
                        await self._changed.wait()
                self._changed.clear()
                continue
            if wait_ms < -ASLEEP_MS:
                self._wake_up()
                continue
            report = self.wearer.alter(self.schedule.take()._replace(t=self.clock.now_ms()))
            if report is not None:
                device = self._machines.get(report.machine or "", self)
                device.report(report.kind, report.t, report.fields)

    def _wake_up(self) -> None:
        """This machine slept: what the band would have measured meanwhile was not measured."""
        pace = self.schedule.pace
        self.schedule = Schedule(self.schedule.life, self._story.story(self.clock.now_ms()), speed=self._story.speed)
        self.schedule.pace = pace


def band_link(broker: BrokerAddress, site: str, device: str) -> Link:
    """A link that signs in as one device, with its last will."""
    link = Link(broker, device, presence_topic=device_topic(site, device, "presence"))
    link.subscribe(device_topic(site, device, "command"))
    link.subscribe(device_topic(site, device, "receipt"))
    return link
