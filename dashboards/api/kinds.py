"""What can be wrong with a value whatever it is for: pydantic's and msgspec's own checks, as refusals.

Their sentences speak of types and patterns; a person is told what to enter instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from devices.refusals import Refusal, Value

_FAMILIES: Final[dict[str, str]] = {
    "bool": "field.yes_no",
    "int": "field.whole_number",
    "float": "field.number",
    "decimal": "field.number",
    "fraction": "field.number",
    "complex": "field.number",
    "finite": "field.number",
    "date": "field.date",
    "datetime": "field.time",
    "time": "field.time",
    "timezone": "field.time",
    "string": "field.text",
    "bytes": "field.text",
    "uuid": "field.uuid",
    "url": "field.url",
    "list": "field.list",
    "tuple": "field.list",
    "set": "field.list",
    "iterable": "field.list",
    "deque": "field.list",
    "json": "body.unreadable",
    "recursion": "body.unreadable",
}
"""By what pydantic's kinds begin with, up to the first ``_``; those in ``_KINDS`` go before."""

_KINDS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "missing": ("field.missing", {}),
    "missing_argument": ("field.missing", {}),
    "missing_keyword_only_argument": ("field.missing", {}),
    "missing_positional_only_argument": ("field.missing", {}),
    "extra_forbidden": ("field.unknown", {}),
    "unexpected_keyword_argument": ("field.unknown", {}),
    "string_too_short": ("field.too_short", {"least": "min_length"}),
    "string_too_long": ("field.too_long", {"most": "max_length"}),
    "url_too_long": ("field.too_long", {"most": "max_length"}),
    "string_pattern_mismatch": ("field.pattern", {}),
    "too_short": ("field.too_few", {"least": "min_length"}),
    "too_long": ("field.too_many", {"most": "max_length"}),
    "frozen_set_type": ("field.list", {}),
    "enum": ("field.choice", {}),
    "literal_error": ("field.choice", {}),
    "union_tag_invalid": ("field.choice", {}),
    "greater_than": ("field.more_than", {"least": "gt"}),
    "greater_than_equal": ("field.at_least", {"least": "ge"}),
    "less_than": ("field.less_than", {"most": "lt"}),
    "less_than_equal": ("field.at_most", {"most": "le"}),
    "multiple_of": ("field.multiple", {"of": "multiple_of"}),
}
"""Pydantic's kind → our code, and which of its numbers the words name."""

PATTERNS: Final[dict[str, str]] = {
    r"^[A-Za-z0-9_-]{1,64}$": "field.id",
    r"^[\w.@-]{1,64}$": "field.username",
    r"^[a-z][a-z0-9_]{0,63}$": "field.short_code",
    r"^[^\x00-\x1f\x7f]*$": "field.unprintable",
    r"^[^\x00-\x1f]*$": "field.unprintable",
    r"^[^\x00]*$": "field.unprintable",
    r"^[^\x00-\x08\x0b-\x1f\x7f]*$": "field.unprintable",
    r"^([01]\d|2[0-3]):[0-5]\d$": "field.clock",
    r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$": "field.clock",
}
"""What our patterns are there for; a test finds one that is missing."""

_MSGSPEC: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"Object missing required field `(?P<name>[^`]*)`"), "field.missing"),
    (re.compile(r"Object contains unknown field `(?P<name>[^`]*)`"), "field.unknown"),
    (re.compile(r"Expected `str` of length >= (?P<least>\S+)"), "field.too_short"),
    (re.compile(r"Expected `str` of length <= (?P<most>\S+)"), "field.too_long"),
    (re.compile(r"Expected `array` of (?:at least )?length >= (?P<least>\S+)"), "field.too_few"),
    (re.compile(r"Expected `array` of (?:at most )?length <= (?P<most>\S+)"), "field.too_many"),
    (re.compile(r"Expected `\w+` >= (?P<least>\S+)"), "field.at_least"),
    (re.compile(r"Expected `\w+` > (?P<least>\S+)"), "field.more_than"),
    (re.compile(r"Expected `\w+` <= (?P<most>\S+)"), "field.at_most"),
    (re.compile(r"Expected `\w+` < (?P<most>\S+)"), "field.less_than"),
    (re.compile(r"Expected `str` matching regex"), "field.unprintable"),
    (re.compile(r"Invalid enum value"), "field.choice"),
    (re.compile(r"Invalid (?:epoch timestamp|RFC3339|`?time|datetime)"), "field.time"),
    (re.compile(r"Invalid `?(?:ISO8601|date)"), "field.date"),
    (re.compile(r"Invalid UUID"), "field.uuid"),
    (re.compile(r"Expected `bool"), "field.yes_no"),
    (re.compile(r"Expected `int"), "field.whole_number"),
    (re.compile(r"Expected `float"), "field.number"),
    (re.compile(r"Expected `str"), "field.text"),
    (re.compile(r"Expected `array"), "field.list"),
)
"""How msgspec says what is wrong."""

_AT: Final = re.compile(r"^(?P<words>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?$", re.DOTALL)

CODES: Final[frozenset[str]] = frozenset(
    {
        *_FAMILIES.values(),
        *(code for code, _ in _KINDS.values()),
        *PATTERNS.values(),
        *(code for _, code in _MSGSPEC),
        "field.wrong",
    }
)
"""All that may come of here."""


def refusal_of(found: Mapping[str, Any]) -> Refusal:
    """What pydantic found (one of ``ValidationError.errors()``)."""
    kind, context = found["type"], found.get("ctx", {})
    code, numbers = _KINDS.get(kind, (_FAMILIES.get(kind.partition("_")[0], "field.wrong"), {}))
    if code == "field.pattern":
        code = PATTERNS.get(context.get("pattern", ""), code)
    values = {ours: context[theirs] for ours, theirs in numbers.items()}
    return _exact(code, str(found["msg"]), values)


def read_msgspec(error: msgspec.ValidationError) -> tuple[str, Refusal]:
    """Where (``steps/2/how``, empty for the whole) and what msgspec found."""
    at = _AT.match(str(error))
    assert at is not None
    path = (at["path"] or "").replace("[", "/").replace("]", "").replace(".", "/").strip("/")
    detail = at["words"]
    for pattern, code in _MSGSPEC:
        if found := pattern.match(detail):
            values = found.groupdict()
            name = values.pop("name", None)
            return "/".join(filter(None, (path, name))), _exact(code, detail, values)
    return path, Refusal.told("field.wrong", detail)


def _exact(code: str, detail: str, values: Mapping[str, Any]) -> Refusal:
    """Nothing at all is missing, not too short."""
    numbers: dict[str, Value] = {name: _number(value) for name, value in values.items()}
    if code == "field.too_short" and numbers["least"] == 1:
        return Refusal.told("field.missing", detail)
    return Refusal.told(code, detail, field=None, **numbers)


def _number(value: object) -> Value:
    """Without a point where nothing follows it."""
    whole = float(str(value))
    return int(whole) if whole.is_integer() else whole
