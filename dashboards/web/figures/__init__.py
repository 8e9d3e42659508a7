"""The figures' page and its tables as CSV.

What is counted is ``gateway.store.figures``'s; here it is put into tables and words. Behind each chart
stands its table.
"""

from dashboards.web.figures import downloads, routes

PARTS = (routes, downloads)

__all__ = ["PARTS"]
