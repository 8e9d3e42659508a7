"""Parameters as form fields: in the unit in which one thinks of them, with what holds while the field is empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from alerts.alarm import SEVERITIES, Alarm
from alerts.catalogue import PARAMETERS
from alerts.layers import InForce, Setting, SettingChange, decided_under, in_force
from dashboards.api.access import Principal
from dashboards.parameters import about_of, may_set, of_rules, title_of
from dashboards.web.wording import Wording, unit_of
from devices.registry import Scope

_FINE: Final = frozenset(
    {"confirm", "span_s", "gap_s", "back_readings", "back_fixes", "back_m", "evidence_every_s", "remind_s",
     "interval_s", "unknown_accuracy_m", "sure_accuracy_m", "fix_kept_s", "empty_pct", "cancel_within_s",
     "never_after_s", "back_by_bpm", "back_by_pct", "back_by_mmhg", "back_by_c", "severity"}
)  # fmt: skip
"""Parameters that a rule's panel keeps folded away: few will ever change them."""

_KINDS: Final = {"enabled": "switch", "severity": "severity", "working_point": "choice", "tell_goes_on": "choice"}
"""How a parameter is entered, by the end of its name."""
_HOUR_S: Final = 3600
_MINUTE_S: Final = 60


class Place(NamedTuple):
    """The layer that a page is about; ``site`` and ``resident`` are those whose settings count there."""

    scope: Scope
    key: str
    site: str | None
    resident: str | None


class Shown(NamedTuple):
    """The unit in which people think of a parameter, and how many of the parameter's own it is."""

    unit: str
    scale: float


class Field(NamedTuple):
    """One parameter as a form shows it; texts are in words, ``own``, ``least`` and ``most`` numbers in its unit.

    ``kind``: ``number``, ``switch``, ``severity`` or ``choice``, whose ``choices`` are (number, word).
    ``own``: what was set in this very layer, empty if nothing was. ``below``: what holds without it, ``below_number``
    as a number, and ``below_layer`` from where.
    """

    name: str
    kind: str
    title: str
    about: str
    source: str
    unit: str
    scale: float
    least: str
    most: str
    own: str
    own_said: str
    below: str
    below_number: str
    below_layer: str
    default: str
    may_set: bool
    choices: tuple[tuple[str, str], ...] = ()


class Panel(NamedTuple):
    """One rule: its switch, what many change, what few do.

    ``residents``: (id, name) of those who have settings of their own. ``sources``: (source, what comes from it).
    """

    rule: str
    switch: Field | None
    fields: list[Field]
    fine: list[Field]
    set_here: int
    is_off: bool
    residents: list[tuple[str, str]]
    sources: list[tuple[str, str]]


class Differing(NamedTuple):
    """A parameter that was not at its default when an alarm was decided."""

    title: str
    value: str
    default: str
    layer: str


class Decided(NamedTuple):
    """Under which rules an alarm was decided: since when (ms) they were so, None when the log no longer tells."""

    at: int | None
    differing: list[Differing]


def shown_in(name: str) -> Shown:
    """Hours and minutes where the default is some of them; the hour of a day as such."""
    if name.endswith("_s"):
        default = PARAMETERS[name].default
        for unit, size in (("h", _HOUR_S), ("min", _MINUTE_S)):
            if default >= 2 * size and default % size == 0:
                return Shown(unit, size)
        return Shown("s", 1)
    if name.endswith("_h"):
        return Shown("oclock", 1)
    return Shown(name.rpartition("_")[2] if unit_of(name) else "", 1)


def said(wording: Wording, name: str, value: float) -> str:
    """A value with its unit, in words."""
    match kind_of(name):
        case "switch":
            return wording.t("rules.on" if value else "rules.is_off")
        case "severity":
            return wording.t(f"severity.{SEVERITIES[int(value)]}")
        case "choice":
            return wording.t(f"choice.{name}.{int(value)}")
        case _:
            shown = shown_in(name)
            number = _number(value / shown.scale)
            if not shown.unit:
                return number
            return wording.t("rules.value", number=number, unit=wording.t(f"unit.{shown.unit}"))


def kind_of(name: str) -> str:
    """How a parameter is entered."""
    leaf = name.rpartition(".")[2]
    return _KINDS.get(leaf, "number")


def fields_of(wording: Wording, principal: Principal, place: Place, settings: Sequence[Setting]) -> dict[str, Field]:
    """The fields of a layer by the parameter's name; ``settings``: all that count there."""
    own = {each.name: each.value for each in settings if each.scope == place.scope}
    below = in_force(PARAMETERS, [each for each in settings if each.scope != place.scope])
    return {name: _field(wording, principal, place, name, own.get(name), below[name]) for name in PARAMETERS}


def panels_of(
    wording: Wording, fields: Mapping[str, Field], residents: Mapping[str, Sequence[tuple[str, str]]]
) -> list[Panel]:
    """The rules in the catalogue's order."""
    return [
        _panel(wording, rule, [fields[spec.name] for spec in specs], residents) for rule, specs in of_rules().items()
    ]


def decided_then(wording: Wording, alarm: Alarm, changes: Sequence[SettingChange]) -> Decided | None:
    """Which parameters of its rule decided an alarm; None for a rule without parameters.

    ``changes``: of all parameters, for everyone, the alarm's site and its resident.
    """
    mine = [spec.name for spec in of_rules().get(alarm.rule, [])]
    if not mine:
        return None
    values = decided_under(PARAMETERS, changes, alarm.parameters_version, alarm.raised_at) or {}
    at = next((each.at for each in changes if values and each.version == alarm.parameters_version), None)
    return Decided(
        at, [_differing(wording, name, values[name]) for name in mine if values and values[name].layer != "default"]
    )


def _differing(wording: Wording, name: str, value: InForce) -> Differing:
    return Differing(
        title_of(wording, name),
        said(wording, name, value.value),
        said(wording, name, PARAMETERS[name].default),
        wording.t(f"rules.layer.{value.layer}"),
    )


def _field(wording: Wording, principal: Principal, place: Place, name: str, own: float | None, below: InForce) -> Field:
    spec, shown = PARAMETERS[name], shown_in(name)
    return Field(
        name=name,
        kind=kind_of(name),
        title=title_of(wording, name),
        about=about_of(wording, name),
        source=spec.source,
        unit=wording.t(f"unit.{shown.unit}") if shown.unit else "",
        scale=shown.scale,
        least=_number(spec.low / shown.scale),
        most=_number(spec.high / shown.scale),
        own="" if own is None else _number(own / shown.scale),
        own_said="" if own is None else said(wording, name, own),
        below=said(wording, name, below.value),
        below_number=_number(below.value / shown.scale),
        below_layer=below.layer,
        default=said(wording, name, spec.default),
        may_set=may_set(principal, place.scope, place.key, name),
        choices=_choices(wording, name) if kind_of(name) == "choice" else (),
    )


def _choices(wording: Wording, name: str) -> tuple[tuple[str, str], ...]:
    spec = PARAMETERS[name]
    return tuple((str(number), said(wording, name, number)) for number in range(int(spec.low), int(spec.high) + 1))


def _panel(
    wording: Wording, rule: str, fields: Sequence[Field], residents: Mapping[str, Sequence[tuple[str, str]]]
) -> Panel:
    switch = next((field for field in fields if field.kind == "switch"), None)
    others = sorted((field for field in fields if field is not switch), key=lambda field: field.kind != "choice")
    return Panel(
        rule=rule,
        switch=switch,
        fields=[field for field in others if _leaf(field) not in _FINE],
        fine=[field for field in others if _leaf(field) in _FINE],
        set_here=sum(bool(field.own) for field in fields),
        is_off=switch is not None and (switch.own_said or switch.below) == wording.t("rules.is_off"),
        sources=_sources(wording, others),
        residents=_people(residents.get(field.name, ()) for field in fields),
    )


def _sources(wording: Wording, fields: Iterable[Field]) -> list[tuple[str, str]]:
    titles: dict[str, list[str]] = {}
    for field in fields:
        titles.setdefault(field.source, []).append(field.title)
    comma = wording.t("comma")
    return [(source, comma.join(each)) for source, each in titles.items()]


def _people(named: Iterable[Sequence[tuple[str, str]]]) -> list[tuple[str, str]]:
    return sorted({person for some in named for person in some}, key=lambda person: person[1])


def _leaf(field: Field) -> str:
    return field.name.rpartition(".")[2]


def _number(value: float) -> str:
    return f"{value:.6g}"
