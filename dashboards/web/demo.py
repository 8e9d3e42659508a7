"""The demo's drawer: buttons that play the wearer, the counter, the daughter's phone, the fast minute."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from dashboards.api.access import Acting, DepsOf, SignedIn
from dashboards.api.problems import Problem
from dashboards.deps import DemoControl, Deps
from devices.refusals import Refusal, no_such

router = APIRouter(prefix="/demo", include_in_schema=False)

DEEDS: Final[dict[str, Callable[[DemoControl], Awaitable[None]]]] = {
    "press-sos": lambda control: control.press_sos(),
    "check-in": lambda control: control.check_in(),
    "fall": lambda control: control.fall(),
    "fall-motion": lambda control: control.fall_motion(),
    "sit-down-hard": lambda control: control.sit_down_hard(),
    "walk-away": lambda control: control.walk_away(),
    "pace": lambda control: control.walk_about("pace"),
    "lap": lambda control: control.walk_about("lap"),
    "roam": lambda control: control.walk_about("roam"),
    "come-home": lambda control: control.come_home(),
    "stop-moving": lambda control: control.stop_moving(),
    "battery-out": lambda control: control.battery_out(),
    "kill-gateway": lambda control: control.kill_gateway(),
    "fast-minute": lambda control: control.fast_minute(),
}
"""What can be done, by the last part of its address."""


def _control(deps: Deps) -> DemoControl:
    if deps.demo is None:
        raise Problem(404, Refusal("demo.off", "this is not the demo"))
    return deps.demo


@router.get("/state")
async def state(deps: DepsOf, _: SignedIn) -> Response:
    """Counter, phone and story of this moment, and by which button what the wearer does began."""
    control = _control(deps)
    answer = {
        "counters": await control.counters(),
        "phone": await control.phone(),
        "story": control.story(),
        "doing": "come-home" if control.doing() == "ordinary" else control.doing().replace("_", "-"),
    }
    return Response(msgspec.json.encode(answer), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/page")
async def daughters_page(deps: DepsOf, _: SignedIn) -> Response:
    """What the daughter sees when she opens the link of her newest message."""
    token = await _control(deps).page()
    if token is None:
        raise Problem(404, Refusal("demo.no_message", "the daughter has no message yet"))
    return RedirectResponse(f"/a/{token}", 303)


@router.post("/{deed}")
async def do(deps: DepsOf, _: Acting, deed: str) -> Response:
    """Play the wearer, kill the gateway, or start the fast minute."""
    control = _control(deps)
    if deed not in DEEDS:
        raise Problem(404, no_such("deed"))
    await DEEDS[deed](control)
    return Response(b"{}", 202, media_type="application/json")
