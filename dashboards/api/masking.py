"""What of a record its reader gets: the phone numbers masked for roles that do not call (ADR 42)."""

from __future__ import annotations

from typing import Any, Final

from dashboards.api.access import Principal
from dashboards.phones import masked
from gateway.store.accounts import Role

GETS_THEM_MASKED: Final[frozenset[Role]] = frozenset({"auditor", "responder"})
"""The auditor calls nobody; a responder those with whom something is wrong."""


def hides_phones(principal: Principal) -> bool:
    """Whether the principal reads phone numbers masked."""
    return principal.account.role in GETS_THEM_MASKED


def for_reader(principal: Principal, record: dict[str, Any]) -> dict[str, Any]:
    """A record as its reader may have it."""
    return {name: _hidden(name, each) for name, each in record.items()} if hides_phones(principal) else record


def _hidden(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {each: _hidden(each, within) for each, within in value.items()}
    if isinstance(value, list):
        return [_hidden(name, each) for each in value]
    return masked(value) if name == "phone" and isinstance(value, str) and value else value
