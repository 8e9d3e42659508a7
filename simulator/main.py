"""``anxin simulate``: a community that lives, at any broker, controlled over MQTT alone.

Control: ``anxin/v1/<site>/<device>/simulate`` takes ``{"do": …}`` with ``sos``, ``cancel``, ``checkin``, ``fall``,
``fall_motion``, ``sit_down_hard``, ``walk_away``, ``pace``, ``lap``, ``roam``, ``stop_moving``, ``battery_out`` or
``ordinary``; further ``interval_s`` (what the band announces) and ``answer`` (what the wearer will answer when asked).
Counters are published retained on ``anxin/v1/<site>/simulator/counters`` once a second; they are those of
``simulator.ledger``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Never, cast

import msgspec
import structlog

from devices.clock import Clock, SteadyClock
from devices.topics import device_topic
from simulator.band import REPEAT_S, Band, band_link
from simulator.community import Person, invent
from simulator.device import Device
from simulator.die import Die
from simulator.ledger import Counts, Ledger
from simulator.link import BrokerAddress, Link, LinkLost
from simulator.movements import MOVEMENTS
from simulator.resident import Life
from simulator.scenarios import SCENARIOS
from simulator.story import StoryClock
from simulator.wearer import DOINGS, Doing

BANDS_PER_LINK: Final = 100
COUNTERS_S: Final = 1.0
SAY_EVERY: Final = 10

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What ``anxin simulate`` may be told. ``device``: be this one band only, signed in with its own account."""

    broker: BrokerAddress
    site: str = "demo"
    residents: int = 200
    speed: float = 1.0
    seed: int = 1
    scenario: str = "ordinary"
    device: str | None = None
    prefix: str = "band"
    repeat_s: float = REPEAT_S


class Instruction(msgspec.Struct, frozen=True):
    """What somebody wants the wearer of a band to do."""

    do: str
    interval_s: float | None = None
    answer: Literal["ok", "help", "none"] | None = None


_decode_instruction = msgspec.json.Decoder(Instruction).decode
_encode = msgspec.json.Encoder().encode


def counters_topic(site: str) -> str:
    """Where the counters are published, retained."""
    return device_topic(site, "simulator", "counters")


def instruction_topic(site: str, device: str) -> str:
    """Where the wearer of a band can be played."""
    return device_topic(site, device, "simulate")


TAKEN_OVER: Final = 4
"""So many connections are no accident: somebody else signs in by our names. Assumption."""


class Simulation:
    """A running community: its links, bands and ledger."""

    def __init__(self, options: Options, *, clock: Clock | None = None) -> None:
        self.options = options
        self.clock = clock or SteadyClock()
        self.ledger = Ledger(self.clock.now_ms())
        self._story = StoryClock(self.clock.now_ms(), speed=options.speed)
        community = invent(site=options.site, residents=options.residents, seed=options.seed, prefix=options.prefix)
        people = [p for p in community.residents if options.device in (None, p.device)]
        if not people:
            message = f"no resident of this community wears {options.device}"
            raise ValueError(message)
        self.links = self._links(len(people))
        self.machines = {} if options.device is not None else self._machines(community.machines)
        self.bands = [self._band(index, person) for index, person in enumerate(people)]

    def counts(self) -> Counts:
        """The figures of this moment."""
        return self.ledger.counts(self.clock.now_ms())

    async def run(self, say: Callable[[str], None] = lambda _: None) -> Never:
        """Live until cancelled; ``say`` gets a line with the counters every ten seconds."""
        async with asyncio.TaskGroup() as tasks:
            for number, link in enumerate(self.links):
                tasks.create_task(link.run(), name=f"link {number}")
            for device in self.machines.values():
                tasks.create_task(device.send(), name=f"{device.device} sends")
            for band in self.bands:
                tasks.create_task(band.run(), name=f"{band.device} lives")
            tasks.create_task(self._scenario(), name="scenario")
            await self._publish_counters(say)
        raise AssertionError

    def instruct(self, band: Band, payload: bytes) -> None:
        """Let the wearer of a band do what an instruction says."""
        try:
            instruction = _decode_instruction(payload)
        except msgspec.MsgspecError:
            _log.warning("unreadable instruction", device=band.device)
            return
        if instruction.answer is not None:
            band.wearer.answer = instruction.answer
        match instruction.do:
            case "sos" | "cancel":
                band.press(cancel=instruction.do == "cancel")
            case "checkin":
                band.check_in()
            case "fall":
                band.fall()
            case movement if movement in MOVEMENTS:
                band.move(MOVEMENTS[movement]())
            case doing if doing in DOINGS:
                band.do(cast("Doing", doing), interval_s=instruction.interval_s)
            case _:
                _log.warning("unknown instruction", device=band.device)

    def _links(self, bands: int) -> list[Link]:
        options = self.options
        if options.device is not None:
            return [band_link(options.broker, options.site, options.device)]
        links = [
            Link(options.broker, f"simulator-{options.site}-{options.prefix}-{number}")
            for number in range(1 + (bands - 1) // BANDS_PER_LINK)
        ]
        for link in links:
            for leaf in ("command", "receipt", "simulate"):
                link.subscribe(device_topic(options.site, "+", leaf))
        return links

    def _machines(self, ids: tuple[str, ...]) -> dict[str, Device]:
        return {
            device.rpartition("-")[2]: Device(
                self.options.site, device, link=self.links[0], ledger=self.ledger, clock=self.clock
            )
            for device in ids
        }

    def _band(self, index: int, person: Person) -> Band:
        link = self.links[index // BANDS_PER_LINK]
        band = Band(
            self.options.site,
            Life(person, self.options.seed),
            link=link,
            ledger=self.ledger,
            clock=self.clock,
            story=self._story,
            machines=self.machines,
            repeat_s=self.options.repeat_s,
        )
        link.listen(instruction_topic(self.options.site, band.device), lambda payload: self.instruct(band, payload))
        return band

    async def _scenario(self) -> None:
        await self.links[0].up.wait()
        await SCENARIOS[self.options.scenario](self.bands, Die(self.options.seed, self.options.scenario))

    async def _publish_counters(self, say: Callable[[str], None]) -> None:
        second = 0
        while True:
            counts = self.counts()
            if self.options.device is None:
                with contextlib.suppress(LinkLost):
                    await self.links[0].publish(counters_topic(self.options.site), _encode(counts), retain=True)
            if second % SAY_EVERY == 0:
                if second and (advice := advice_for(self.links[0], self.options)):
                    say(advice)
                say(f"sent {counts.sent}  acknowledged {counts.acked}  repeated {counts.repeated}")
            second += 1
            await asyncio.sleep(COUNTERS_S)


def advice_for(link: Link, options: Options) -> str | None:
    """What to do where the broker does not let us in, or throws us out again and again; None: all is well."""
    broker = f"{options.broker.host}:{options.broker.port}"
    if link.was_up == 0 and link.trouble is not None:
        return (
            f"no connection to the broker at {broker} ({link.trouble}): is the system running, and is the address"
            " right? --broker HOST:PORT names another"
        )
    if link.was_up >= TAKEN_OVER:
        return (
            f"the broker at {broker} has ended our connection {link.was_up - 1} times: another simulator of the site"
            f" {options.site!r} seems to run there, as anxin demo has one of its own. Stop it, or name another site"
            " with --site; a system that anxin up started has none"
        )
    return None


async def run(options: Options, say: Callable[[str], None] = print) -> Never:
    """Simulate until cancelled.

    Raises:
        ValueError: No such scenario, or no such device in the community.
    """
    if options.scenario not in SCENARIOS:
        message = f"no scenario {options.scenario!r}; there are {', '.join(SCENARIOS)}"
        raise ValueError(message)
    await Simulation(options).run(say)
