"""Whose a device was, and when: assignments laid out so that every moment has at most one wearer.

Everybody who asks to whom a reading belongs asks here or follows it (the engine's arrays do): the answer is by
event time, ``min(t, time of receipt)``, whatever was entered when.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

W = TypeVar("W")

FOREVER: Final = 1 << 62
"""A time after every time, ms."""


class Span(NamedTuple, Generic[W]):
    """Whose it was in ``[from_ms, to_ms)``; ``to_ms`` is FOREVER while no end is known."""

    from_ms: int
    to_ms: int
    wearer: W


def laid_out(assignments: Iterable[Span[W]]) -> list[Span[W]]:
    """One device's assignments without overlaps, the newest first; those that follow each other are one.

    Where two overlap, the one that began last decides, to its end: what was before it is not taken up again. Of
    two alike, the last one given does.
    """
    spans: list[Span[W]] = []
    ordered = sorted(assignments, key=lambda span: (span.from_ms, span.to_ms))
    for i, span in enumerate(ordered):
        end = span.to_ms if i + 1 == len(ordered) else min(span.to_ms, ordered[i + 1].from_ms)
        if end <= span.from_ms:
            continue
        if spans and spans[-1].to_ms == span.from_ms and spans[-1].wearer == span.wearer:
            spans[-1] = spans[-1]._replace(to_ms=end)
        else:
            spans.append(Span(span.from_ms, end, span.wearer))
    spans.reverse()
    return spans


def span_at(spans: Sequence[Span[W]], t: int) -> Span[W] | None:
    """The one of a device's spans, newest first, in which ``t`` (ms) lies; None while it was nobody's."""
    for span in spans:
        if span.from_ms <= t:
            return span if t < span.to_ms else None
    return None


def first_wearer(spans: Sequence[Span[W]], t: int, now: int) -> W | None:
    """Whose a cry from before everything that is known may be: the first wearer's, once they have it.

    A device that cried while nobody had typed in yet who wears it must not be nobody's.
    """
    return spans[-1].wearer if spans and t < spans[-1].from_ms <= now else None
