"""The private pages behind the links of messages, for family and for whoever goes there: no account, nothing else.

Owns ``/a/{token}``. What a page may show of somebody is decided by ``gateway.store.disclosure``; what an answer
does, by ``alerts.replies``, the same as by SMS.
"""

from dashboards.web.links.routes import router

__all__ = ["router"]
