"""The networks of ``alerts.engine.fall_model``, as JAX trains them: the same sums, for many windows at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, Final, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from alerts.engine.fall_model import HIDDEN, KERNELS, POOLED, STRETCHES, STRIDE, WIDTHS
from alerts.engine.fall_shape import NUMBERS

Weights = npt.NDArray[np.float32]
Network: TypeAlias = dict[str, jax.Array]

LEARNING_RATE: Final = 4e-3
DECAY: Final = 1e-2
BATCH: Final = 128
SMOOTHED: Final = 0.02
"""So far from 0 and 1 are the labels held: nobody is that sure."""
_DROPPED: Final = 0.3
"""Of what the last two layers see, in training."""
_DROPPED_BELOW: Final = 0.1


def begun(seed: int) -> Network:
    """A network that knows nothing."""
    keys = jax.random.split(jax.random.PRNGKey(seed), len(WIDTHS) + 2)
    found: Network = {}
    inputs = NUMBERS
    for i, (kernel, width) in enumerate(zip(KERNELS, WIDTHS, strict=True)):
        fan = kernel * inputs
        found[f"weights{i}"] = jax.random.normal(keys[i], (fan, width)) * np.sqrt(2 / fan)
        found[f"offsets{i}"] = jnp.zeros(width)
        inputs = width
    found["weights_hidden"] = jax.random.normal(keys[-2], (POOLED, HIDDEN)) * np.sqrt(2 / POOLED)
    found["offsets_hidden"] = jnp.zeros(HIDDEN)
    found["weights_out"] = jax.random.normal(keys[-1], (HIDDEN,)) * np.sqrt(1 / HIDDEN)
    found["offset_out"] = jnp.zeros(1)
    return found


def flat(network: Network) -> Weights:
    """A network's numbers in the order of ``alerts.engine.fall_model.MEMBER``."""
    names = [f"{what}{i}" for i in range(len(WIDTHS)) for what in ("weights", "offsets")]
    names += ["weights_hidden", "offsets_hidden", "weights_out", "offset_out"]
    return np.concatenate([np.asarray(network[name], np.float32).ravel() for name in names])


def logits(network: Network, shapes: jax.Array, key: jax.Array | None = None) -> jax.Array:
    """What a network thinks of windows (shape (n, WINDOW, NUMBERS)), log odds; with a key as in training."""
    layer = shapes
    for i, kernel in enumerate(KERNELS):
        layer = _convolved(layer, network[f"weights{i}"], network[f"offsets{i}"], kernel)
        if key is not None and i < len(KERNELS) - 1:
            key, own = jax.random.split(key)
            layer = _dropped(layer, own, _DROPPED_BELOW, (layer.shape[0], 1, layer.shape[2]))
    parts: list[jax.Array] = []
    for start, end in pairwise(STRETCHES):
        parts += [layer[:, start:end].mean(axis=1), layer[:, start:end].max(axis=1)]
    pooled = jnp.concatenate(parts, axis=-1)
    if key is not None:
        key, own = jax.random.split(key)
        pooled = _dropped(pooled, own, _DROPPED, pooled.shape)
    hidden = jax.nn.relu(pooled @ network["weights_hidden"] + network["offsets_hidden"])
    if key is not None:
        hidden = _dropped(hidden, key, _DROPPED, hidden.shape)
    return hidden @ network["weights_out"] + network["offset_out"][0]


_logits = jax.jit(logits)


def opinions(network: Network, shapes: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """What a network thinks of windows, log odds."""
    parts = [np.asarray(_logits(network, shapes[i : i + 1024]), np.float64) for i in range(0, len(shapes), 1024)]
    return np.concatenate(parts) if parts else np.zeros(0)


class Learner:
    """A network on its way."""

    def __init__(self, seed: int, epochs: int, steps: int) -> None:
        """Begin.

        Args:
            seed: of its first weights, and of what is dropped.
            epochs: how often it will see everything.
            steps: batches an epoch.
        """
        self._epoch, optimizer = _learning(epochs, steps)
        self._key = jax.random.PRNGKey(seed + 1)
        self.network = begun(seed)
        self._state: Any = optimizer.init(self.network)

    def learn(
        self, shapes: npt.NDArray[np.float32], labels: Weights, worth: Weights, order: npt.NDArray[np.int64]
    ) -> None:
        """See each window once, in batches.

        Args:
            shapes: shape (n, WINDOW, NUMBERS).
            labels: shape (n,), 1 for a fall.
            worth: shape (n,), how much each counts.
            order: shape (steps, BATCH), indices into them.
        """
        self._key, own = jax.random.split(self._key)
        self.network, self._state = self._epoch(self.network, self._state, shapes, labels, worth, order, own)


@cache
def _learning(epochs: int, steps: int) -> tuple[Callable[..., tuple[Network, Any]], optax.GradientTransformation]:
    pace = optax.cosine_onecycle_schedule(epochs * steps, LEARNING_RATE, pct_start=0.15)
    optimizer = optax.adamw(pace, weight_decay=DECAY)

    def loss(network: Network, shapes: jax.Array, labels: jax.Array, worth: jax.Array, key: jax.Array) -> jax.Array:
        wrong = optax.sigmoid_binary_cross_entropy(logits(network, shapes, key), _smooth(labels))
        found: jax.Array = (wrong * worth).sum() / worth.sum()
        return found

    @jax.jit
    def epoch(
        network: Network, state: Any, shapes: jax.Array, labels: jax.Array, worth: jax.Array, order: jax.Array,
        key: jax.Array,
    ) -> tuple[Network, Any]:  # fmt: skip
        def step(carried: tuple[Network, Any, jax.Array], some: jax.Array) -> tuple[Any, None]:
            network, state, key = carried
            key, own = jax.random.split(key)
            slope = jax.grad(loss)(network, shapes[some], labels[some], worth[some], own)
            change, state = optimizer.update(slope, state, network)
            return (optax.apply_updates(network, change), state, key), None

        (network, state, _), _ = jax.lax.scan(step, (network, state, key), order)
        return network, state

    return epoch, optimizer


def _smooth(labels: jax.Array) -> jax.Array:
    return labels * (1 - 2 * SMOOTHED) + SMOOTHED


def _convolved(layer: jax.Array, weights: jax.Array, offsets: jax.Array, kernel: int) -> jax.Array:
    """Shape (n, steps, width): windows of the layer below, laid side by side, times one matrix."""
    steps = (layer.shape[1] - kernel) // STRIDE + 1
    beside = [layer[:, i : i + STRIDE * (steps - 1) + 1 : STRIDE] for i in range(kernel)]
    return jax.nn.relu(jnp.concatenate(beside, axis=-1) @ weights + offsets)


def _dropped(layer: jax.Array, key: jax.Array, share: float, shape: tuple[int, ...]) -> jax.Array:
    return layer * jax.random.bernoulli(key, 1 - share, shape) / (1 - share)
