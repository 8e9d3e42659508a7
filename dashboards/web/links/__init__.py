"""The private pages behind the links of messages, for family and for whoever goes there: no account, nothing else.

Owns ``/a/{token}``, and ``/find/{token}/live``, which feeds the live map. What a page may show of somebody is decided
by ``gateway.store.disclosure``; what an answer does, by ``alerts.replies``, the same as by SMS.
"""

from fastapi import APIRouter

from dashboards.api.rooms import take_in
from dashboards.web.links import live, routes

router = APIRouter()
take_in(router, routes.router, live.router)

__all__ = ["router"]
