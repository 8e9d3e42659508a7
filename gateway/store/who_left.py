"""Whether what would be said is about somebody who has moved or died."""

from __future__ import annotations

from typing import Final, LiteralString

from alerts.policy import NO_NEWS_TO

FOR_WHO_LEFT: Final[LiteralString] = (
    "(m.role not in ('duty', 'supervisor', 'staff')"
    " and (select bool_and(r.status = any(%(left)s)) from resident r where r.id = m.resident or (m.resident is null"
    " and r.household = (select a.object ->> 'household' from alarm a where a.id = m.alarm))))"
)
"""Whether the message ``m`` tells somebody outside the desk of who has left; of a household, when all have."""

LEFT: Final = sorted(NO_NEWS_TO)
