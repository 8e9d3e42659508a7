"""The duty console's pages: templates, style, small ES modules, and the routes that render them.

Owns what people see in the browser, in Chinese and English from one catalogue. It has no build step, calls
no outside host, and keeps to ``default-src 'self'``: no inline script, no inline style. What it shows comes
from ``gateway.store.queries``; what people do goes through ``dashboards.api``.
"""

from dashboards.web.pages import install, install_assets

__all__ = ["install", "install_assets"]
