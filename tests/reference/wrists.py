"""Motion that a band told, in every way in which it may arrive, played to the engine and to the slow reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from alerts.engine import Engine, Rule
from alerts.engine.compiled import entry
from alerts.engine.fall_model import (
    HEAD,
    HIDDEN,
    HORIZONS_MS,
    KERNELS,
    MEMBER,
    PEAK,
    POOLED,
    SCRATCH,
    STRETCHES,
    WIDTHS,
    WINDOW,
    probability,
)
from alerts.engine.fall_shape import NUMBERS
from devices.batch import Records
from devices.kinds import Kind
from tests.reference.oracle import Told
from tests.reference.oracle.falls import Wrist
from tests.reference.streams import START, Samples, batch_of, change, felt, one_of_each, parameter

S: Final = 1000
Weights = npt.NDArray[np.float32]


@entry
def _asked(weights: Weights, scratch: npt.NDArray[np.float32], window: Samples, known: int) -> float:
    return probability(weights, scratch, window, known)


def asking(weights: Weights) -> Callable[[Samples, int], float]:
    """What the model with these weights says of windows, as the engine asks it."""
    scratch = np.zeros(SCRATCH, np.float32)
    return lambda window, known: float(_asked(weights, scratch, window, known))


def certain(*probable: float) -> Weights:
    """A model without an opinion: so probable is every jolt, at each horizon."""
    weights = np.zeros(HEAD, np.float32)
    for i, each in enumerate(probable * len(HORIZONS_MS) if len(probable) == 1 else probable):
        weights[2 + 2 * i] = np.log(each / (1 - each))
    return weights


def by_height(gentle_mg: int, probable: float, hard_mg: int, more: float) -> Weights:
    """A model that goes by the height of the jolt alone: so probable are a fall ``thrown`` gently, and a hard one."""
    weights = np.zeros(HEAD + MEMBER, np.float32)
    weights[0], weights[1::2][: len(HORIZONS_MS)] = 1, 1
    at, inputs = HEAD, NUMBERS
    for kernel, width in zip(KERNELS, WIDTHS, strict=True):
        weights[at : at + kernel * inputs * width : inputs * width] = 0.05  # the first input to the first output
        at, inputs = at + (kernel * inputs + 1) * width, width
    jolts = STRETCHES.index(8)
    weights[at + ((2 * jolts + 1) * WIDTHS[-1]) * HIDDEN] = 1  # the greatest around the jolt
    weights[at + (POOLED + 1) * HIDDEN] = 1
    log_odds = []
    for peak_mg in (gentle_mg, hard_mg):
        asked = asking(weights)(thrown(4, 8, peak_mg)[110 - PEAK : 110 - PEAK + WINDOW], WINDOW)
        log_odds.append(np.log(asked / (1 - asked)))
    low, high = (np.log(each / (1 - each)) for each in (probable, more))
    slope = (high - low) / (log_odds[1] - log_odds[0])
    weights[1:HEAD] = 0, -20, 0, -20, slope, low - slope * log_odds[0]
    return weights


def engine_with(weights: Weights | None = None, point: int | None = None, **values: float) -> Engine:
    """One resident with one band; ``weights``: of the model of falls, None for the package's."""
    engine = Engine(fall_weights=weights)
    engine.apply(one_of_each())
    for name, value in (({} if point is None else {"working_point": point}) | values).items():
        engine.apply([change(parameter(f"fall.motion.{name}", value))])
    return engine


def falls_in(events: Records) -> list[Any]:
    """What was said of falls by motion."""
    return list(events[events["rule"] == Rule.FALL_MOTION])


def plain(event: Any) -> tuple[Any, ...]:
    """An event as the reference tells it, without its numbers."""
    opening = int(event["opening_t"]), int(event["opening_seq"])
    return int(event["what"]), int(event["severity"]), int(event["t"]), opening, int(event["reading"]) < 0


def cut(
    samples: Samples, t: int = START, *, rate_hz: float = 25.0, at: Sequence[int] = (), every: int = 125
) -> list[Told]:
    """Samples as windows that follow each other, cut at these indices, or every so many samples."""
    edges = sorted({0, len(samples), *(at or range(0, len(samples), every))})
    return [
        felt(t + round(a * 1000 / rate_hz), samples[a:b], rate_hz=rate_hz, seq=i)
        for i, (a, b) in enumerate(pairwise(edges))
        if 0 <= a < b <= len(samples)
    ]


def flat(cells: int, up: tuple[int, int, int] = (0, 0, 1000)) -> Samples:
    """A wrist that lies."""
    return np.tile(np.array(up, np.int16), (cells, 1))


def thrown(before_s: float = 4.0, after_s: float = 40.0, peak_mg: int = 3500, rate_hz: float = 25.0) -> Samples:
    """A fall as in a book: the wrist hangs, weighs nothing for 0.4 s, is stopped within 0.08 s, and lies still."""
    parts = [(before_s, (0, 0, 1000)), (0.4, (0, 0, 200)), (0.08, (peak_mg, 0, 0)), (after_s, (1000, 0, 30))]
    return np.concatenate([flat(round(seconds * rate_hz), up) for seconds, up in parts])


def working(seconds: float, seed: int = 0) -> Samples:
    """A wrist that works: it moves as it likes, 0.3 g and more in each second."""
    samples: Samples = np.rint(np.random.default_rng(seed).normal((0, 0, 1000), 150, (round(seconds * 25), 3))).astype(
        np.int16
    )
    return samples


@st.composite
def movements(draw: st.DrawFn, rate_hz: float) -> Samples:
    """Half a minute or more: rest, walking, work, shaking, jolts one after the other, falls."""
    seed = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    parts: list[npt.NDArray[Any]] = []
    kinds = st.sampled_from(["rest", "walk", "work", "jolt", "jolts", "fall", "fall", "long rest", "long walk"])
    afterwards = [[], ["rest"], ["long rest"], ["long walk"], ["long work"], ["work", "rest", "work"], ["long shake"]]
    end = draw(st.sampled_from([["jolt"], *(["fall", *after] for after in afterwards)]))
    for kind in [*draw(st.lists(kinds, max_size=4)), *end]:
        seconds = {"rest": 4, "walk": 6, "work": 9, "jolts": 3, "long rest": 36}.get(kind, 28 if "long" in kind else 1)
        t = np.arange(round(seconds * rate_hz)) / rate_hz
        part = np.outer(np.ones(len(t)), seed.permutation([0, 0, 1000])).astype(float)
        if "walk" in kind:
            part *= (1 + 0.4 * np.sin(2 * np.pi * seed.uniform(1.2, 2.6) * t))[:, None]
        elif "shake" in kind:
            part *= (1 + 0.4 * np.sin(2 * np.pi * seed.uniform(3.5, 6) * t))[:, None]
        elif "work" in kind:
            part += seed.normal(0, seed.choice([60, 120, 250]), part.shape)
        elif "jolt" in kind:
            for at in seed.integers(0, len(t), 6 if kind == "jolts" else 1):
                part[at] *= seed.choice([1.4, 1.6, 2.0, 2.5, 4.0, 32.7])
        elif kind == "fall":
            part = thrown(0, 3, int(seed.integers(1400, 8000)), rate_hz).astype(float)
        parts.append(part + seed.normal(0, seed.choice([0, 10, 60]), part.shape))
    samples: Samples = np.clip(np.rint(np.concatenate(parts)), -32_768, 32_767).astype(np.int16)
    return samples


@st.composite
def arriving(draw: st.DrawFn) -> list[Told]:
    """Motion of one band as it arrives: in windows of any length, lost, late, doubled, longer."""
    rate_hz = draw(st.sampled_from([5.0, 12.5, 20.0, 25.0, 40.0, 50.0, 100.0]))
    samples = draw(movements(rate_hz))
    windows = cut(samples, START + draw(st.integers(0, 39)), rate_hz=rate_hz, every=draw(st.integers(7, 900)))
    arrived: list[Told] = []
    fates = st.sampled_from(
        ["fine"] * 12 + ["lost", "longer", "late", "twice", "late for long", "clock", "empty", "slow"]
    )
    shift = 0
    for told in windows:
        t, got = told.t + shift, told.fields["samples"]
        match draw(fates):
            case "lost":
                continue
            case "longer":  # the next overlaps it
                at = round((told.t - START) * rate_hz / 1000)
                got = samples[max(0, at) : at + len(got) + draw(st.integers(1, 200))]
            case "late":
                arrived.append(felt(t, got, rate_hz=rate_hz, seq=told.seq, received=told.received + shift + 601 * S))
                continue
            case "twice":
                arrived.append(felt(t, got, rate_hz=rate_hz, seq=told.seq, received=told.received + shift))
            case "late for long":
                shift += draw(st.sampled_from([150, 199, 201, 1 * S, 7 * S, 11 * S, 13 * S, 400 * S]))
                t = told.t + shift
            case "clock":  # it is ahead, and put right later
                ahead = draw(st.sampled_from([20, 1_000, 5_000]))
                arrived.append(felt(t + ahead + len(got) * 100, got, rate_hz=rate_hz, seq=90, received=t))
            case "empty":
                arrived.append(felt(t, got[:0], rate_hz=rate_hz, seq=told.seq, received=t))
                continue
            case "slow":
                arrived.append(felt(t, got, rate_hz=draw(st.sampled_from([float("nan"), 0.0, -5.0, 1e9])), received=t))
                continue
            case _:
                pass
        arrived.append(felt(t, got, rate_hz=rate_hz, seq=told.seq, received=told.received + shift))
    return arrived


def beating(told: Told, bpm: float) -> Told:
    """A heart rate that arrives with a window."""
    return Told(told.device, Kind.VITALS, told.received, told.received, fields={"heart_rate_bpm": bpm})


def pressing(told: Told) -> Told:
    """A press of "I am well" that arrives with a window."""
    return Told(told.device, Kind.CHECKIN, told.received, told.received)


def play_to(engine: Engine, readings: Sequence[Told], now: int) -> list[Any]:
    """A batch and a look at the deadlines, committed."""
    said = falls_in(engine.process(batch_of(readings), now))
    said += falls_in(engine.advance(now, START))
    engine.commit()
    return said


def reference(weights: Weights, point: int = 1, **parameters: float) -> Wrist:
    """The slow reference with the same model."""
    return Wrist(asking(weights), point, **parameters)
