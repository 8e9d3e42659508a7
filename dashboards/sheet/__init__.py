"""The emergency sheet on paper: what works when nothing else does.

Owns: the PDF (what stands where, in which font), and the folder in which one is kept for every shift. Not the facts
(``gateway.store.sheet``), nor the page that browsers print (``dashboards.web.sheet``).

``dashboards.sheet.paper`` loads the PDF library and is imported by the process alone that draws.
"""

from dashboards.sheet.errors import NoFont, NotDrawn, SheetError

__all__ = ["NoFont", "NotDrawn", "SheetError"]
