"""The escalation's part of an alarm transaction: plans, steps, people, bundles and what a band is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from psycopg import AsyncCursor
from psycopg.types.json import Jsonb

from alerts.alarm import SEVERITIES
from alerts.asking import NOT_SENT_AFTER_MS
from alerts.policies import Who
from alerts.ports import Channel, NewMessage, NewStep, Person, Plan, SiteRules, Step
from alerts.telling import ALARM_TEMPLATES
from devices.clock import DAY_MS
from devices.commands import BadCommand, CommandName
from gateway.store.active import ACTIVE_STATES
from gateway.store.commands import queue_command
from gateway.store.connection import Connection
from gateway.store.errors import StoreError
from gateway.store.policies import ask_policies, policies_in
from gateway.store.questions import ASKED_BY_SYSTEM, deaf_devices, question_lost
from gateway.store.registry.parameters import values_for
from gateway.store.roster import on_duty

_STEP_FIELDS: Final = ("id", "alarm", "step", "round", "due_at", "n", "repeat", "who", "nth", "how", "written_at")

_KIND_OF_RESPONDER: Final[Mapping[Who, str]] = {
    "neighbours": "neighbour",
    "grid_workers": "grid_worker",
    "volunteers": "volunteer",
}
_CHANNEL_OF: Final[Mapping[str, Channel]] = {"sms": "sms", "call": "voice"}
"""What responders' and contacts' records call the channels."""

_AskedRules = tuple[AsyncCursor[Any], AsyncCursor[Any]] | None
"""Questions for sites and for their policies."""

ANSWERED_WITHIN_MS: Final = DAY_MS
"""How long a code stays an ended alarm's, so that no late answer meets another one."""

_ALARMS: Final = sorted(ALARM_TEMPLATES)


_CODE: Final[LiteralString] = (
    "(with own as (select m.code, m.alarm from message m join alarm a on a.id = m.alarm"
    " where m.recipient = %(recipient)s and m.code is not null and (m.created_at > %(since)s"
    f" or a.state in {ACTIVE_STATES}))"
    " select coalesce((select code from own where alarm = %(alarm)s limit 1), (select n"
    " from (select n from generate_series(10, 99) n where n not in (select code from own) order by random() offset 0) n"
    " where pg_try_advisory_xact_lock(hashtextextended(%(recipient)s || ' ' || n, 0)) limit 1)))"
)
"""The alarm's code for this phone, or one that none of its alarms has, of those that may still be answered.

What another transaction gives away at this moment cannot be seen yet, so a free code is taken under a lock that nobody
waits for; ``offset 0`` keeps the lock out of the sorting, so that one code alone is locked.
"""


class EscalationWork:
    """Steps and people within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dispatch = False
        """Whether the dispatcher has something new to look at."""
        self._rules: dict[str, SiteRules | None] = {}
        """What this transaction has read of sites; None of one that nobody has registered."""

    @property
    def connection(self) -> Connection:
        """For what else belongs into the same transaction."""
        return self._connection

    async def site_rules(self, site: str) -> SiteRules | None:
        """The site with its policies."""
        if site not in self._rules:
            await self._learn_rules(await self._ask_rules([site]))
        return self._rules.get(site)

    async def _ask_rules(self, sites: Sequence[str]) -> _AskedRules:
        """In a pipeline, both questions leave before an answer is awaited; None: there is nothing to ask."""
        if not sites:
            return None
        self._rules |= dict.fromkeys(sites)
        asked = await self._connection.execute(
            "select id, name, timezone, demo from site where id = any(%s)", (list(sites),)
        )
        return asked, await ask_policies(self._connection, sites)

    async def _learn_rules(self, asked: _AskedRules) -> None:
        if asked is None:
            return
        rows, policies = await asked[0].fetchall(), await policies_in(asked[1])
        for site, name, timezone, demo in rows:
            own = tuple(policy for policy in policies if policy.site in (None, site))
            self._rules[site] = SiteRules(name=name, timezone=timezone, demo=demo, policies=own)

    async def plan_of(self, alarm: UUID) -> Plan | None:
        """The alarm's frozen plan."""
        cursor = await self._connection.execute("select plan::text from escalation_plan where alarm = %s", (alarm,))
        row = await cursor.fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Plan)

    async def keep_plan(self, alarm: UUID, plan: Plan) -> None:
        """Freeze the alarm's plan, in place of an earlier one."""
        await self._connection.execute(
            "insert into escalation_plan (alarm, policy, plan) values (%s, %s, %s)"
            " on conflict (alarm) do update set policy = excluded.policy, plan = excluded.plan",
            (alarm, plan.policy.id, Jsonb(msgspec.to_builtins(plan))),
        )

    async def schedule(self, alarm: UUID, steps: Sequence[NewStep]) -> None:
        """Write down steps of the escalation; one that was done or waits in the same round stays as it is."""
        await self._connection.execute(
            "insert into escalation_step (alarm, step, round, due_at, n, repeat, who, nth, how, written_at)"
            " select %s, s.* from jsonb_to_recordset(%s) as s (step text, round integer, due_at bigint, n integer,"
            " repeat integer, who text, nth integer, how text, written_at bigint)"
            " on conflict do nothing",
            (alarm, Jsonb(msgspec.to_builtins(list(steps)))),
        )
        self._dispatch = True

    async def withdraw_steps(self, alarm: UUID, *, messages: bool = True) -> None:
        """Withdraw the alarm's pending steps and, unless told otherwise, its messages that nobody began to send.

        One of which it is not known whether it arrived stays: whoever may have heard of the alarm hears of its end.
        Bundles are locked in the order of their ids, since other alarms in them may end at the same moment.
        """
        await self._connection.execute(
            "update escalation_step set state = 'withdrawn' where alarm = %s and state = 'pending'", (alarm,)
        )
        if messages:
            await self._connection.execute(
                "with unsent as (select id from message where state = 'queued' and sending_since is null"
                " and (alarm = %(alarm)s or %(alarm)s = any(alarms)) order by id for update)"
                " update message m set alarms = array_remove(m.alarms, %(alarm)s),"
                " params = m.params || jsonb_build_object('count', cardinality(array_remove(m.alarms, %(alarm)s))),"
                " state = case when m.alarm = %(alarm)s or m.alarms = array[%(alarm)s::uuid] then 'withdrawn'"
                " else m.state end from unsent where m.id = unsent.id",
                {"alarm": alarm},
            )

    async def next_step_now(self, alarm: UUID, now: int) -> None:
        """Let the alarm's next pending step that tells somebody fall due at once."""
        await self._connection.execute(
            "update escalation_step set due_at = %(now)s where due_at > %(now)s and id = ("
            " select id from escalation_step where alarm = %(alarm)s and state = 'pending' and step = 'tell'"
            " order by due_at, n, repeat limit 1)",
            {"alarm": alarm, "now": now},
        )
        self._dispatch = True

    async def end_step(self, step: int, outcome: str) -> None:
        """Write down what became of a claimed step."""
        await self._connection.execute("update escalation_step set outcome = %s where id = %s", (outcome, step))

    async def claim_due_steps(self, now: int, limit: int, passed_over: Collection[int] = ()) -> list[Step]:
        """Pending steps that are due, those of the worst alarms first, marked done when the transaction commits.

        Locked together with their alarms' rows, SKIP LOCKED: whoever works on an alarm first locks the alarm and
        then its steps, and this must not wait the other way round.
        """
        cursor = await self._connection.execute(
            "update escalation_step set state = 'done', done_at = %s where id in ("
            " select s.id from escalation_step s join alarm a on a.id = s.alarm"
            " where s.state = 'pending' and s.due_at <= %s and s.id <> all(%s::bigint[])"
            " order by array_position(%s, a.severity), s.due_at, s.n, s.repeat limit %s for update skip locked)"
            f" returning {', '.join(_STEP_FIELDS)}",
            (now, now, list(passed_over), list(reversed(SEVERITIES)), limit),
        )
        steps = [Step(**dict(zip(_STEP_FIELDS, row, strict=True))) for row in await cursor.fetchall()]
        return sorted(steps, key=lambda step: (step.due_at, step.n, step.repeat, step.id))

    async def people(self, who: Who, site: str, now: int, address: Mapping[str, str]) -> list[Person]:
        """Who is on duty, or who of the responders is at hand for an address; the family stands on the card."""
        if who in _KIND_OF_RESPONDER:
            return await self._responders(_KIND_OF_RESPONDER[who], site, address)
        if who == "chat":
            return [Person(role="chat", name="", address=f"chat:{site}", channels=frozenset({"chat"}))]
        found = await self._on_duty(who, site, now)
        return found or (await self._supervisors(site) if who == "supervisor" else [])

    async def _responders(self, kind: str, site: str, address: Mapping[str, str]) -> list[Person]:
        """Neighbours of the same stairwell; others of the same building, or of the whole site if theirs is not told."""
        near: LiteralString = (
            "r.building = %(building)s and r.unit is not distinct from %(unit)s"
            if kind == "neighbour"
            else "(r.building is null or r.building = %(building)s)"
        )
        cursor = await self._connection.execute(
            "select r.id, r.kind, r.name, r.phone, r.channels, a.username, coalesce(a.language, 'zh')"
            " from responder r left join account a on a.id = r.account"
            f" where r.active and r.site = %(site)s and r.kind = %(kind)s and r.phone <> '' and {near}"
            " order by r.created_at, r.id",
            {"site": site, "kind": kind, "building": address.get("building"), "unit": address.get("unit")},
        )
        return [
            Person(
                role=row[1],
                name=row[2],
                address=row[3],
                channels=frozenset(_CHANNEL_OF[name] for name in row[4] if name in _CHANNEL_OF),
                responder=row[0],
                account=row[5],
                language=row[6],
            )
            for row in await cursor.fetchall()
        ]

    async def _on_duty(self, post: str, site: str, now: int) -> list[Person]:
        return [
            Person(
                role=one.role,
                name=one.display_name or one.username,
                address=one.phone,
                channels=frozenset({"sms", "voice"}),
                account=one.username,
                language=one.language,
            )
            for one in await on_duty(self._connection, site, now)
            if one.role == post and one.phone
        ]

    async def _supervisors(self, site: str) -> list[Person]:
        """Whom to call where no shift names a supervisor: the accounts that are one, else the managers."""
        cursor = await self._connection.execute(
            "with able as (select * from account where role in ('supervisor', 'manager') and not disabled"
            " and coalesce(phone, '') <> '' and (sites = '{}' or %s = any(sites)))"
            " select username, coalesce(nullif(display_name, ''), username), phone, language from able"
            " where role = (select max(role) from able) order by username",
            (site,),
        )
        return [
            Person(
                role="supervisor",
                name=row[1],
                address=row[2],
                channels=frozenset({"sms", "voice"}),
                account=row[0],
                language=row[3],
            )
            for row in await cursor.fetchall()
        ]

    async def said_lately(self, recipient: str, since: int) -> list[str]:
        """The kinds of the alarms that somebody was told of, or will be at once, since then (ms); oldest first.

        Whoever else asks waits until the end: two dispatchers in one storm must count what the other one says. Taken
        after the alarms' rows and waited for with nothing else to take, so nobody waits in a circle.
        """
        await self._connection.execute("select pg_advisory_xact_lock(hashtextextended('storm', 0))")
        cursor = await self._connection.execute(
            "select coalesce(params ->> 'kind', '') from message where recipient = %s and created_at > %s"
            " and channel <> 'voice' and template = any(%s) and state <> 'withdrawn' order by id",
            (recipient, since, _ALARMS),
        )
        return [row[0] for row in await cursor.fetchall()]

    async def bundle(self, message: NewMessage, now: int, *, due_at: int) -> bool:
        """Put an alarm into the recipient's pending bundle, or begin one that is sent at ``due_at``; True if new.

        One that somebody else is at is passed over: two who bundle for the same people in another order would wait for
        each other.
        """
        if await self._waits_in_a_bundle(message):
            return False
        joined = await self._connection.execute(
            "update message set alarms = array_append(alarms, %(alarm)s), priority = greatest(priority, %(priority)s),"
            " params = params || jsonb_build_object('count', cardinality(alarms) + 1)"
            " where id = (select id from message where recipient = %(recipient)s and template = 'bundle'"
            " and state = 'queued' and sending_since is null order by id desc limit 1 for update skip locked)"
            " returning id",
            {"alarm": message.alarm, "priority": message.priority, "recipient": message.recipient},
        )
        if await joined.fetchone() is not None:
            return False
        assert message.alarm is not None, "a bundle is of alarms"
        first = msgspec.structs.replace(
            message,
            alarm=None,
            resident=None,
            template="bundle",
            params={"site": message.params.get("site", ""), "count": 1},
            alarms=(message.alarm,),
        )
        await self.queue(first, now, not_before=due_at)
        return True

    async def _waits_in_a_bundle(self, message: NewMessage) -> bool:
        found = await self._connection.execute(
            "select from message where recipient = %s and template = 'bundle' and state = 'queued'"
            " and %s = any(alarms) limit 1",
            (message.recipient, message.alarm),
        )
        return await found.fetchone() is not None

    async def tell_band(self, device: str, text: str, *, alarm: UUID, now: int) -> bool:
        """Ask a band to show a text; False when it cannot be asked."""
        return await self._ask(device, "message", {"text": text}, alarm, now)

    async def ring_band(self, device: str, *, alarm: UUID, now: int) -> bool:
        """Ask a band to sound; False when it cannot be asked."""
        return await self._ask(device, "ring", {}, alarm, now)

    async def ask_wearer(self, device: str, *, alarm: UUID, seconds: int, now: int) -> bool:
        """Let a band ask whether its wearer is all right; it is asked to no later than it may still be answered."""
        return await self._ask(device, "confirm_ok", {"timeout_s": seconds}, alarm, now, expires_in_s=seconds)

    async def deaf(self, devices: Sequence[str]) -> dict[str, str]:
        """Those of these devices that cannot ask anybody now, and why: ``offline``, ``unknown``, ``busy``."""
        return await deaf_devices(self._connection, devices)

    async def question_lost(self, alarm: UUID, now: int) -> str | None:
        """Why no answer can come to what an alarm's wearer was asked; None while one may."""
        return await question_lost(self._connection, alarm, now, sent_within_ms=NOT_SENT_AFTER_MS)

    async def parameters(self, names: Collection[str], *, site: str, resident: str) -> dict[str, float]:
        """Those of these parameters of rules that somebody set for a resident; the layer nearest to them counts."""
        return await values_for(self._connection, names, site=site, resident=resident)

    async def _ask(
        self,
        device: str,
        name: CommandName,
        args: dict[str, Any],
        alarm: UUID,
        now: int,
        *,
        expires_in_s: int | None = None,
    ) -> bool:
        try:
            async with self._connection.transaction():
                await queue_command(
                    self._connection,
                    device=device,
                    name=name,
                    args=args,
                    by=ASKED_BY_SYSTEM,
                    now=now,
                    alarm=alarm,
                    expires_in_s=expires_in_s,
                )
        except (BadCommand, StoreError):
            return False
        return True

    async def bands_of(self, resident: str) -> list[str]:
        """The bands that a resident wears at present, by their ids."""
        cursor = await self._connection.execute(
            "select d.id from resident r join assignment n on n.resident_slot = r.slot and n.to_ms is null"
            " join device d on d.slot = n.device_slot where r.id = %s and d.registered and not d.revoked"
            " and d.type in ('band', 'watch', 'pendant') order by d.id",
            (resident,),
        )
        return [row[0] for row in await cursor.fetchall()]

    async def queue(self, message: NewMessage, now: int, *, not_before: int = 0) -> int:
        """Put a message into the outbox; one that tells a phone of an alarm gets its two-digit code."""
        fields = {field: getattr(message, field) for field in NewMessage.__struct_fields__}
        answered = message.alarm is not None and message.template in ALARM_TEMPLATES and message.channel != "chat"
        cursor = await self._connection.execute(
            "insert into message (alarm, site, resident, contact, responder, account, role, name, step, recipient,"
            " channel, template, params, language, expires_at, priority, alarms, not_before, created_at, code)"
            " values (%(alarm)s, %(site)s, %(resident)s, %(contact)s, %(responder)s, %(account)s, %(role)s, %(name)s,"
            " %(step)s, %(recipient)s, %(channel)s, %(template)s, %(params)s, %(language)s, %(expires_at)s,"
            f" %(priority)s, %(alarms)s, %(not_before)s, %(now)s, {_CODE if answered else 'null'})"
            " returning id",
            {
                **fields,
                "params": Jsonb(message.params),
                "alarms": list(message.alarms),
                "not_before": not_before,
                "now": now,
                "since": now - ANSWERED_WITHIN_MS,
            },
        )
        row = await cursor.fetchone()
        assert row is not None
        self._dispatch = True
        return int(row[0])
