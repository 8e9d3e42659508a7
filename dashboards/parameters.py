"""The rules' parameters for people: the engine's catalogue, its words, who may set what, what is refused and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from alerts.catalogue import PARAMETERS, ParameterSpec
from alerts.sense import Objection, contradictions, out_of_range, related
from dashboards.api.access import MAY_ADMINISTER, MAY_MANAGE, Principal
from dashboards.api.problems import Problem, Wrong, objecting
from dashboards.web.wording import LANGUAGES, Wording
from devices.refusals import Refusal, no_such
from devices.registry import Scope
from gateway.store.connection import Connection
from gateway.store.registry import change_parameters, find
from gateway.store.registry.parameters import Concerned
from gateway.store.registry_records import Resident

_KINDS: Final = ("sos", "fall", "wandering", "missed_check", "vitals", "device", "system")

_SUPERVISED: Final = "vitals."
"""What a supervisor may set for a resident: whose blood pressure is always high is known at the bedside first."""


def of_rules() -> dict[str, list[ParameterSpec]]:
    """The parameters by rule, the gravest kind of rule first."""
    found: dict[str, list[ParameterSpec]] = {}
    for spec in sorted(PARAMETERS.values(), key=lambda each: _KINDS.index(each.rule.partition(".")[0])):
        found.setdefault(spec.rule, []).append(spec)
    return found


def spec_of(name: str) -> ParameterSpec:
    """The parameter of this name. Raises ``Problem`` 404."""
    if name not in PARAMETERS:
        raise Problem(
            404, Refusal("parameter.unknown", "there is no such parameter; GET /api/v1/parameters lists them")
        )
    return PARAMETERS[name]


def title_of(wording: Wording, name: str) -> str:
    """What a parameter is called; many rules share a word."""
    leaf = name.rpartition(".")[2]
    return wording.known(f"parameter.{name}", wording.known(f"parameter.{leaf}", name))


def about_of(wording: Wording, name: str) -> str:
    """What a parameter does, in a sentence."""
    leaf = name.rpartition(".")[2]
    return wording.known(f"parameter.{name}.about", wording.known(f"parameter.{leaf}.about", ""))


def in_all_languages(words: Callable[[Wording, str], str], name: str) -> dict[str, str]:
    """Language → text."""
    return {language: words(Wording(language), name) for language in LANGUAGES}


def may_set(principal: Principal, scope: Scope, key: str, name: str) -> bool:
    """Whether the account may set a parameter in a layer that it sees; ``key``: the site's id, where it is one's."""
    role = principal.account.role
    if scope == "everyone":
        return role in MAY_ADMINISTER and not principal.sites
    if scope == "resident":
        return role in MAY_ADMINISTER or (role in MAY_MANAGE and name.startswith(_SUPERVISED))
    return role in MAY_ADMINISTER and principal.account.sees(key)


async def set_parameters(
    conn: Connection, principal: Principal, scope: Scope, key: str, values: Mapping[str, float | None]
) -> str | None:
    """Set parameters in one layer, all or none; None takes a setting back. Returns the site, None for everyone.

    Raises ``Problem``: 403 for who may not, 404 for what is not there, 422 for values that make no sense.
    """
    site = await site_of(conn, principal, scope, key)
    for name in values:
        spec_of(name)
        if not may_set(principal, scope, key, name):
            raise Problem(403, _MAY_NOT[scope], kind="role")
    wrong = [_error(each, values) for each in out_of_range(values)]
    if wrong:
        raise objecting(wrong)
    await change_parameters(
        conn,
        principal.account.username,
        scope,
        key,
        values,
        related=related(values),
        check=lambda concerned: _check(concerned, values),
    )
    return site


async def site_of(conn: Connection, principal: Principal, scope: Scope, key: str) -> str | None:
    """The site of a layer that the account sees, None for everyone. Raises ``Problem`` 404 and 422."""
    match scope:
        case "everyone":
            if key:
                raise Problem(
                    422, Refusal("parameter.no_key", "key: what is set for everyone has none"), kind="invalid"
                )
            return None
        case "site":
            principal.require_site(key, "site")
            return key
        case _:
            resident = await find(conn, Resident, key)
            if resident is None:
                raise Problem(404, no_such("resident"))
            principal.require_site(resident.site, "resident")
            return resident.site


_MAY_NOT: Final[dict[Scope, Refusal]] = {
    "everyone": Refusal(
        "role.parameter_of_all", "only admins and managers of all sites may set what holds for everyone"
    ),
    "site": Refusal("role.parameter_of_site", "only admins and managers may set what holds for a site"),
    "resident": Refusal(
        "role.parameter_of_resident",
        "only admins and managers may set this for a resident; supervisors their vitals limits",
    ),
}


def _check(concerned: Sequence[Concerned], changed: Mapping[str, float | None]) -> None:
    wrong = [_error(each, changed, whose) for whose in concerned for each in contradictions(whose.values)]
    if wrong:
        raise objecting(wrong)


def _error(wrong: Objection, changed: Mapping[str, float | None], whose: Concerned | None = None) -> Wrong:
    """Said at that of two parameters that was changed."""
    name = wrong.name if wrong.name in changed else wrong.numbers["upper"]
    told: dict[str, Any] = {"name": name, **wrong.numbers}
    of = ""
    if whose is not None:
        told |= {"site": whose.site, "resident": whose.resident}
        of = f" (for resident {whose.resident})" if whose.resident else f" (at site {whose.site})" if whose.site else ""
    refusal = Refusal.told(f"parameter.{wrong.code}", wrong.detail + of, **wrong.numbers)
    return Wrong(f"/body/values/{name}", refusal, told)
