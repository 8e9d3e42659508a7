"""Alarms without a database: announced and told while it is away, written down when it is back (design rule 14).

The pipeline stands still then, and must: nothing it holds may be decided twice or lost. This task only looks at
what waits, asks what will become of it (``gateway.foresight``), publishes that on the alarm feed's topic with
``provisional: true``, and has the emergency numbers told, once for each alarm.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec
import structlog

from alerts.alarm import Alarm
from alerts.engine import Engine
from alerts.policy import may_reach_outside
from devices.topics import alarms_topic
from gateway import metrics
from gateway.afterwards import write_down
from gateway.by_heart import ByHeart
from gateway.directory import Directory
from gateway.emergency import Emergency
from gateway.foresight import Foreseen, Pending, foresee
from gateway.picture import Picture
from gateway.store.connection import connect
from gateway.store.errors import AWAY
from gateway.writer import Writer

LOOK_EVERY_S: Final = 0.2
ASLEEP_S: Final = 2.0
"""Whoever looks so late was not awake: the database may have answered meanwhile, and nobody has read it yet."""
WRITE_DOWN_EVERY_S: Final = 1.0
WAIT_FOR_IT_S: Final = 120.0
"""An announced alarm that is not stored so long after the database came back will not come."""
REMEMBERED_AT_MOST: Final = 20_000
"""Announced alarms that are remembered, some 3 KB each at most. Beyond it the oldest is forgotten: it would be told
again if it called again in a later outage."""

_log = structlog.get_logger(__name__)


class Provisional:
    """Looks after what waits while the database is away. ``run`` lives until it is cancelled."""

    def __init__(
        self,
        *,
        conninfo: str,
        writer: Writer,
        pending: Callable[[], Pending],
        engine: Engine,
        directory: Directory,
        picture: Picture,
        publish: Callable[[str, bytes], None],
        by_heart: ByHeart,
        emergency: Emergency,
    ) -> None:
        self._conninfo = conninfo
        self._writer = writer
        self._pending = pending
        self._engine = engine
        self._directory = directory
        self._picture = picture
        self._publish = publish
        self._emergency = emergency
        self._by_heart = by_heart
        self._seen = Pending(None, ())
        self._announced: OrderedDict[UUID, Alarm] = OrderedDict()
        self._told: dict[UUID, float | None] = {}
        """Alarms of which nothing is written down yet, and since when (monotonic, s) they could have been."""

    async def run(self) -> None:
        """Watch the database, and what waits for it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._emergency.run(), name="emergency")
            if self._emergency.has_numbers:
                tasks.create_task(self._by_heart.run(), name="addresses")
            tasks.create_task(self._write_down(), name="provisional-afterwards")
            await self._watch()

    async def _watch(self) -> None:
        looked = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            before, looked = looked, time.monotonic()
            if looked - before < ASLEEP_S and self._writer.is_away:
                self._look()

    def _look(self) -> None:
        """Announce what is new among all that waits."""
        pending = self._pending()
        if _same(pending, self._seen):
            return
        self._seen = pending
        for foreseen in foresee(pending, engine=self._engine, directory=self._directory, picture=self._picture):
            self._take(foreseen)

    def _take(self, foreseen: Foreseen) -> None:
        alarm, known = foreseen.alarm, self._announced.get(foreseen.alarm.id)
        if known is None and not foreseen.calls:
            return
        if known is None:
            metrics.PROVISIONAL.inc()
            _log.critical("provisional_alarm", alarm=str(alarm.id), rule=alarm.rule, site=alarm.site)
            self._told[alarm.id] = None
            if may_reach_outside(alarm):
                self._emergency.tell(alarm, self._by_heart.alarm_words(alarm))
        elif known.is_active and not alarm.is_active:
            self._emergency.end(alarm, self._by_heart.end_words(alarm))
        if known is None or _news(known) != _news(alarm):
            self._remember(alarm)
            if alarm.site:
                self._publish(alarms_topic(alarm.site), _provisional_json(alarm))

    def _remember(self, alarm: Alarm) -> None:
        self._announced[alarm.id] = alarm
        self._announced.move_to_end(alarm.id)
        if len(self._announced) > REMEMBERED_AT_MOST:
            self._announced.popitem(last=False)

    async def _write_down(self) -> None:
        """Once the database is back and has the alarms, let it know what was said of them."""
        while True:
            await asyncio.sleep(WRITE_DOWN_EVERY_S)
            if not (self._told and self._writer.available):
                continue
            try:
                async with await connect(self._conninfo, application="anxin gateway afterwards") as connection:
                    for alarm_id, since in list(self._told.items()):
                        now = time.monotonic()
                        if await write_down(connection, alarm_id, self._emergency):
                            del self._told[alarm_id]
                        elif since is None:
                            self._told[alarm_id] = now
                        elif now - since > WAIT_FOR_IT_S:
                            del self._told[alarm_id]
                            _log.critical("provisional_alarm_never_came", alarm=str(alarm_id))
            except AWAY as error:
                _log.warning("provisional_not_written_down", error=type(error).__name__)


def _same(one: Pending, other: Pending) -> bool:
    """Whether nothing has arrived or been decided between two looks."""
    last = [pending.undecided[-1] if pending.undecided else None for pending in (one, other)]
    return one.decided is other.decided and len(one.undecided) == len(other.undecided) and last[0] is last[1]


def _news(alarm: Alarm) -> tuple[str, str, int]:
    """What of an alarm is worth another announcement: more evidence alone is not."""
    return alarm.state, alarm.severity, len(alarm.timeline)


def _provisional_json(alarm: Alarm) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(alarm), "provisional": True})
