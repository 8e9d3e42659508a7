"""The states of an active alarm, written out in SQL: the partial indexes serve only what names them so."""

from __future__ import annotations

from typing import Final, LiteralString

ACTIVE_STATES: Final[LiteralString] = "('open', 'acknowledged', 'dispatched', 'on_scene')"
