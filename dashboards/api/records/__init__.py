"""The registry over HTTP, one file a resource of contract section 4.

What is changed here takes effect on every role within two seconds: the store tells them.
"""

from fastapi import APIRouter

from dashboards.api.records import (
    assignments,
    consents,
    contacts,
    devices,
    fences,
    handovers,
    holidays,
    households,
    parameters,
    plans,
    policies,
    requests,
    residents,
    responders,
    search,
    shifts,
    sites,
    staff,
    tokens,
)
from dashboards.api.records.answers import load
from dashboards.api.rooms import take_in

__all__ = ["load", "router"]

router = APIRouter()
for _resource in (
    sites,
    households,
    residents,
    devices,
    assignments,
    consents,
    contacts,
    fences,
    handovers,
    responders,
    parameters,
    plans,
    holidays,
    policies,
    requests,
    search,
    shifts,
    staff,
    tokens,
):
    take_in(router, _resource.router)
