"""The ports of ``alerts`` in memory: one transaction at a time, rolled back on an exception."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from alerts.alarm import ACTIVE, SEVERITIES, Alarm, Place
from alerts.outbox import CLOCKS_DIFFER_MS, LEASE_MS, NUMBER_GAP_MS, URGENT, Claim, Waiting
from alerts.policies import Policy, Who
from alerts.policy import NO_NEWS_TO
from alerts.ports import (
    AnotherActive,
    Channel,
    Concerned,
    Message,
    MessageState,
    NewMessage,
    NewStep,
    Person,
    Plan,
    ResidentCard,
    SiteRules,
    Step,
    Vouched,
    Whom,
)
from alerts.suppression import Hold, Holds
from alerts.telling import ALARM_TEMPLATES


@dataclass(slots=True)
class StoredStep:
    step: Step
    state: str = "pending"
    outcome: str | None = None


@dataclass(slots=True)
class StoredMessage:
    message: NewMessage
    id: int
    created_at: int = 0
    attempts: int = 0
    not_before: int = 0
    state: str = "queued"
    reason: str | None = None
    provider: str | None = None
    provider_id: str | None = None
    code: int | None = None
    sending_since: int | None = None
    finished_at: int | None = None

    def claimed(self, *, demo: bool) -> Message:
        values = msgspec.structs.asdict(self.message)
        return Message(
            **values,
            id=self.id,
            attempts=self.attempts,
            created_at=self.created_at,
            demo=demo,
            code=self.code,
            state=msgspec.convert(self.state, MessageState),
        )


@dataclass(slots=True)
class Contents:
    alarms: dict[UUID, Alarm] = field(default_factory=dict)
    steps: list[StoredStep] = field(default_factory=list)
    messages: list[StoredMessage] = field(default_factory=list)
    changes: list[tuple[Alarm, bool]] = field(default_factory=list)
    plans: dict[UUID, Plan] = field(default_factory=dict)
    shown: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)
    """What bands were asked to show."""
    vouched: list[tuple[str, int, str, Vouched]] = field(default_factory=list)
    holds: dict[str, Hold] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    """Holds that have ended and are not settled."""


class MemoryTransaction:
    def __init__(self, contents: Contents, store: MemoryStore) -> None:
        self._c = contents
        self._store = store
        self._changed: dict[UUID, tuple[Alarm, bool]] = {}

    async def lock(self, alarm: UUID) -> Alarm | None:
        return self._c.alarms.get(alarm)

    async def lock_with_checks(self, alarm: UUID) -> Alarm | None:
        return self._c.alarms.get(alarm)

    async def vouch(self, resident: str, *, at: int, actor: str, name: str, how: Vouched, note: str | None) -> int:
        self._c.vouched.append((resident, at, actor, how))
        return 0

    async def lock_many(self, alarms: Sequence[UUID]) -> dict[UUID, Alarm]:
        return {key: self._c.alarms[key] for key in alarms if key in self._c.alarms}

    async def lock_active(self, subjects_and_rules: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Alarm]:
        return {
            key: a
            for a in self._c.alarms.values()
            if (key := (a.subject, a.rule)) in subjects_and_rules and a.is_active
        }

    async def concerned(
        self,
        *,
        subjects_and_rules: Sequence[tuple[str, str]],
        alarms: Sequence[UUID],
        residents: Sequence[str],
        devices: Sequence[str],
        sites: Sequence[str] = (),
    ) -> Concerned:
        return Concerned(
            [*(await self.lock_active(subjects_and_rules)).values(), *(await self.lock_many(alarms)).values()],
            await self.active_of_residents(residents),
            {device: self._store.places[device] for device in devices if device in self._store.places},
        )

    async def holds(self, *, sites: Sequence[str], devices: Sequence[str], residents: Sequence[str] = ()) -> Holds:
        found = (hold for hold in self._c.holds.values() if hold.site in sites or hold.device in devices)
        return Holds(holds=tuple(found), worn={r: w for r, w in self._store.worn.items() if r in residents})

    async def lock_quiet(
        self, subjects_and_rules: Sequence[tuple[str, str]], alarms: Sequence[UUID] = ()
    ) -> list[Alarm]:
        return [
            a
            for a in sorted(self._c.alarms.values(), key=lambda alarm: alarm.id)
            if a.state == "suppressed"
            and (a.subject, a.rule) in subjects_and_rules
            and (a.recovered_at is None or a.id in alarms)
        ]

    async def lock_hold(self, hold: str, now: int) -> bool:
        return hold in self._c.over

    async def kept_quiet(self, hold: str, *, limit: int) -> list[Alarm]:
        quiet = (a for a in self._c.alarms.values() if a.state == "suppressed" and a.recovered_at is None)
        of_it = [a for a in quiet if a.suppression is not None and a.suppression.id == hold]
        return sorted(of_it, key=lambda alarm: alarm.id)[:limit]

    async def settle_hold(self, hold: str, now: int) -> None:
        self._c.over.discard(hold)

    async def last_ended(self, subjects_and_rules: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Alarm]:
        ended = [a for a in self._c.alarms.values() if a.state in ("resolved", "closed", "cancelled")]
        ended.sort(key=lambda alarm: alarm.raised_at)
        return {key: alarm for alarm in ended if (key := (alarm.subject, alarm.rule)) in subjects_and_rules}

    async def active_of_residents(self, residents: Sequence[str]) -> list[Alarm]:
        return [alarm for alarm in self._c.alarms.values() if alarm.resident in residents and alarm.is_active]

    async def lock_active_of(self, whom: Whom, key: str) -> list[Alarm]:
        def about(alarm: Alarm) -> bool:
            return (alarm.resident if whom == "resident" else (alarm.resident or alarm.household)) == key

        return sorted((a for a in self._c.alarms.values() if a.is_active and about(a)), key=lambda alarm: alarm.id)

    async def insert(self, alarm: Alarm) -> None:
        if alarm.id in self._c.alarms:
            raise KeyError(alarm.id)
        self._keep(alarm, count_only=False)

    async def save(self, alarm: Alarm, *, count_only: bool = False) -> None:
        if alarm.version <= self._c.alarms[alarm.id].version:
            raise ValueError("a saved alarm has a higher version")
        self._keep(alarm, count_only=count_only)

    def _keep(self, alarm: Alarm, *, count_only: bool) -> None:
        self._c.alarms[alarm.id] = alarm
        active = [(a.subject, a.rule) for a in self._c.alarms.values() if a.state in ACTIVE]
        if len(active) != len(set(active)):
            raise AnotherActive("two active alarms of one subject and rule")
        earlier = self._changed.get(alarm.id)
        self._changed[alarm.id] = (alarm, count_only and (earlier is None or earlier[1]))

    async def site_rules(self, site: str) -> SiteRules | None:
        cards = [card for card in self._store.cards.values() if card.site == site]
        name, demo = (cards[0].site_name, cards[0].demo) if cards else (site, False)
        return SiteRules(name=name, timezone="Asia/Shanghai", demo=demo, policies=tuple(self._store.policies))

    async def plan_of(self, alarm: UUID) -> Plan | None:
        return self._c.plans.get(alarm)

    async def keep_plan(self, alarm: UUID, plan: Plan) -> None:
        self._c.plans[alarm] = plan

    async def schedule(self, alarm: UUID, steps: Sequence[NewStep]) -> None:
        for step in steps:
            stored = Step(**msgspec.structs.asdict(step), id=len(self._c.steps) + 1, alarm=alarm)
            same = (step.round, step.n, step.repeat)
            if step.step == "tell" and any(
                (s.step.round, s.step.n, s.step.repeat) == same and s.step.step == "tell"
                for s in self._c.steps
                if s.step.alarm == alarm and s.state != "withdrawn"
            ):
                continue
            self._c.steps.append(StoredStep(stored))

    async def withdraw_steps(self, alarm: UUID, *, messages: bool = True) -> None:
        for step in self._c.steps:
            if step.step.alarm == alarm and step.state == "pending":
                step.state = "withdrawn"
        for stored in self._c.messages if messages else ():
            if stored.state != "queued" or stored.sending_since is not None:
                continue
            if stored.message.alarm == alarm or stored.message.alarms == (alarm,):
                stored.state = "withdrawn"
            rest = tuple(key for key in stored.message.alarms if key != alarm)
            if rest != stored.message.alarms:
                self._rebundle(stored, rest, stored.message.priority)

    def _rebundle(self, stored: StoredMessage, alarms: tuple[UUID, ...], priority: int) -> None:
        params = {**stored.message.params, "count": len(alarms)}
        stored.message = msgspec.structs.replace(stored.message, alarms=alarms, params=params, priority=priority)

    async def next_step_now(self, alarm: UUID, now: int) -> None:
        waiting = [s for s in self._c.steps if s.step.alarm == alarm and s.state == "pending" and s.step.step == "tell"]
        if waiting:
            first = min(waiting, key=lambda s: (s.step.due_at, s.step.n, s.step.repeat))
            first.step = msgspec.structs.replace(first.step, due_at=min(now, first.step.due_at))

    async def end_step(self, step: int, outcome: str) -> None:
        self._c.steps[step - 1].outcome = outcome

    async def people(self, who: Who, site: str, now: int, address: Mapping[str, str]) -> list[Person]:
        return self._store.people.get(who, [])

    async def said_lately(self, recipient: str, since: int) -> list[str]:
        return [
            m.message.params.get("kind", "")
            for m in self._c.messages
            if m.message.recipient == recipient
            and m.created_at > since
            and m.message.channel != "voice"
            and m.message.template in ALARM_TEMPLATES
            and m.state != "withdrawn"
        ]

    async def bundle(self, message: NewMessage, now: int, *, due_at: int) -> bool:
        assert message.alarm is not None
        for stored in reversed(self._c.messages):
            own = stored.message
            known = (own.recipient, own.template, stored.state, stored.sending_since)
            if known == (message.recipient, "bundle", "queued", None):
                if message.alarm in own.alarms:
                    return False
                self._rebundle(stored, (*own.alarms, message.alarm), max(own.priority, message.priority))
                return False
        params = {"site": message.params.get("site", ""), "count": 1}
        first = msgspec.structs.replace(
            message, alarm=None, resident=None, template="bundle", params=params, alarms=(message.alarm,)
        )
        await self.queue(first, now)
        self._c.messages[-1].not_before = due_at
        return True

    async def tell_band(self, device: str, text: str, *, alarm: UUID, now: int) -> bool:
        self._c.shown.append((device, text))
        return True

    async def ring_band(self, device: str, *, alarm: UUID, now: int) -> bool:
        self._c.shown.append((device, "ring"))
        return True

    async def ask_wearer(self, device: str, *, alarm: UUID, seconds: int, now: int) -> bool:
        self._c.asked.append((device, seconds))
        return True

    async def deaf(self, devices: Sequence[str]) -> dict[str, str]:
        return {device: why for device, why in self._store.deaf.items() if device in devices}

    async def question_lost(self, alarm: UUID, now: int) -> str | None:
        return None

    async def parameters(self, names: Collection[str], *, site: str, resident: str) -> dict[str, float]:
        return {name: value for name, value in self._store.parameters.items() if name in names}

    async def bands_of(self, resident: str) -> list[str]:
        return []

    async def queue(self, message: NewMessage, now: int) -> int:
        number = len(self._c.messages) + 1
        stored = StoredMessage(message, id=number, created_at=now)
        if message.alarm is not None and message.template in ALARM_TEMPLATES and message.channel != "chat":
            stored.code = self._code(message)
        self._c.messages.append(stored)
        return number

    def _code(self, message: NewMessage) -> int:
        own = {m.message.alarm: m.code for m in self._c.messages if m.message.recipient == message.recipient}
        taken = own.get(message.alarm)
        return taken or next(n for n in range(10, 100) if n not in own.values())

    async def hold_case(self, case: UUID) -> None:
        """Nobody works beside a transaction in memory."""

    async def active_among(self, alarms: Sequence[UUID]) -> frozenset[UUID]:
        return frozenset(key for key in alarms if key in self._c.alarms and self._c.alarms[key].is_active)

    async def told(self, alarm: UUID) -> list[Message]:
        own = self._c.alarms.get(alarm)
        case = {a.id for a in self._c.alarms.values() if own is not None and a.case == own.case}
        return [
            self._store.claimed(m)
            for m in self._c.messages
            if (m.message.alarm in case or case.intersection(m.message.alarms)) and m.state != "withdrawn"
        ]

    async def resident_card(self, resident: str) -> ResidentCard | None:
        return self._store.cards.get(resident)

    async def household_cards(self, household: str) -> list[ResidentCard]:
        return [self._store.cards[r] for r in sorted(self._store.households.get(household, ()))]

    async def claim_due_steps(self, now: int, limit: int, passed_over: Collection[int] = ()) -> list[Step]:
        due = [s for s in self._c.steps if s.state == "pending" and s.step.due_at <= now]
        due = [s for s in due if s.step.id not in passed_over]
        worst = {key: -SEVERITIES.index(alarm.severity) for key, alarm in self._c.alarms.items()}
        due.sort(key=lambda s: (worst[s.step.alarm], s.step.due_at, s.step.n, s.step.repeat, s.step.id))
        due = sorted(due[:limit], key=lambda s: (s.step.due_at, s.step.n, s.step.repeat, s.step.id))
        for stored in due:
            stored.state = "done"
        return [stored.step for stored in due]

    def finish(self) -> None:
        self._c.changes.extend(self._changed.values())


class MemoryStore:
    """``AlarmStore`` and ``Outbox`` at once. ``woken`` is set by whatever would notify the dispatcher."""

    def __init__(self) -> None:
        self.contents = Contents()
        self.cards: dict[str, ResidentCard] = {}
        self.households: dict[str, set[str]] = {}
        self.places: dict[str, Place] = {}
        self.policies: list[Policy] = []
        self.people: dict[Who, list[Person]] = {}
        self.deaf: dict[str, str] = {}
        self.parameters: dict[str, float] = {}
        self.worn: dict[str, tuple[str, ...]] = {}
        self.woken = asyncio.Event()
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        async with self._lock:
            working = copy.deepcopy(self.contents)
            transaction = MemoryTransaction(working, self)
            yield transaction
            transaction.finish()
            self.contents = working
            self.woken.set()

    async def next_due(self) -> int | None:
        steps = [s.step.due_at for s in self.contents.steps if s.state == "pending"]
        messages = [m.not_before for m in self.contents.messages if m.state in ("queued", "sending")]
        return min([*steps, *messages], default=None)

    async def waiting(self) -> Waiting:
        steps = [s.step.due_at for s in self.contents.steps if s.state == "pending"]
        messages = [m.not_before for m in self.contents.messages if m.state in ("queued", "sending")]
        return Waiting(min(steps, default=None), min(messages, default=None))

    def claimed(self, stored: StoredMessage) -> Message:
        return stored.claimed(demo=any(c.demo for c in self.cards.values() if c.site == stored.message.site))

    async def clock_went_back(self, now: int, by_ms: int | None) -> None:
        for s in self.contents.steps:
            if s.state == "pending" and s.step.written_at > now + CLOCKS_DIFFER_MS:
                off = s.step.written_at - now if by_ms is None else by_ms
                at = {"due_at": s.step.due_at - off, "written_at": s.step.written_at - off}
                s.step = msgspec.structs.replace(s.step, **at)
        for m in self.contents.messages:
            if m.state == "queued" and (by_ms is not None or m.created_at > now + CLOCKS_DIFFER_MS):
                m.not_before = min(m.not_before, now)
            elif m.state == "sending" and m.sending_since is not None and m.sending_since > now + CLOCKS_DIFFER_MS:
                off = m.sending_since - now if by_ms is None else by_ms
                m.not_before, m.sending_since = m.not_before - off, m.sending_since - off

    async def claim(self, now: int, limit: int, *, urgent_only: bool = False) -> list[Claim]:
        claims: list[Claim] = []
        for stored in sorted(self.contents.messages, key=lambda m: (-m.message.priority, m.id)):
            if len(claims) == limit:
                break
            if self._is_ripe(stored, now) and (stored.message.priority >= URGENT or not urgent_only):
                in_doubt_since, stored.sending_since = stored.sending_since, stored.sending_since or now
                stored.state, stored.not_before = "sending", now + LEASE_MS
                stored.attempts += 1
                if self._has_left(stored):
                    stored.state, stored.reason = "withdrawn", "resident_left"
                    continue
                moot = stored.attempts > 1 and self._is_moot(stored)
                message = self.claimed(stored)
                claims.append(Claim(message=message, until=now + LEASE_MS, in_doubt_since=in_doubt_since, moot=moot))
        return claims

    def _is_ripe(self, stored: StoredMessage, now: int) -> bool:
        if stored.not_before > now or stored.state not in ("queued", "sending"):
            return False
        if stored.state == "sending":
            return True
        own = (stored.message.recipient, stored.message.channel)
        others = [m for m in self.contents.messages if (m.message.recipient, m.message.channel) == own]
        place = (-stored.message.priority, stored.id)
        if any(
            m.state == "sending"
            or (m.state == "queued" and m.not_before <= now and (-m.message.priority, m.id) < place)
            for m in others
        ):
            return False
        just_now = [
            m
            for m in others
            if m.state in ("sent", "delivered") and now - NUMBER_GAP_MS < (m.finished_at or 0) < now + CLOCKS_DIFFER_MS
        ]
        return stored.message.priority >= URGENT or not just_now

    def _has_left(self, stored: StoredMessage) -> bool:
        card = self.cards.get(stored.message.resident or "")
        return card is not None and card.status in NO_NEWS_TO

    def _is_moot(self, stored: StoredMessage) -> bool:
        alarm = None if stored.message.alarm is None else self.contents.alarms.get(stored.message.alarm)
        return alarm is not None and not alarm.is_active and stored.message.template in ALARM_TEMPLATES

    async def renew(self, message: Message, now: int) -> int | None:
        stored = self._held(message)
        if stored is None:
            return None
        stored.not_before, stored.sending_since = now + LEASE_MS, now
        return stored.not_before

    async def link(self, message: int, now: int) -> str | None:
        return f"token{message}"

    async def unrecorded(self, provider_ids: Sequence[str]) -> list[str]:
        recorded = {m.provider_id for m in self.contents.messages}
        return [name for name in provider_ids if name not in recorded]

    async def sent_since(self, recipient: str, channel: Channel, since: int) -> int:
        return sum(
            (m.message.recipient, m.message.channel) == (recipient, channel)
            and m.provider_id is not None
            and (m.finished_at or 0) > since
            for m in self.contents.messages
        )

    async def finish(
        self,
        message: Message,
        *,
        state: MessageState,
        now: int,
        reason: str | None = None,
        provider: str | None = None,
        provider_id: str | None = None,
    ) -> None:
        stored = self._held(message, whoever=state == "sent")
        if stored is not None:
            stored.state, stored.reason, stored.provider, stored.provider_id = state, reason, provider, provider_id
            stored.finished_at, stored.sending_since = now, None

    @asynccontextmanager
    async def failing(
        self, message: Message, *, now: int, reason: str, provider: str
    ) -> AsyncIterator[MemoryTransaction | None]:
        async with self.transaction() as tx:
            stored = self._held(message, tx._c)
            if stored is not None:
                stored.state, stored.reason, stored.provider, stored.finished_at = "failed", reason, provider, now
            yield None if stored is None else tx

    async def retry(self, message: Message, *, not_before: int, reason: str, in_doubt: bool) -> None:
        stored = self._held(message)
        if stored is not None:
            stored.state, stored.not_before, stored.reason = "queued", not_before, reason
            stored.sending_since = stored.sending_since if in_doubt else None

    def _held(
        self, message: Message, contents: Contents | None = None, *, whoever: bool = False
    ) -> StoredMessage | None:
        return next(
            (
                m
                for m in (contents or self.contents).messages
                if m.id == message.id and m.state == "sending" and (whoever or m.attempts == message.attempts)
            ),
            None,
        )

    def messages(self, *states: str) -> list[dict[str, Any]]:
        """What the outbox holds, for assertions."""
        return [
            {"id": m.id, "state": m.state, "reason": m.reason, **msgspec.structs.asdict(m.message)}
            for m in self.contents.messages
            if not states or m.state in states
        ]
