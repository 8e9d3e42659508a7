"""Whether what would be said is about somebody who has moved or died, or was said to somebody no longer told."""

from __future__ import annotations

from typing import Final, LiteralString

from alerts.policy import NO_NEWS_TO

FOR_WHO_LEFT: Final[LiteralString] = (
    "(m.role not in ('duty', 'supervisor', 'staff')"
    " and (select bool_and(r.status = any(%(left)s)) from resident r where r.id = m.resident or (m.resident is null"
    " and r.household = (select a.object ->> 'household' from alarm a where a.id = m.alarm))))"
)
"""Whether the message ``m`` tells somebody outside the desk of who has left; of a household, when all have."""

STILL_THEIRS: Final[LiteralString] = (
    "(m.contact is null or exists (select 1 from contact c where c.id = m.contact and c.phone = m.recipient))"
    " and (m.responder is null or exists (select 1 from responder p"
    " where p.id = m.responder and p.phone = m.recipient and p.active))"
    " and (m.role <> 'resident' or exists (select 1 from resident w where w.id = m.resident and w.phone = m.recipient))"
    " and (m.account is null or m.responder is not null or exists (select 1 from account a"
    " where a.username = m.account and a.phone = m.recipient and not a.disabled))"
)
"""Whether the message ``m`` went to a number and a person that would still be told."""

LEFT: Final = sorted(NO_NEWS_TO)
