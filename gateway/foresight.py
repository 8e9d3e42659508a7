"""What would become of everything that is not committed yet: decided episodes and cries that wait undecided.

Nothing here changes anything, so it may be asked again and again while the database is away (design rule 14). The
ids are those that the alarms will have: the same engine, the same names of episodes, the same folding, over the
alarms as they were last known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import structlog

from alerts.alarm import Alarm, Episode
from alerts.engine import Engine, KernelFault
from alerts.policy import CRIES_FOR_HELP
from alerts.standing import Standing
from devices.batch import Records
from devices.kinds import CRY_FOR_HELP, Kind
from gateway.assemble import assemble
from gateway.decode import decode
from gateway.dedupe import repeated
from gateway.directory import Directory
from gateway.episodes import to_episodes
from gateway.picture import Picture
from gateway.readings import Readings
from gateway.session import Arrival

_CARRY_CRIES: Final = frozenset(kind.topic_name for kind in (*CRY_FOR_HELP, Kind.COMMAND_ACK))
"""On which kinds of topic a cry may come: whoever answers "help" cries, too."""
_HEARD: Final = frozenset({"opened", "evidence"})
_SOUNDS: Final = frozenset({"again", "real", "severity_raised"})
"""Timeline events that make an alarm sound again."""

_log = structlog.get_logger(__name__)


class Decided(NamedTuple):
    """A batch that the engine has judged; ``events``: shape (n,), EPISODE_EVENT, their moment in ms."""

    events: Records
    readings: Readings
    now_ms: int


class Pending(NamedTuple):
    """What is not committed: a decided batch, and messages that nobody has judged, in their order."""

    decided: Decided | None
    undecided: Sequence[Arrival]


class Foreseen(NamedTuple):
    """An alarm as it will be. ``calls``: somebody has to hear of it, who has not yet."""

    alarm: Alarm
    calls: bool


def foresee(pending: Pending, *, engine: Engine, directory: Directory, picture: Picture) -> list[Foreseen]:
    """The alarms that will be new or changed once everything is committed, in the order in which they are touched."""
    batches: list[tuple[int, list[Episode]]] = []
    met: Mapping[str, int] = {}
    if (decided := pending.decided) is not None:
        met = decided.readings.slots
        told = to_episodes(decided.events, decided.readings, directory, decided.now_ms, engine.sites)
        batches.append((decided.now_ms, told))
    batches.append(_undecided(pending.undecided, engine, directory, met))
    standing = Standing()
    for alarm in picture.concerned(episode for _, episodes in batches for episode in episodes):
        standing.keep(alarm)
    heard: set[UUID | None] = set()
    for now_ms, episodes in batches:
        for episode in episodes:
            touched = standing.fold(episode, now_ms)
            if episode.what in _HEARD:
                heard.add(touched)
    return [
        Foreseen(alarm, calls=alarm.id in heard and _calls(standing.before[alarm.id], alarm))
        for alarm in standing.changed()
    ]


def _calls(before: Alarm | None, alarm: Alarm) -> bool:
    """Whether new evidence made an alarm urgent for somebody: it is new, nobody has it, or it sounds again."""
    if not (alarm.is_active and (alarm.kind in CRIES_FOR_HELP or alarm.severity == "critical")):
        return False
    if before is None or alarm.state == "open":
        return True
    return any(entry.event in _SOUNDS for entry in alarm.timeline[len(before.timeline) :])


def carries_cries(arrival: Arrival) -> bool:
    """Whether a message may hold a cry for help."""
    return arrival.topic.rpartition("/")[2] in _CARRY_CRIES


def _undecided(
    arrivals: Iterable[Arrival], engine: Engine, directory: Directory, met: Mapping[str, int]
) -> tuple[int, list[Episode]]:
    """What the engine would say of cries that wait, and when; ``met``: the slots of the decided batch's devices."""
    waiting = [arrival for arrival in arrivals if carries_cries(arrival)]
    if not waiting:
        return 0, []
    readings = decode(waiting, directory).readings
    unknown = sorted({device for device, _ in readings.strangers} - met.keys())
    free_slot = max(directory.free_slot, 1 + max(met.values(), default=-1))
    readings = readings.introduced({**met, **{device: slot for slot, device in enumerate(unknown, free_slot)}})
    readings = readings.only(~repeated(readings.header))
    now_ms = max(arrival.received_ms for arrival in waiting)
    batch, _ = assemble(readings, 1)
    try:
        events = engine.foresee(batch, now_ms)
    except KernelFault as fault:
        # The pipeline will switch that detector off; a cry's own has nothing in it that could fail.
        _log.critical("detector_failed_in_foresight", status=fault.status)
        return now_ms, []
    return now_ms, to_episodes(events, readings, directory, now_ms, engine.sites)
