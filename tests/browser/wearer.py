"""A stand-in for the demo: it remembers what was pressed, so that the drawer can be tried without a simulator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from dashboards.deps import DemoCounters, DemoStory, PhoneMessage


class PlayedDemo:
    """Implements ``DemoControl``."""

    def __init__(self) -> None:
        self.deeds: list[str] = []

    async def press_sos(self) -> None:
        self.deeds.append("press_sos")

    async def check_in(self) -> None:
        self.deeds.append("check_in")

    async def fall(self) -> None:
        self.deeds.append("fall")

    async def fall_motion(self) -> None:
        self.deeds.append("fall_motion")

    async def sit_down_hard(self) -> None:
        self.deeds.append("sit_down_hard")

    async def walk_away(self) -> None:
        self.deeds.append("walk_away")

    async def walk_about(self, how: Literal["pace", "lap", "roam"]) -> None:
        self.deeds.append(how)

    async def come_home(self) -> None:
        self.deeds.append("come_home")

    async def stop_moving(self) -> None:
        self.deeds.append("stop_moving")

    async def battery_out(self) -> None:
        self.deeds.append("battery_out")

    async def kill_gateway(self) -> None:
        self.deeds.append("kill_gateway")

    async def fast_minute(self) -> None:
        self.deeds.append("fast_minute")

    async def counters(self) -> DemoCounters:
        return DemoCounters(sent=1200, stored=1198, on_the_way=2, lost=0)

    async def phone(self) -> Sequence[PhoneMessage]:
        if "press_sos" not in self.deeds:
            return []
        return [PhoneMessage(t=1_750_000_000_000, to="13800138000", text="【安心】王秀英按了求助键", state="not_sent")]

    async def page(self) -> str | None:
        return "AAAAAAAAAAA" if await self.phone() else None

    def doing(self) -> str:
        lasting = [deed for deed in self.deeds if deed in ("walk_away", "pace", "lap", "roam", "come_home")]
        return lasting[-1].replace("come_home", "ordinary") if lasting else "ordinary"

    def story(self) -> DemoStory:
        return DemoStory(running="fast_minute" in self.deeds, clock="09:15", step=None)
