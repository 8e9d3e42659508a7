"""How somebody's way turns: measures of a path over the last minutes, by which walking to and fro is told from going.

Source of the idea: θ_WD, the turning of a trace as it grows (Lin, Zhang, Huang, Ni & Zhou 2012, 12th ICARCV, 672,
doi:10.1109/ICARCV.2012.6485238, hal-01297724), and the four ways of travelling: direct, pacing, lapping, random
(Martino-Saltzman, Blasch, Morris & McNeal 1991, doi:10.1093/geront/31.5.666).

A ring of ``RING`` fixes at least ``STEP_MS`` apart is kept in the device's trek: no thinning by distance, since whoever
stands still must look still. It begins anew where nobody can have walked and where little is known (``GAP_MS``).
"""

from __future__ import annotations

from math import atan2, isnan, log, pi, sqrt
from typing import Any, Final, NamedTuple

from alerts.engine.compiled import entry, inner
from alerts.engine.geometry import length_m
from alerts.engine.layout import NEVER

RING: Final = 32
STEP_MS: Final = 25_000
"""Closer fixes share their error, which drifts over a minute or two, and tell little."""
GAP_MS: Final = 300_000
WALK_MPS: Final = 3.0
"""As ``trek.WALK_MPS``."""
MOST_M: Final = 30_000.0
"""16 bits hold no more metres."""
LEG_M: Final = 8.0
"""Shorter steps have no direction that an error of a few metres would leave alone. Assumption, ADR-34."""
STILL_MPS: Final = 0.35
"""Slower is standing, or the drift of a receiver. Assumption, ADR-34."""
USUAL_STEP_S: Final = 30.0
OF_TOLD: Final = 0.6
"""Of the fixes of a way must tell their speed for it to count: the rest are by Wi-Fi. Assumption, ADR-49."""
SPEED_MPS: Final = 0.02
"""The unit of the speeds that bands tell; half a step's worth is below what a receiver knows."""
UNTOLD: Final = 255
WALKS_MPS: Final = 0.5
"""So fast nobody stands, even between houses. Assumption, ADR-49: twice the error of a receiver there."""
SHUFFLES_MPS: Final = 0.3
"""So fast nobody stands under open sky, and the frailest walk. Source: under 0.4 m/s people hardly leave their home
(Fritz & Lusardi 2009, doi:10.1519/00139143-200932020-00002); 0.3 is three times a receiver's error there (ADR-49)."""
OF_ACCURACY: Final = 0.25
"""Weight of a fix in the accuracy of its ring. Assumption, ADR-44: receivers tell it by guess."""
_ROUNDING: Final = 1e-9
"""Radians: more than a sum of angles is off by."""

OF_THE_RING: Final = (
    ("turn_began", "i8"),  # the first fix of the ring, order, ms
    ("turn_ms", "i8"),  # the newest
    ("turn_doubt_ms", "i8"),  # of a fix that nobody can have walked to and that waits for the next one, NEVER
    ("turn_lat0", "f8"),  # where the first was, radians: the origin
    ("turn_lon0", "f8"),
    ("turn_doubt_x", "f4"),
    ("turn_doubt_y", "f4"),
    ("turn_accuracy_m", "f4"),  # of the newest, smoothed
    ("turn_count", "i4"),  # fixes since it began; the newest is at (count - 1) % RING
    ("turn_after_ms", "i4", (RING,)),  # after the first
    ("turn_x", "i2", (RING,)),  # metres east and north of the origin
    ("turn_y", "i2", (RING,)),
    ("turn_speed", "u1", (RING,)),  # as the band told it, in SPEED_MPS; UNTOLD
)
"""Fields of ``trek.TREK``."""


class Extent(NamedTuple):
    """Where the points of the last minutes lie: sums over whole metres east and north of the ring's origin."""

    first: int
    """The fix with which they begin, counted as ``turn_count``."""
    points: int
    seconds: float
    x: int
    y: int
    xx: int
    yy: int
    xy: int
    told: int
    """At so many of them the band told how fast it moves,"""
    walking: int
    """so many of these are at least ``WALKS_MPS``,"""
    shuffling: int
    """so many at least ``SHUFFLES_MPS``,"""
    speed: int
    """and this is their sum, in ``SPEED_MPS``."""


class Spread(NamedTuple):
    """How far the way of the last minutes led."""

    first: int
    """The fix with which it begins, counted as ``turn_count``."""
    points: int
    seconds: float
    metres: float
    """Along it."""
    radius_m: float
    """How far its points lie from their middle, root of the mean square."""
    moving: float
    """The share of the steps that were faster than ``STILL_MPS``."""
    slim: float
    """Its least extent over its greatest, 0 to 1."""
    x: float
    """Its middle, metres east and north of the ring's origin."""
    y: float


class Turns(NamedTuple):
    """How it turned."""

    theta_deg_per_m: float
    """Turning to either side, of steps of at least ``LEG_M``."""
    one_way: float
    """How much of the turning was to one side, 0 to 1."""
    rounds: float
    """How often it went about its middle."""


@inner
def clear_ring(trek: Any) -> None:
    """Let nothing be in the ring, whatever was in this row before."""
    trek["turn_began"] = NEVER
    trek["turn_ms"] = NEVER
    trek["turn_doubt_ms"] = NEVER
    trek["turn_lat0"] = 0.0
    trek["turn_lon0"] = 0.0
    trek["turn_doubt_x"] = 0.0
    trek["turn_doubt_y"] = 0.0
    trek["turn_accuracy_m"] = 0.0
    trek["turn_count"] = 0
    for i in range(RING):
        trek["turn_after_ms"][i] = 0
        trek["turn_x"][i] = 0
        trek["turn_y"][i] = 0
        trek["turn_speed"][i] = UNTOLD


@inner
def speed_of(speed_mps: float) -> int:
    """A speed as the ring keeps it; NaN is untold."""
    return UNTOLD if isnan(speed_mps) else min(UNTOLD - 1, round(speed_mps / SPEED_MPS))


@inner
def begin_ring(trek: Any, order: int, accuracy_m: float, lat: float, lon: float, speed: int) -> None:
    """Let the ring begin with a fix (radians)."""
    trek["turn_speed"][0] = speed
    trek["turn_began"] = order
    trek["turn_ms"] = order
    trek["turn_doubt_ms"] = NEVER
    trek["turn_lat0"] = lat
    trek["turn_lon0"] = lon
    trek["turn_accuracy_m"] = accuracy_m
    trek["turn_count"] = 1
    trek["turn_after_ms"][0] = 0
    trek["turn_x"][0] = 0
    trek["turn_y"][0] = 0


@inner
def take_in(trek: Any, order: int, accuracy_m: float, x: float, y: float, speed: int) -> int:
    """Take a fix, metres from the origin, into a ring that has one: 1, it is in it; 0, it is not; −1: begin anew."""
    since = order - trek["turn_ms"]
    newest = (trek["turn_count"] - 1) % RING
    reach = length_m(x - trek["turn_x"][newest], y - trek["turn_y"][newest])
    if since > GAP_MS or max(abs(x), abs(y)) > MOST_M:
        return -1
    if reach <= WALK_MPS * since / 1000.0 + accuracy_m + trek["turn_accuracy_m"]:
        trek["turn_doubt_ms"] = NEVER
        if since < STEP_MS:
            return 0
        at = trek["turn_count"] % RING
        trek["turn_count"] += 1
        trek["turn_ms"] = order
        trek["turn_accuracy_m"] += OF_ACCURACY * (accuracy_m - trek["turn_accuracy_m"])
        trek["turn_after_ms"][at] = order - trek["turn_began"]
        trek["turn_x"][at] = round(x)
        trek["turn_y"][at] = round(y)
        trek["turn_speed"][at] = speed
        return 1
    if trek["turn_doubt_ms"] != NEVER:
        waited = order - trek["turn_doubt_ms"]
        if (
            length_m(x - trek["turn_doubt_x"], y - trek["turn_doubt_y"])
            <= WALK_MPS * waited / 1000.0 + 2.0 * accuracy_m
        ):
            return -1
    trek["turn_doubt_ms"] = order
    trek["turn_doubt_x"] = x
    trek["turn_doubt_y"] = y
    return 0


@inner
def extent_of(trek: Any, window_ms: int) -> Extent:
    """Gather where the fixes of the last ``window_ms`` lie, up to the newest of the ring, which has one at least."""
    last = int(trek["turn_count"]) - 1
    since_ms = trek["turn_after_ms"][last % RING] - window_ms
    x, y, xx, yy, xy = 0, 0, 0, 0, 0
    told, walking, shuffling, speed = 0, 0, 0, 0
    first = last
    for i in range(last, last - min(RING, last + 1), -1):
        at = i % RING
        if trek["turn_after_ms"][at] < since_ms:
            break
        own_x, own_y = int(trek["turn_x"][at]), int(trek["turn_y"][at])
        first = i
        x += own_x
        y += own_y
        xx += own_x * own_x
        yy += own_y * own_y
        xy += own_x * own_y
        own_speed = int(trek["turn_speed"][at])
        if own_speed != UNTOLD:
            told += 1
            walking += own_speed * SPEED_MPS >= WALKS_MPS
            shuffling += own_speed * SPEED_MPS >= SHUFFLES_MPS
            speed += own_speed
    seconds = (trek["turn_after_ms"][last % RING] - trek["turn_after_ms"][first % RING]) / 1000.0
    return Extent(first, last - first + 1, seconds, x, y, xx, yy, xy, told, walking, shuffling, speed)


@inner
def radius_of(extent: Extent) -> float:
    """How far points lie from their middle, root of the mean square, metres."""
    n = extent.points
    about = n * (extent.xx + extent.yy) - extent.x * extent.x - extent.y * extent.y
    return sqrt(about / (n * max(1, n - 1)))


@inner
def is_told(extent: Extent) -> bool:
    """Whether a band says often enough how fast it moves; one that always says 0 says nothing."""
    return extent.told >= 5 and extent.told >= OF_TOLD * extent.points and extent.speed > 0


@inner
def walked_m(extent: Extent) -> float:
    """How far somebody walked, by what the band told of their speed: a slow band sees no turn, but that it moves."""
    return extent.speed * SPEED_MPS / extent.told * extent.seconds


@inner
def spread_of(trek: Any, extent: Extent) -> Spread:
    """Measure how far the way through these points led.

    Without an angle: these are most of the cost, and most ways are told to be none of the patterns before.
    """
    metres, moving = 0.0, 0
    at = extent.first % RING
    before_x, before_y = int(trek["turn_x"][at]), int(trek["turn_y"][at])
    before_ms = int(trek["turn_after_ms"][at])
    for i in range(extent.first + 1, extent.first + extent.points):
        at = i % RING
        own_x, own_y, own_ms = int(trek["turn_x"][at]), int(trek["turn_y"][at]), int(trek["turn_after_ms"][at])
        step = length_m(float(own_x - before_x), float(own_y - before_y))
        metres += step
        moving += step > STILL_MPS * ((own_ms - before_ms) / 1000.0)
        before_x, before_y, before_ms = own_x, own_y, own_ms
    n = extent.points
    xx = (n * extent.xx - extent.x * extent.x) / n
    yy = (n * extent.yy - extent.y * extent.y) / n
    xy = (n * extent.xy - extent.x * extent.y) / n
    half, root = (xx + yy) / 2.0, sqrt((xx - yy) * (xx - yy) / 4.0 + xy * xy)
    return Spread(
        extent.first,
        n,
        extent.seconds,
        metres,
        radius_of(extent),
        moving / max(1, n - 1),
        sqrt(max(0.0, half - root) / (half + root)) if half + root > 0.0 else 1.0,
        extent.x / n,
        extent.y / n,
    )


@inner
def turns_enough(trek: Any, way: Spread, deg_per_m: float) -> bool:
    """Whether a way turns by so much at least: by what turning back alone amounts to, else measured."""
    back = 0
    start = way.first % RING
    leg_x, leg_y = int(trek["turn_x"][start]), int(trek["turn_y"][start])
    before_x, before_y = 0, 0
    for i in range(way.first + 1, trek["turn_count"]):
        at = i % RING
        east, north = int(trek["turn_x"][at]) - leg_x, int(trek["turn_y"][at]) - leg_y
        if east * east + north * north >= LEG_M * LEG_M:
            back += before_x * east + before_y * north < 0
            before_x, before_y = east, north
            leg_x += east
            leg_y += north
    return 90.0 * back >= deg_per_m * way.metres > 0.0 or turns_of(trek, way).theta_deg_per_m >= deg_per_m


@inner
def turns_of(trek: Any, way: Spread) -> Turns:
    """Measure how that way turned."""
    theta, turned, about = 0.0, 0.0, 0.0
    start = way.first % RING
    leg_x, leg_y = int(trek["turn_x"][start]), int(trek["turn_y"][start])
    leg_east, leg_north, has_leg = 0, 0, False
    before_x, before_y = leg_x - way.x, leg_y - way.y
    for i in range(way.first + 1, trek["turn_count"]):
        at = i % RING
        own_x, own_y = int(trek["turn_x"][at]), int(trek["turn_y"][at])
        about_x, about_y = own_x - way.x, own_y - way.y
        about += atan2(before_x * about_y - before_y * about_x, before_x * about_x + before_y * about_y)
        before_x, before_y = about_x, about_y
        east, north = own_x - leg_x, own_y - leg_y
        if east * east + north * north >= LEG_M * LEG_M:
            if has_leg:
                turn = turn_of(leg_east, leg_north, east, north)
                theta += abs(turn)
                turned += turn
            leg_east, leg_north, has_leg = east, north, True
            leg_x += east
            leg_y += north
    return Turns(
        theta * 180.0 / pi / way.metres if way.metres > 0.0 else 0.0,
        abs(turned) / theta if theta > 0.0 else 0.0,
        abs(about) / (2.0 * pi),
    )


@inner
def goes_round(trek: Any, way: Spread, rounds: float) -> bool:
    """Whether that way may have gone round its middle so often: no is certain, yes is to be measured.

    All angles about the middle come to the rounds in which the way crossed the ray to the west, and to what its end is
    turned from its beginning: two angles and not one for each fix. A step through the very middle goes either way.
    """
    crossed = 0
    start = way.first % RING
    first_x, first_y = trek["turn_x"][start] - way.x, trek["turn_y"][start] - way.y
    before_x, before_y = first_x, first_y
    for i in range(way.first + 1, trek["turn_count"]):
        at = i % RING
        own_x, own_y = trek["turn_x"][at] - way.x, trek["turn_y"][at] - way.y
        aside = before_x * own_y - before_y * own_x
        if aside == 0.0:
            return True
        if (before_y < 0.0) != (own_y < 0.0) and (aside > 0.0) == (own_y < 0.0):
            crossed += 1 if own_y < 0.0 else -1
        before_x, before_y = own_x, own_y
    if crossed == 0 and rounds > 1.0:
        return False
    about = 2.0 * pi * crossed + atan2(before_y, before_x) - atan2(first_y, first_x)
    return abs(about) >= 2.0 * pi * rounds - _ROUNDING


@inner
def turn_of(before_east: int, before_north: int, east: int, north: int) -> float:
    """The turn between two legs, anticlockwise, −π to π, of which π itself is −π; radians."""
    aside = before_east * north - before_north * east
    along = before_east * east + before_north * north
    return -pi if aside == 0 and along < 0 else atan2(float(aside), float(along))


@entry
def turning(trek: Any, window_ms: int) -> tuple[Spread, Turns]:
    """Both, of the way of the last ``window_ms``."""
    way = spread_of(trek, extent_of(trek, window_ms))
    return way, turns_of(trek, way)


@inner
def restlessness(m: Spread, metres: float, moving: float) -> float:
    """How much a way is like walking without getting anywhere: above 0 rather like it, below rather not.

    Whoever goes somewhere covers little ground twice; whoever stands, sits or shops is slow. How fast a walk looks
    depends on how often it is seen. ``metres`` and ``moving`` are those of the way, or of what the band told of its
    speed. Source: logistic regression over simulated ways, ADR-34.
    """
    pace = log(min(2.5, max(0.05, metres / m.seconds)))
    radius = max(1.0, m.radius_m)
    rare = min(0.8, log(m.seconds / (m.points - 1) / USUAL_STEP_S))
    return float(
        -1.05
        + 7.56 * pace
        - 2.84 * log(radius)
        + 4.83 * log(max(1.0, metres / radius))
        + 4.12 * moving
        + rare * (3.06 - 4.23 * pace - 2.45 * moving)
    )
