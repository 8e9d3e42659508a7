"""What the demo's people promise: their mornings, some their evenings, and one a check that is due while one looks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from alerts.checks import WindowTerms
from devices.clock import zone
from gateway.store.registry_records import PlanFields, Resident

MORNING: Final = WindowTerms(opens="05:30", closes="09:30")
"""The simulated people press after they have risen: ``simulator.resident``."""
EVENING: Final = WindowTerms(opens="18:00", closes="20:00", by="sign")
EVENING_EACH: Final = 4
PROMISING: Final = 72
"""So many residents promise anything: those of three houses, as many as a page shows well."""
WEARER_INDEX: Final = 0
"""``anxin.demo.WEARER`` by their number."""
SOON_MIN: Final = 20
"""How long the check of the one whom the drawer plays is open."""

_NAMES: Final = {
    "zh": {"morning": "早上报平安", "evening": "晚饭后", "soon": "试一试"},
    "en": {"morning": "Every morning", "evening": "After supper", "soon": "Try it"},
}


def promises(resident: Resident, index: int, now: int) -> list[PlanFields]:
    """What the resident with this number in the community promises from ``now`` (ms) on."""
    words = _NAMES[resident.language]
    if index == WEARER_INDEX:
        return _try_it(resident, now)
    if index >= PROMISING:
        return []
    plans = [PlanFields(resident=resident.id, name=words["morning"], windows=(MORNING,))]
    if index % EVENING_EACH == 0:
        plans.append(PlanFields(resident=resident.id, name=words["evening"], windows=(EVENING,)))
    return plans


def _try_it(resident: Resident, now: int) -> list[PlanFields]:
    """One check that opens within a minute: whoever looks can keep it, or see what happens. Then the mornings."""
    words = _NAMES[resident.language]
    opens = datetime.fromtimestamp(now / 1000, zone(resident.timezone)) + timedelta(minutes=1)
    closes = opens + timedelta(minutes=SOON_MIN)
    soon = WindowTerms(opens=opens.strftime("%H:%M"), closes=closes.strftime("%H:%M"))
    today, tomorrow = opens.date(), opens.date() + timedelta(days=1)
    return [
        PlanFields(resident=resident.id, name=words["soon"], windows=(soon,), first_day=today, last_day=today),
        PlanFields(resident=resident.id, name=words["morning"], windows=(MORNING,), first_day=tomorrow),
    ]
