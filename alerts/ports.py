"""What the alarm's life needs stored, as Protocols; ``gateway.store`` implements them over PostgreSQL.

Every mutation of an alarm happens inside ``AlarmStore.transaction()``: lock, change, save, schedule, queue,
all or nothing. The numbering of changes and the NOTIFY happen when the transaction ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

import msgspec

from alerts.alarm import Alarm, Place, SeverityName
from alerts.policies import How, Policy, Who
from alerts.suppression import Holds


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the family or neighbourhood who may be told."""

    id: str
    name: str
    phone: str
    relation: str
    order: int
    language: str = "zh"
    can_receive_sms: bool = True
    holds_key: bool = False


class ResidentCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a message about a resident may need; ``demo`` sites never reach a real notifier."""

    id: str
    name: str
    site: str
    site_name: str
    demo: bool
    status: str
    timezone: str
    contacts: tuple[Contact, ...]
    language: str = "zh"
    address: dict[str, str] = {}
    phone: str = ""


Role = Literal[
    "resident", "family", "neighbour", "grid_worker", "volunteer", "staff", "duty", "supervisor", "chat", "emergency"
]
"""As what somebody is told: as whom it is about, by their relation to the resident, or by their post."""

Channel = Literal["sms", "voice", "chat"]


Vouched = Literal["call", "visit", "seen", "sms", "page"]
"""How somebody knows that a resident is well, or by what way they told us so."""


MessageState = Literal["queued", "sending", "sent", "delivered", "not_sent", "failed", "withdrawn"]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody (or, for ``chat``, a group) who can be told of an alarm.

    ``resident``, ``contact``, ``responder``, ``account``: the record that they come from. ``address``: a phone number,
    or ``chat:`` and the site's id. ``channels``: how they may be reached, as their record says.
    """

    role: Role
    name: str
    address: str
    relation: str = ""
    language: str = "zh"
    channels: frozenset[Channel] = frozenset({"sms"})
    resident: str | None = None
    contact: str | None = None
    responder: str | None = None
    account: str | None = None


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be queued: template key, parameters and language, never free text.

    ``priority``: what goes first when much waits, the larger the earlier. ``alarms``: of a bundle, all of them.
    """

    alarm: UUID | None
    site: str
    resident: str | None
    contact: str | None = None
    responder: str | None = None
    account: str | None = None
    role: Role = "family"
    name: str = ""
    recipient: str
    channel: Channel = "sms"
    template: str
    params: dict[str, Any]
    language: str
    expires_at: int | None = None
    step: int | None = None
    priority: int = 0
    alarms: tuple[UUID, ...] = ()

    @property
    def about(self) -> frozenset[UUID]:
        """Every alarm that it speaks of."""
        return frozenset(self.alarms if self.alarm is None else (self.alarm, *self.alarms))


class Message(NewMessage, frozen=True, kw_only=True):
    """A message of the outbox. ``demo``: its site never reaches a real notifier.

    ``code``: two digits by which an answer names the alarm, the recipient's own.
    """

    id: int
    state: MessageState = "queued"
    attempts: int
    created_at: int
    demo: bool
    code: int | None = None


Watch = Literal["no_progress", "no_arrival", "no_answer", "still_low"]
"""Whoever took the alarm does nothing; whoever goes there does not arrive; whoever wears the band does not answer; what
began low is still low."""


class NewStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the escalation to be written down.

    ``step``: ``tell`` (``who``, the ``nth`` of them from 1 or None for all, ``how``), or what it watches for.
    ``n`` is its place in the plan, ``repeat`` counts from 0; a step is done once in a ``round``. Of ``no_answer`` it is
    the look with the number ``repeat`` of ``n``. ``written_at``: when
    its waiting began, ms; whatever happens to the clock, it lasts no longer than from then to ``due_at``.
    """

    step: Literal["tell"] | Watch
    round: int
    due_at: int
    n: int = 0
    repeat: int = 0
    who: Who | None = None
    nth: int | None = None
    how: How | None = None
    written_at: int = 0


class Step(NewStep, frozen=True, kw_only=True):
    """A claimed escalation step that is due."""

    id: int
    alarm: UUID


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm's escalation as it was frozen when it opened; ``timezone`` is the site's.

    ``severity``: the alarm's for which it was chosen. ``revision``: how many plans it replaced, since the alarm had
    grown worse.
    """

    policy: Policy
    timezone: str
    severity: SeverityName = "low"
    revision: int = 0


class SiteRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a site needs for its alarms' escalation: ``policies`` of its own and of every site."""

    name: str
    timezone: str
    demo: bool
    policies: tuple[Policy, ...] = ()


Whom = Literal["resident", "household"]
"""Whom an alarm is about."""


class Concerned(NamedTuple):
    """What a batch of episodes concerns: the ``locked`` alarms, those of its residents, where its devices were last."""

    locked: list[Alarm]
    of_residents: list[Alarm]
    last_places: dict[str, Place]


class AnotherActive(Exception):
    """Somebody else made an alarm of the same subject and rule active meanwhile; nothing was changed."""


class AlarmTransaction(Protocol):
    """Work on alarms under row locks; ends with the change numbers and COMMIT."""

    async def lock(self, alarm: UUID) -> Alarm | None:
        """The alarm under a row lock, or None."""
        ...

    async def lock_active(self, subjects_and_rules: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Alarm]:
        """The active alarms of these (subject, rule) pairs, locked in id order."""
        ...

    async def lock_many(self, alarms: Sequence[UUID]) -> dict[UUID, Alarm]:
        """Those of these alarms that exist, in whatever state, locked in id order."""
        ...

    async def concerned(
        self,
        *,
        subjects_and_rules: Sequence[tuple[str, str]],
        alarms: Sequence[UUID],
        residents: Sequence[str],
        devices: Sequence[str],
        sites: Sequence[str] = (),
    ) -> Concerned:
        """Questions asked at once, since somebody waits for each answer.

        Args:
            subjects_and_rules: Whose active alarms to lock, as ``lock_active`` does.
            alarms: Which alarms to lock besides, as ``lock_many`` does.
            residents: Whose active alarms to show, as ``active_of_residents`` does.
            devices: Whose newest stored fix to find, by the device's id.
            sites: For which plans may be chosen next; ``site_rules`` then answers without another question.
        """
        ...

    async def holds(self, *, sites: Sequence[str], devices: Sequence[str], residents: Sequence[str] = ()) -> Holds:
        """The maintenance of these sites and the repairs at them and of these devices that have not ended.

        They stay as they are until the transaction ends. ``residents``: whose worn devices to name.
        To be asked before alarms are locked: whoever ends a hold takes them in this order.
        """
        ...

    async def lock_quiet(
        self, subjects_and_rules: Sequence[tuple[str, str]], alarms: Sequence[UUID] = ()
    ) -> list[Alarm]:
        """The suppressed alarms of these pairs that have not recovered or that are among ``alarms``, in id order."""
        ...

    async def lock_hold(self, hold: str, now: int) -> bool:
        """Whether a hold is over at ``now`` (ms) and nobody has settled it or is at it; then it is ours."""
        ...

    async def kept_quiet(self, hold: str, *, limit: int) -> list[Alarm]:
        """The suppressed alarms of a hold that have not recovered, locked, in id order."""
        ...

    async def settle_hold(self, hold: str, now: int) -> None:
        """Write down that nothing more of a hold is quiet, once the changes of this transaction are."""
        ...

    async def hold_case(self, case: UUID) -> None:
        """Let nobody else ask until the end whether a case is over: two who end its last alarms wait for each other."""
        ...

    async def active_among(self, alarms: Sequence[UUID]) -> frozenset[UUID]:
        """Those of these alarms that are active, not locked."""
        ...

    async def last_ended(self, subjects_and_rules: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Alarm]:
        """The youngest alarm of each of these (subject, rule) pairs that is no longer active, not locked."""
        ...

    async def active_of_residents(self, residents: Sequence[str]) -> list[Alarm]:
        """All active alarms of these residents, not locked: for ``case`` and for severity in context."""
        ...

    async def lock_active_of(self, whom: Whom, key: str) -> list[Alarm]:
        """The active alarms of a resident, or of a household as such (``resident`` null), locked in id order."""
        ...

    async def lock_with_checks(self, alarm: UUID) -> Alarm | None:
        """The alarm under a row lock, or None; of a missed check, after the resident's active ones, in id order.

        Whoever may clear one of them clears all.
        """
        ...

    async def vouch(self, resident: str, *, at: int, actor: str, name: str, how: Vouched, note: str | None) -> int:
        """Write down that somebody vouches for a resident at ``at`` (ms); how many promised checks it keeps.

        To be called before messages are touched: it numbers a change of the registry.
        """
        ...

    async def insert(self, alarm: Alarm) -> None:
        """Store a new alarm; its change is published at the end."""
        ...

    async def save(self, alarm: Alarm, *, count_only: bool = False) -> None:
        """Store a changed alarm (its ``version`` already raised); its change is published at the end."""
        ...

    async def site_rules(self, site: str) -> SiteRules | None:
        """The site with its policies."""
        ...

    async def plan_of(self, alarm: UUID) -> Plan | None:
        """The alarm's frozen plan."""
        ...

    async def keep_plan(self, alarm: UUID, plan: Plan) -> None:
        """Freeze the alarm's plan, in place of an earlier one."""
        ...

    async def schedule(self, alarm: UUID, steps: Sequence[NewStep]) -> None:
        """Write down steps of the escalation; one that was done or waits in the same round stays as it is."""
        ...

    async def withdraw_steps(self, alarm: UUID, *, messages: bool = True) -> None:
        """Withdraw the alarm's pending steps and, unless told otherwise, its messages that nobody began to send."""
        ...

    async def next_step_now(self, alarm: UUID, now: int) -> None:
        """Let the alarm's next pending step that tells somebody fall due at once."""
        ...

    async def end_step(self, step: int, outcome: str) -> None:
        """Write down what became of a claimed step."""
        ...

    async def people(self, who: Who, site: str, now: int, address: Mapping[str, str]) -> list[Person]:
        """Who is on duty, or who of the responders is at hand for an address; the family stands on the card."""
        ...

    async def said_lately(self, recipient: str, since: int) -> list[str]:
        """The kinds of the alarms that somebody was told of, or will be at once, since then (ms); oldest first."""
        ...

    async def bundle(self, message: NewMessage, now: int, *, due_at: int) -> bool:
        """Put an alarm into the recipient's pending bundle, or begin one that is sent at ``due_at``; True if new."""
        ...

    async def tell_band(self, device: str, text: str, *, alarm: UUID, now: int) -> bool:
        """Ask a band to show a text; False when it cannot be asked."""
        ...

    async def ring_band(self, device: str, *, alarm: UUID, now: int) -> bool:
        """Ask a band to sound; False when it cannot be asked."""
        ...

    async def ask_wearer(self, device: str, *, alarm: UUID, seconds: int, now: int) -> bool:
        """Let a band ask whether its wearer is all right, for the sake of a stored alarm; False when it cannot."""
        ...

    async def deaf(self, devices: Sequence[str]) -> dict[str, str]:
        """Those of these devices that cannot ask anybody now, and why: ``offline``, ``unknown``, ``busy``."""
        ...

    async def question_lost(self, alarm: UUID, now: int) -> str | None:
        """Why no answer can come to what an alarm's wearer was asked; None while one may."""
        ...

    async def parameters(self, names: Collection[str], *, site: str, resident: str) -> dict[str, float]:
        """Those of these parameters of rules that somebody set for a resident; the layer nearest to them counts."""
        ...

    async def bands_of(self, resident: str) -> list[str]:
        """The bands that a resident wears at present, by their ids."""
        ...

    async def queue(self, message: NewMessage, now: int) -> int:
        """Put a message into the outbox; one that tells a phone of an alarm gets its two-digit code."""
        ...

    async def told(self, alarm: UUID) -> list[Message]:
        """The messages of the alarm's case, bundles among them, that were not withdrawn."""
        ...

    async def resident_card(self, resident: str) -> ResidentCard | None:
        """The resident with contacts in their order."""
        ...

    async def household_cards(self, household: str) -> list[ResidentCard]:
        """Everybody who lives in a household, in the order of their ids."""
        ...

    async def claim_due_steps(self, now: int, limit: int, passed_over: Collection[int] = ()) -> list[Step]:
        """Pending steps that are due, those of the worst alarms first, marked done when the transaction commits.

        ``passed_over``: the ids of those that are left alone.

        Locked together with their alarms' rows by one statement with SKIP LOCKED: whoever works on an alarm
        first locks the alarm and then its steps, and this must not wait the other way round.
        """
        ...


class AlarmStore(Protocol):
    """Where alarms live."""

    def transaction(self) -> AbstractAsyncContextManager[AlarmTransaction]:
        """Begin; commits on a clean exit, rolls back on an exception.

        Raises ``AnotherActive`` when it would leave two active alarms of one subject and rule.
        """
        ...

    async def next_due(self) -> int | None:
        """When the next pending step or queued message falls due, ms; None when nothing waits."""
        ...
