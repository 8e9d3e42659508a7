"""The HTTP API of contract section 4: sessions, alarms, the stream, the registry, health.

Owns HTTP: who may ask, what a request must look like, what an answer looks like. What happens to an
alarm is decided in ``alerts``, what is stored and how in ``gateway.store``.
"""

from dashboards.api.access import Principal, acting, managing, signed_in
from dashboards.api.app import create_app
from dashboards.api.problems import Problem
from dashboards.api.server import ConsoleServer

__all__ = ["ConsoleServer", "Principal", "Problem", "acting", "create_app", "managing", "signed_in"]
