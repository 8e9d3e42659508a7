"""The alarms as the desk has them, kept in memory for the time when the database is away (design rule 14).

What a new press belongs to, and so the id of its alarm, hangs on the alarms that stand. The alarm feed reads every
change of them anyway; here the last object of each subject and rule is kept as it came, and read only in need.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

import msgspec

from alerts.alarm import ACTIVE, Alarm, Episode
from alerts.folding import keys_of
from devices.clock import HOUR_MS

KEPT_AT_MOST: Final = 10_000
"""Pairs of subject and rule; some 2 KB each. Beyond it the one that changed longest ago is forgotten: a press that
belongs to that alarm would be announced under an id of its own."""
ENDED_FOR_MS: Final = HOUR_MS
"""How long ago an alarm may have been raised that is remembered at the start although it has ended: a press within
a minute of the last one follows it (``alerts.folding``). Assumption: generous, and cheap."""


class _Head(msgspec.Struct, frozen=True):
    """As much of an alarm object as says where it belongs."""

    id: str
    subject: str
    rule: str
    state: str
    version: int
    raised_at: int
    resident: str | None = None


class _Known(msgspec.Struct, frozen=True):
    head: _Head
    object_json: bytes


_heads: Final = msgspec.json.Decoder(_Head)
_alarms: Final = msgspec.json.Decoder(Alarm)


class Picture:
    """The last known alarm of each subject and rule: the active one, else the one that ended last."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def take(self, object_json: bytes) -> None:
        """An alarm stands like this now, or stood so: an older version than the known one is passed over."""
        new = _Known(_heads.decode(object_json), object_json)
        key = (new.head.subject, new.head.rule)
        known = self._known.get(key)
        if known is not None and _is_older(new.head, known.head):
            return
        self._known[key] = new
        self._known.move_to_end(key)
        if len(self._known) > KEPT_AT_MOST:
            self._known.popitem(last=False)

    def concerned(self, episodes: Iterable[Episode]) -> list[Alarm]:
        """Every alarm that has to do with one of these episodes: of its subject and rule, or active of its resident."""
        episodes = list(episodes)
        keys = {key for episode in episodes for key in keys_of(episode)}
        residents = {episode.resident for episode in episodes} - {None}
        return [
            _alarms.decode(known.object_json)
            for key, known in self._known.items()
            if key in keys or (known.head.resident in residents and known.head.state in ACTIVE)
        ]


def _is_older(new: _Head, known: _Head) -> bool:
    """Whether what is known already says more: a later version; of another alarm, the active one or the younger."""
    if new.id == known.id:
        return new.version < known.version
    return (new.state in ACTIVE, new.raised_at) < (known.state in ACTIVE, known.raised_at)
