"""An evaluation as pictures: everybody's walks, and one by one the walks astray and the false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np

from anxin.evaluating.wandering.recordings import Home, Numbers
from anxin.evaluating.wandering.walks import Followed
from bench.pictures import kept, page

_WALKED: Final = "#4878a8"
_ORDINARY: Final = "#c9c9c9"
_PLACE: Final = "#7d5ba6"
_ASTRAY: Final = "#c4473a"
_RIGHT: Final = "#2f8f5b"
_FALSE: Final = "#d9822b"
_MARKERS: Final = {"zone_exit": "s", "night_exit": "*", "pattern": "D", "lost": "o"}
_PANELS: Final = 12
_COLUMNS: Final = 3
_NAMED: Final = 3
_OFTEN: Final = 10
"""Ground walked on so often is drawn as dark as any."""
_METRES_A_DEGREE: Final = 111_195.0


def drawn(followed: Sequence[Followed], folder: Path) -> list[Path]:
    """Draw the pictures into a folder, which is made where it is missing; returns their files."""
    folder.mkdir(parents=True, exist_ok=True)
    people = [list(own) for _, own in groupby(followed, key=lambda one: one.walk.subject)]
    astray = [one for one in followed if one.walk.is_stray]
    troubled = [one for one in followed if not one.walk.is_stray and one.is_alarmed()]
    found = [_people(people, folder / "wandering-people.png")]
    for some, words, name in (
        (astray, "walks astray, from the onset in red", "wandering-astray.png"),
        (troubled, "ordinary walks with an alarm", "wandering-false.png"),
    ):
        if some:
            found.append(_one_by_one(some, words, folder / name))
    return found


def _people(people: Sequence[Sequence[Followed]], path: Path) -> Path:
    figure, panels = _pages(len(people[:_PANELS]))
    figure.suptitle(
        f"{len(people[:_PANELS])} of {len(people)} people: ordinary walks, walks astray, and where alarms came"
    )
    for own, panel in zip(people[:_PANELS], panels.flat, strict=False):
        panel.set_axis_on()
        for one in own:
            east, north = _plane(one.walk.fixes.lat, one.walk.fixes.lon, one.walk.home)
            panel.plot(east, north, color=_ASTRAY if one.walk.is_stray else _ORDINARY, linewidth=0.7)
        for one in own:
            _alarms(one, panel)
        _home(own[-1].walk.home, panel)
        panel.set_aspect("equal", adjustable="datalim")
        panel.set_title(f"{own[0].walk.subject}: {len(own)} walks", fontsize=8)
    return kept(figure, panels.flat[0], path)


def _one_by_one(some: Sequence[Followed], words: str, path: Path) -> Path:
    """Each walk over what was known of the person when it began."""
    shown = some[:_PANELS]
    figure, panels = _pages(len(shown))
    figure.suptitle(f"{words}: {len(shown)} of {len(some)}; grey: known ways, circles: known places; metres")
    for one, panel in zip(shown, panels.flat, strict=False):
        panel.set_axis_on()
        walk = one.walk
        _known(one, panel)
        east, north = _plane(walk.fixes.lat, walk.fixes.lon, walk.home)
        panel.plot(east, north, color=_WALKED, linewidth=1.2)
        if walk.onset_ms is not None:
            since = walk.fixes.t >= walk.onset_ms
            panel.plot(east[since], north[since], color=_ASTRAY, linewidth=1.4)
        panel.plot(east[:1], north[:1], marker=">", color=_WALKED)
        _home(walk.home, panel)
        _alarms(one, panel)
        _frame(east, north, panel)
        panel.set_title(f"{walk.file}: {_verdict(one)}", fontsize=8)
    return kept(figure, panels.flat[0], path)


def _verdict(one: Followed) -> str:
    names = [call.said.rule.public_name.partition(".")[2] for call in one.calls()]
    some = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    if not one.walk.is_stray:
        return some or "an alarm stood from before"
    found, delay = one.finding(), one.delay_s()
    if found is None:
        return f"not found; too early: {some}" if some else "not found"
    after = "" if delay is None else f" after {delay / 60:.1f} min"
    return f"{found.rule.public_name.partition('.')[2]}{after}"


def _pages(panels: int) -> tuple[Any, Any]:
    figure, axes = page()
    axes.remove()
    across = min(panels, _COLUMNS)
    down = -(-panels // across)
    figure.set_size_inches(4.0 * across, 3.8 * down + 0.6)
    found = figure.subplots(down, across, squeeze=False)
    for panel in found.flat:
        panel.set_axis_off()
        panel.grid(visible=True, alpha=0.3)
        panel.tick_params(labelsize=7)
    return figure, found


def _plane(lat: Numbers, lon: Numbers, home: Home) -> tuple[Numbers, Numbers]:
    """Metres east and north of home, good enough to draw."""
    turn = (lon - home.lon + 180) % 360 - 180
    return turn * np.cos(np.radians(home.lat)) * _METRES_A_DEGREE, (lat - home.lat) * _METRES_A_DEGREE


def _known(one: Followed, panel: Any) -> None:
    """Where they are known to walk, the darker the oftener, and the places that they are known to visit."""
    known, home = one.known, one.walk.home
    east, north = _plane(known.lat, known.lon, home)
    shade = np.minimum(known.walks, _OFTEN) / _OFTEN
    panel.scatter(east, north, s=14, marker="s", c=shade, cmap="Greys", vmin=-0.4, vmax=1.4, linewidths=0, zorder=0)
    turn = np.linspace(0, 2 * np.pi, 60)
    for place in known.places:
        x, y = _plane(np.array([place.lat]), np.array([place.lon]), home)
        panel.plot(
            x + place.radius_m * np.cos(turn), y + place.radius_m * np.sin(turn), color=_PLACE, linewidth=1.0, zorder=1
        )


def _home(home: Home, panel: Any) -> None:
    panel.plot([0], [0], marker="P", color="black", markersize=7)
    if home.zone_radius_m is not None:
        turn = np.linspace(0, 2 * np.pi, 120)
        edge = home.zone_radius_m * np.cos(turn), home.zone_radius_m * np.sin(turn)
        panel.plot(*edge, color="black", linestyle=":", linewidth=0.8)


def _alarms(one: Followed, panel: Any) -> None:
    """Where the wearer was when each alarm came."""
    east, north = _plane(one.walk.fixes.lat, one.walk.fixes.lon, one.walk.home)
    for call in one.calls():
        at = max(0, int(np.searchsorted(one.walk.fixes.t, call.said.now_ms, "right")) - 1)
        marker = _MARKERS[call.said.rule.public_name.partition(".")[2]]
        colour = _FALSE if call.is_false else _RIGHT
        panel.plot([east[at]], [north[at]], marker=marker, color=colour, markersize=8, markeredgecolor="black")


def _frame(east: Numbers, north: Numbers, panel: Any) -> None:
    """Show this walk, not how far others went."""
    half = 0.6 * max(float(np.ptp(east)), float(np.ptp(north)), 100.0)
    middle_east, middle_north = float(east.min() + east.max()) / 2, float(north.min() + north.max()) / 2
    panel.set(xlim=(middle_east - half, middle_east + half), ylim=(middle_north - half, middle_north + half), aspect=1)
