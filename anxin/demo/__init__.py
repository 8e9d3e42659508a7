"""``anxin demo``: the whole system with an invented community, and a drawer in which one plays a wearer.

Owns the seeding of the site, what the demo adds to ``anxin up``, and the drawer's control. Nothing here is
needed by a system that looks after real people.
"""

from __future__ import annotations

from typing import Final

SITE: Final = "demo"
RESIDENTS: Final = 200
SEED: Final = 1
WEARER: Final = "band-0001"
"""The band whose wearer is played; the first contact of its resident is the daughter with the phone."""
