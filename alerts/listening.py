"""Whether alarms are heard: where a desk should listen and none has for too long.

Pages of the console say each 10 s that an alarm would be heard at them; the store keeps when a site's was last heard.
No clock is compared with another: the auditor watches by its own steady clock whether that moment still moves. So
neither a clock that was set nor two machines that disagree make a silence.
"""

from __future__ import annotations

from typing import Final

import msgspec

from alerts.alarm import Alarm
from alerts.findings import CONSOLE_SILENT, Look, Watched
from devices.clock import MINUTE_MS

SILENT_MS: Final = 30_000
"""So long no desk of a site may be heard. Source: issue "The duty console"."""

SETTLED_MS: Final = MINUTE_MS
"""So long the auditor watches before it believes in a silence: after a start, browsers come back by and by."""

GAP_MS: Final = 25_000
"""Between two looks: a longer one was an interruption (the database away, the process stopped), in which no page could
be heard either. The auditor looks each 10 s."""


class Ear:
    """What one auditor has heard since it began; its memory is bounded by the sites in their hours of duty."""

    def __init__(self) -> None:
        self._began_ms = 0
        self._looked_ms: int | None = None
        self._heard: dict[str, tuple[int | None, int]] = {}

    def judged(self, look: Look, at: int) -> Look:
        """The look with what is silent among its findings.

        ``at``: ms of a clock that nobody sets. An alarm that stands keeps standing until a desk of its site is heard,
        whoever raised it and however short this auditor has been watching.
        """
        if self._looked_ms is None or at - self._looked_ms > GAP_MS:
            self._began_ms = at
            self._heard.clear()
        self._looked_ms = at
        before, self._heard = self._heard, {}
        for site in look.watched:
            known = before.get(site.site)
            unmoved = known is not None and known[0] == site.heard_ms
            self._heard[site.site] = (site.heard_ms, known[1] if known is not None and unmoved else at)
        settled = at - self._began_ms >= SETTLED_MS
        standing = {alarm.site: alarm for alarm in look.active if alarm.rule == CONSOLE_SILENT}
        silent = [
            site.finding
            for site in look.watched
            if (settled and at - self._heard[site.site][1] >= SILENT_MS)
            or _unheard_since(standing.get(site.site), site, before.get(site.site))
        ]
        return msgspec.structs.replace(look, findings=(*look.findings, *silent))


def _unheard_since(alarm: Alarm | None, site: Watched, known: tuple[int | None, int] | None) -> bool:
    """Whether no desk was heard after the silence that an alarm tells of; ``known``: what this auditor saw before."""
    if alarm is None or alarm.recovered_at is not None or (known is not None and known[0] != site.heard_ms):
        return False
    return site.heard_ms is None or site.heard_ms <= alarm.event_time
