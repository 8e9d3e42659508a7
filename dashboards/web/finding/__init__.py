"""Finding somebody who wanders: the page of the search, and the live map behind a link.

What is known of where they are comes from ``dashboards.api``; nothing is worked out here.
"""

from dashboards.web.finding import find, search

PARTS = (search, find)

__all__ = ["PARTS"]
