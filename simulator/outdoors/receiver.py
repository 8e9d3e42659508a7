"""What a band makes of where its wearer truly is: fixes with the errors that phones and bands show.

Out of doors the satellite error drifts (first-order Gauss-Markov), grows between high houses and leaps there to
reflections; the first fixes after a roof may be hundreds or thousands of metres off. Under a roof the band takes Wi-Fi
or cell positions, or a satellite position that drifts through the walls, or none. Without network, fixes wait.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.outdoors.assumptions import Outdoors
from simulator.outdoors.town import Floats, Ints, Town
from simulator.outdoors.track import Cover, Track

GNSS, WIFI, CELL = 0, 1, 2
"""Indices into ``devices.batch.POSITION_SOURCES``; -1 is untold."""
HOME_S: Final = 1800.0
NIGHT_S: Final = 7200.0
_INDOORS_S: Final = 300.0
_NIGHT_H: Final = (22.0, 6.0)
_SETTLES_S: Final = (60.0, 300.0)
"""When such a band looks, s after it has come home and again after that. Assumption."""
_WAKES_S: Final = 40.0
"""Mean time until a band notices that it is out of doors, s. Assumption."""
_CONVERGES_S: Final = 25.0
"""Mean time from the first fix until a receiver that began cold is right, s. Assumption."""
_SWINGS_MPS: Final = 0.1
_RELIEF: Final = math.sqrt(2 * math.log(2))
"""The median of a two-dimensional error is so many standard deviations of one axis."""


class Band(NamedTuple):
    """How somebody's band reports, for good.

    Attributes:
        position_s: s between fixes out of doors.
        home: how it finds itself at home; ``drift`` is a satellite receiver behind a window.
        settles: looks where it is once more soon after it has come home, before it rests.
        tells_speed: says how fast it moves, by the Doppler shift of the satellites.
    """

    position_s: float
    home: str
    settles: bool
    tells_accuracy: bool
    tells_source: bool
    tells_speed: bool


class Fixes(NamedTuple):
    """Fixes of one day in order of ``t``, each of shape (n,).

    Attributes:
        t: measured, s since midnight; ``received``: delivered.
        place: shape (n, 2), m.
        accuracy_m: as the band tells it, NaN when it does not.
        source: one of GNSS, WIFI, CELL, or -1.
        speed_mps: as the band tells it, NaN when it does not.
        error_m: how far off it truly is.
    """

    t: Floats
    received: Floats
    place: Floats
    accuracy_m: Floats
    source: Ints
    speed_mps: Floats
    error_m: Floats

    def until(self, t: float) -> Fixes:
        """Those measured before ``t``."""
        stop = int(np.searchsorted(self.t, t))
        return Fixes(
            self.t[:stop], self.received[:stop], self.place[:stop], self.accuracy_m[:stop], self.source[:stop],
            self.speed_mps[:stop], self.error_m[:stop],
        )  # fmt: skip


class _Run(NamedTuple):
    """Fixes of one stretch under the same cover: when, how far off, what it says of itself."""

    t: Floats
    off: Floats
    accuracy_m: Floats
    source: npt.NDArray[np.int64]


_NOTHING: Final = _Run(np.empty(0), np.empty((0, 2)), np.empty(0), np.empty(0, np.int64))


def drawn(chance: np.random.Generator, a: Outdoors) -> Band:
    """Somebody's band. Shares: assumption."""
    speeds = chance.spawn(1)[0]
    return Band(
        position_s=float(chance.choice([15.0, 30.0, 60.0], p=[0.3, 0.4, 0.3])),
        home=str(chance.choice(["wifi", "drift"], p=[0.7, 0.3])),
        settles=bool(chance.random() < 0.7),
        tells_accuracy=bool(chance.random() < 0.9),
        tells_source=bool(chance.random() < 0.85),
        tells_speed=bool(speeds.random() < a.speed_share),
    )


def measured(track: Track, band: Band, town: Town, a: Outdoors, chance: np.random.Generator) -> Fixes:
    """All fixes of a day's track."""
    runs: list[_Run] = []
    stored: list[tuple[float, float]] = []
    before = Cover.HOME
    for start, stop, cover in stretches(track):
        match cover:
            case Cover.HOME:
                run = _at_home(start, stop, band, a, chance)
            case Cover.INDOORS:
                run = _indoors(start, stop, a, chance)
            case Cover.UNDERGROUND:
                run = _NOTHING
            case _:
                run = _outdoors(track, start, stop, band, town, a, chance)
                if before in (Cover.HOME, Cover.INDOORS):
                    _begin_cold(run, a.cold_share if before == Cover.HOME else a.cold_share / 2, a, chance)
                if chance.random() < a.stored_share:
                    first = chance.uniform(start, stop)
                    stored.append((first, first + chance.uniform(300.0, 2400.0)))
        before = cover
        runs.append(run)
    t = np.concatenate([run.t for run in runs])
    off = np.concatenate([run.off for run in runs])
    accuracy = np.round(np.concatenate([run.accuracy_m for run in runs]), 1)
    received = t + chance.uniform(0.4, 4.0, len(t))
    for first, last in stored:
        waits = (t >= first) & (t < last)
        received[waits] = last + chance.uniform(0.0, 20.0)
    source = np.concatenate([run.source for run in runs])
    speed = speeds(track, t, source, town, a, chance.spawn(1)[0])
    return Fixes(
        t=t,
        received=received,
        place=track.at(t) + off,
        accuracy_m=accuracy if band.tells_accuracy else np.full(len(t), np.nan),
        source=source if band.tells_source else np.full(len(t), -1),
        speed_mps=speed if band.tells_speed else np.full(len(t), np.nan),
        error_m=np.hypot(off[:, 0], off[:, 1]),
    )


def speeds(
    track: Track, t: Floats, source: Ints, town: Town, a: Outdoors, chance: np.random.Generator
) -> Floats:  # fmt: skip
    """How fast a receiver of satellites finds itself at some times, m/s; NaN of the other sources.

    The error is that of a velocity: who stands is never quite still. The wrist swings with whoever walks.
    """
    place = track.at(t)
    velocity = track.at(t + 0.5) - track.at(t - 0.5)
    walks = np.hypot(*velocity.T) > _SWINGS_MPS
    sigma = a.speed_error_mps + (a.canyon_speed_error_mps - a.speed_error_mps) * town.shut(place) ** 2
    sigma = np.hypot(sigma, np.where(walks, a.swing_mps, 0.0))
    found: Floats = np.hypot(*(velocity + sigma[:, None] * chance.standard_normal((len(t), 2))).T)
    return np.where(source == GNSS, np.round(found, 2), np.nan)


def stretches(track: Track) -> list[tuple[float, float, Cover]]:
    """The longest stretches under the same cover: from, to (s), which; walks and rides are apart."""
    cover = track.cover
    edges = [0, *(np.flatnonzero(np.diff(cover)) + 1).tolist(), len(cover)]
    return [
        (float(track.t[first]), float(track.t[last]), Cover(int(cover[first])))
        for first, last in pairwise(edges)
        if last > first
    ]


def drift(sigma_m: Floats, seconds: float, time_constant_s: float, chance: np.random.Generator) -> Floats:
    """A drifting error with a standard deviation that changes on the way, one each ``seconds``; shape (n, 2), m."""
    keep = math.exp(-seconds / time_constant_s)
    shocks = chance.standard_normal((len(sigma_m), 2))
    shocks[1:] *= math.sqrt(1 - keep * keep)
    east, north, line = 0.0, 0.0, []
    for k, (x, y) in enumerate(shocks.tolist()):
        east, north = (keep * east + x, keep * north + y) if k else (x, y)
        line.append((east, north))
    scaled: Floats = np.array(line).reshape(-1, 2) * sigma_m[:, None]
    return scaled


def _at_home(start: float, stop: float, band: Band, a: Outdoors, chance: np.random.Generator) -> _Run:
    t, every = [], 0.0
    at = start + chance.uniform(0.0, HOME_S)
    if band.settles and start > 0:
        t = [start + _SETTLES_S[0], start + _SETTLES_S[0] + _SETTLES_S[1]]
        at = t[-1] + HOME_S
        t = [early for early in t if early < stop]
    while at < stop:
        t.append(at)
        hour = at / 3600 % 24
        every = NIGHT_S if hour >= _NIGHT_H[0] or hour < _NIGHT_H[1] else HOME_S
        at += every + chance.uniform(-20.0, 20.0)
    n = len(t)
    if band.home == "wifi":
        off, accuracy, source = chance.normal(0.0, 12.0, (n, 2)), chance.uniform(15.0, 50.0, n), WIFI
    else:
        off, accuracy, source = chance.normal(0.0, 28.0, (n, 2)), chance.uniform(8.0, 60.0, n), GNSS
    kind = np.full(n, source)
    for k in np.flatnonzero(chance.random(n) < a.bad_home_fix_share).tolist():
        far = chance.uniform(200.0, 1500.0)
        bearing = chance.uniform(0.0, 2 * math.pi)
        off[k] = far * math.sin(bearing), far * math.cos(bearing)
        kind[k] = CELL
        if chance.random() < 0.9:
            accuracy[k] = far * chance.uniform(1.0, 1.5)
    return _Run(np.array(t), off, accuracy, kind)


def _indoors(start: float, stop: float, a: Outdoors, chance: np.random.Generator) -> _Run:
    """In a shop, at the clinic, at a friend's: by Wi-Fi, through the window, by cell, or not at all."""
    how = chance.random()
    if how < 0.25:
        return _NOTHING
    t = np.arange(start + chance.uniform(30.0, _INDOORS_S), stop, _INDOORS_S)
    n = len(t)
    if how < 0.65:
        sigma = a.wifi_m / _RELIEF * chance.lognormal(0.0, 0.4)
        off = chance.normal(0.0, sigma * 0.7, (1, 2)) + chance.normal(0.0, sigma * 0.7, (n, 2))
        return _Run(t, off, sigma * chance.uniform(0.5, 1.5, n), np.full(n, WIFI))
    if how < 0.9:
        sigma = chance.uniform(15.0, 40.0)
        off = drift(np.full(n, sigma), _INDOORS_S, 240.0, chance)
        return _Run(t, off, sigma * chance.uniform(0.4, 1.6, n), np.full(n, GNSS))
    sigma = a.cell_m / _RELIEF
    off = np.repeat(chance.normal(0.0, sigma, (1, 2)), n, axis=0) + chance.normal(0.0, 0.1 * sigma, (n, 2))
    told = np.hypot(off[:, 0], off[:, 1]) * chance.uniform(0.8, 1.6, n)
    return _Run(t, off, np.maximum(told, 150.0), np.full(n, CELL))


def _outdoors(
    track: Track, start: float, stop: float, band: Band, town: Town, a: Outdoors, chance: np.random.Generator
) -> _Run:
    first = start + chance.exponential(_WAKES_S)
    t = np.arange(first, stop, band.position_s)
    n = len(t)
    if n == 0:
        return _NOTHING
    shut = town.shut(track.at(t))
    sigma = a.drift_m + (a.canyon_m - a.drift_m) * shut**2
    off = drift(sigma, band.position_s, a.drift_s, chance)
    told = sigma * chance.uniform(0.7, 2.5, n)
    begins = chance.random(n) < a.burst_per_hour * shut**2 * band.position_s / 3600
    for k in np.flatnonzero(begins).tolist():
        size = a.burst_m * chance.lognormal(0.0, 0.7)
        bearing = chance.uniform(0.0, 2 * math.pi)
        end = k + 1 + int(chance.uniform(60.0, 240.0) / band.position_s)
        off[k:end] += size * np.array([math.sin(bearing), math.cos(bearing)])
        if chance.random() < a.honest_share:
            told[k:end] = np.maximum(told[k:end], size * chance.uniform(0.5, 1.3))
    jitter = chance.uniform(-0.1, 0.1, n) * band.position_s
    return _Run(np.clip(t + jitter, start, stop - 0.001), off, told, np.full(n, GNSS))


def _begin_cold(run: _Run, share: float, a: Outdoors, chance: np.random.Generator) -> None:
    """Let the first fixes of a stretch be far off, now and then, each nearer than the one before."""
    if len(run.t) == 0 or chance.random() >= share:
        return
    metres = math.exp(chance.uniform(math.log(100.0), math.log(5000.0)))
    bearing = chance.uniform(0.0, 2 * math.pi)
    is_honest = chance.random() < a.honest_share
    settled = run.t[0] + chance.exponential(_CONVERGES_S)
    for k in range(max(1, int(np.searchsorted(run.t, settled)))):
        run.off[k] += metres * math.sin(bearing), metres * math.cos(bearing)
        if is_honest:
            run.accuracy_m[k] = metres * chance.uniform(0.7, 1.5)
        metres *= chance.uniform(0.3, 1.0)
