"""Why something that was asked for is not done.

A refusal is a code that stays as it is, the values in it, and a sentence in English for programs and logs. People read
the words of its code in their own language: ``refusal.<code>`` of the console's catalogue, where a test looks for
every code that is raised anywhere (ADR 47).
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Value = str | int | float

Noun = Literal[
    "account", "alarm", "assignment", "check", "command", "consent", "contact", "deed", "device", "event", "fence",
    "hand-over", "holiday", "household", "kind of record", "language", "link", "parameter", "plan", "policy", "record",
    "request", "resident", "responder", "session", "shift", "site", "token",
]  # fmt: skip
"""What may be looked for and not be there."""
NOUNS: Final[tuple[Noun, ...]] = get_args(Noun)


class Refusal:
    """What is refused, and why.

    Args:
        code: Names the reason, as ``plan.windows_overlap``; programs may rely on it.
        detail: In English; ``{name}`` stands for a value.
        field: Which field of the body is meant, as a path (``windows.1.from``), where it is one.
        values: What the words name. One that ends in ``_ms`` is a moment, in the zone ``timezone`` if that is told.
    """

    __slots__ = ("code", "detail", "field", "params")

    def __init__(self, code: str, detail: str, /, *, field: str | None = None, **values: Value) -> None:
        self.code = code
        self.detail = detail.format_map(values) if values else detail
        self.field = field
        self.params = values

    @classmethod
    def told(cls, code: str, detail: str, /, *, field: str | None = None, **values: Value) -> Refusal:
        """The same, of a detail that is finished and whose braces stand for nothing."""
        made = cls(code, "", field=field, **values)
        made.detail = detail
        return made

    def __repr__(self) -> str:
        return f"Refusal({self.code!r}, {self.detail!r})"


class Refused(Exception):
    """Something is not done, for the reason in ``refusal``; ``str(error)`` is its sentence in English."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class Unfit(Refused, ValueError):
    """A value, or values that do not go together, cannot be taken; ``members``: what else is known of it."""

    def __init__(self, refusal: Refusal, **members: object) -> None:
        super().__init__(refusal)
        self.members = members


def no_such(what: Noun) -> Refusal:
    """It is not there, or is not for the one who asks."""
    return Refusal("not_found", "there is no such {what}", what=what)
