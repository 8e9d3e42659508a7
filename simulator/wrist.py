"""A wrist that moves: its posture, its weight and the blows it gets as functions of time, then as samples."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.die import Die

NOISE_MG: Final = 4.0
"""Noise of the sensor, standard deviation. Source: assumption, of the order of a MEMS sensor's data sheet."""

Floats = npt.NDArray[np.float64]


class Motion(NamedTuple):
    """Samples of a wrist.

    Attributes:
        t_ms: shape (n,), int64, from 0.
        samples_mg: shape (n, 3), int16, clipped to the sensor's range.
        rate_hz: how many samples a second.
        jolt_ms: when the body met what stopped it; None where nothing did.
    """

    t_ms: npt.NDArray[np.int64]
    samples_mg: npt.NDArray[np.int16]
    rate_hz: float
    jolt_ms: int | None


class Wrist:
    """A movement on its way to samples; ``t`` in seconds, shape (n,), accelerations in g."""

    def __init__(self, die: Die, seconds: float, rate_hz: float) -> None:
        self.die = die
        self.t: Floats = np.arange(max(1, round(seconds * rate_hz))) / rate_hz
        self.rate_hz = rate_hz
        self._up: list[tuple[float, float, Floats]] = []
        self._weight: Floats = np.ones_like(self.t)
        self._push: Floats = np.zeros((len(self.t), 3))

    def turn(self, at_s: float, within_s: float, up: Floats) -> None:
        """From ``at_s`` on, turn until ``up`` (a direction as the wrist sees it) is up."""
        self._up.append((at_s, within_s, up / np.linalg.norm(up)))

    def lighten(self, start_s: float, stop_s: float, weight: float) -> None:
        """Feel only ``weight`` of one's weight within ``[start_s, stop_s)``."""
        edge = min(0.08, (stop_s - start_s) / 3)
        inside = ramp(self.t, start_s, edge) * (1.0 - ramp(self.t, stop_s - edge / 4, edge / 4))
        self._weight *= 1.0 - (1.0 - weight) * inside

    def jolt(self, at_s: float, peak_g: float, *, rings_s: float, hz: float, key: str, width_s: float = 0.045) -> None:
        """Be stopped at ``at_s`` with ``peak_g``, and ring out."""
        since = self.t - at_s
        blow = np.exp(-0.5 * (since / (width_s / 2)) ** 2)
        ring = np.where(since > 0, np.exp(-since / rings_s) * np.sin(2 * math.pi * hz * since), 0.0)
        self._push += np.outer(peak_g * blow, direction(self.die, key))
        self._push += np.outer(0.45 * peak_g * ring, direction(self.die, key + "/ring"))

    def walk(self, start_s: float, stop_s: float, *, vigour: float = 1.0) -> None:
        """Walk: steps, a blow of the heel at each, and an arm that swings once in two of them."""
        die = self.die
        hz = die.uniform(1.5, 2.0, "step")
        going = ramp(self.t, start_s, 0.5) * (1.0 - ramp(self.t, stop_s - 0.4, 0.4))
        phase = 2 * math.pi * hz * self.t + die.uniform(0, 2 * math.pi, "phase")
        bounce = die.uniform(0.10, 0.20, "bounce") * np.sin(phase)
        heel = die.uniform(0.15, 0.35, "heel") * np.maximum(0.0, np.sin(phase)) ** 8
        swing = die.uniform(0.15, 0.35, "swing") * np.sin(phase / 2)
        self._push += np.outer(vigour * going * (bounce + heel), self._up[0][2])
        self._push += np.outer(vigour * going * swing, direction(die, "swing"))
        self.stir(start_s, stop_s, 0.06 * vigour, "gait")

    def stir(self, start_s: float, stop_s: float, size_g: float, key: str) -> None:
        """Move as one does when awake: slow, irregular, ``size_g`` in root mean square."""
        awake = ramp(self.t, start_s, 0.5) * (1.0 - ramp(self.t, stop_s - 0.4, 0.4))
        for n in range(6):
            hz = self.die.uniform(0.3, 2.5, key, n, "hz")
            wave = np.sin(2 * math.pi * hz * self.t + self.die.uniform(0, 6.28, key, n, "phase"))
            self._push += np.outer(awake * wave * size_g / math.sqrt(3), direction(self.die, f"{key}/{n}"))

    def motion(self, *, range_g: float, turned: int | None, jolt_s: float | None) -> Motion:
        """What the sensor says of it."""
        felt = self._gravity() * self._weight[:, None] + self._push
        noise = np.random.default_rng(self.die.integer(0, 2**32, "noise")).normal(0.0, NOISE_MG, felt.shape)
        if turned is not None:
            felt = felt @ _rotation(Die("worn", turned))
        limit_mg = min(round(range_g * 1000), 32_767)
        samples_mg = np.clip(np.rint(felt * 1000 + noise), -limit_mg, limit_mg).astype(np.int16)
        t_ms = np.rint(self.t * 1000).astype(np.int64)
        return Motion(t_ms, samples_mg, self.rate_hz, None if jolt_s is None else round(jolt_s * 1000))

    def _gravity(self) -> Floats:
        """Up as the wrist sees it, shape (n, 3), length 1."""
        at = np.tile(self._up[0][2], (len(self.t), 1))
        for start_s, within_s, up in self._up[1:]:
            share = ramp(self.t, start_s, within_s)[:, None]
            at = (1.0 - share) * at + share * up
            at /= np.maximum(np.linalg.norm(at, axis=1, keepdims=True), 1e-9)
        return at


def ramp(t: Floats, start_s: float, within_s: float) -> Floats:
    """0 before ``start_s``, 1 from ``within_s`` later on, smooth between."""
    share = np.clip((t - start_s) / within_s, 0.0, 1.0)
    smooth: Floats = share * share * (3.0 - 2.0 * share)
    return smooth


def hanging(die: Die) -> Floats:
    """Up, as seen from a wrist whose arm hangs: along the arm, not quite."""
    up = np.array([1.0, die.uniform(-0.3, 0.3, "hang y"), die.uniform(-0.3, 0.3, "hang z")])
    return up / float(np.linalg.norm(up))


def direction(die: Die, key: str) -> Floats:
    """A direction, all alike probable, length 1."""
    height, angle = die.uniform(-1, 1, key, "height"), die.uniform(0, 2 * math.pi, key, "angle")
    flat = math.sqrt(1.0 - height * height)
    return np.array([flat * math.cos(angle), flat * math.sin(angle), height])


def turned_by(die: Die, up: Floats, angle_rad: float, key: str = "turn") -> Floats:
    """``up`` after the wrist has turned by an angle about some axis across it."""
    across = np.cross(up, direction(die, key))
    across /= max(float(np.linalg.norm(across)), 1e-9)
    turned: Floats = math.cos(angle_rad) * up + math.sin(angle_rad) * across
    return turned


def _rotation(die: Die) -> Floats:
    """A rotation, all alike probable, shape (3, 3). Source: Shoemake 1992, "Uniform random rotations"."""
    u, v, w = die.uniform(0, 1, "u"), die.uniform(0, 2 * math.pi, "v"), die.uniform(0, 2 * math.pi, "w")
    x, y = math.sqrt(1 - u) * math.sin(v), math.sqrt(1 - u) * math.cos(v)
    z, r = math.sqrt(u) * math.sin(w), math.sqrt(u) * math.cos(w)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * r), 2 * (x * z + y * r)],
            [2 * (x * y + z * r), 1 - 2 * (x * x + z * z), 2 * (y * z - x * r)],
            [2 * (x * z - y * r), 2 * (y * z + x * r), 1 - 2 * (x * x + y * y)],
        ]
    )
