"""The pages of promised checks: the day's list, a person's plans and how they keep them.

Pages show; a call, a plan, a holiday that is entered goes to the public API.
"""

from dashboards.web.checks import day, person, plans

PARTS = (day, plans, person)

__all__ = ["PARTS"]
