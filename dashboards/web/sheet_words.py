"""How the emergency sheet says things, on the page and on paper alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dashboards.web.wording import Wording
from gateway.store.check_list import Check
from gateway.store.sheet import Sheet, SheetAlarm, SheetCard

_HEALTH: Final = ("illnesses", "medication", "doctor", "notes")
_HOUSE: Final = ("community", "building")
_WAY: Final = ("unit", "floor")
_TRIED_SHOWN: Final = 3


class SheetWords(Wording):
    """The sheet in one language."""

    def printed(self, at: int, timezone: str, by: str) -> str:
        """When it was printed, and by whom."""
        return self.t("sheet.printed", at=self.moment(at, timezone), by=by)

    def moment(self, at: int, timezone: str) -> str:
        """``2025-06-10 09:50``."""
        return self.local(at, timezone).replace("T", " ")

    def figures(self, sheet: Sheet) -> str:
        """How many alarms, checks and people it holds."""
        people = len(sheet.first) + len(sheet.others)
        return self.t("sheet.figures", alarms=len(sheet.alarms), checks=len(sheet.checks), people=people)

    def duty(self, sheet: Sheet) -> list[str]:
        """Who is on duty now, and who comes next; nothing without a roster."""
        lines = []
        for is_next in (False, True):
            named = [
                f"{each.display_name or each.username} {each.phone or ''}".strip()
                + f" ({self.hour(each.from_ms, sheet.site.timezone)}–{self.hour(each.to_ms, sheet.site.timezone)})"
                for each in sheet.duty
                if each.is_next is is_next
            ]
            if named:
                who = self.t("list.comma").join(named)
                lines.append(self.t("sheet.next" if is_next else "sheet.on_duty", who=who))
        return lines

    def house(self, address: Mapping[str, Any]) -> str:
        """Community and building."""
        return self.place({field: address.get(field) for field in _HOUSE})

    def door(self, address: Mapping[str, Any]) -> tuple[str, str]:
        """The room, and in which unit and on which floor that is."""
        room, way = self.place({"room": address.get("room")}), {field: address.get(field) for field in _WAY}
        return (room, self.place(way)) if room else (self.place(way), "")

    def address_of(self, check: Check) -> dict[str, Any]:
        """Where whoever promised a check lives."""
        return {field: getattr(check, field) for field in (*_HOUSE, *_WAY, "room")}

    def severity(self, alarm: SheetAlarm) -> str:
        """How bad it is, and whether it is a drill."""
        severity = self.t(f"severity.{alarm.severity}")
        return f"{severity} · {self.t('sheet.drill')}" if alarm.drill else severity

    def whom(self, alarm: SheetAlarm, centre: str) -> str:
        """Whom an alarm is about: somebody, the centre as a whole, or somebody whom nobody knows."""
        if alarm.name or not alarm.rule.startswith("system."):
            return alarm.name or self.t("card.nobody_known")
        return centre

    def since(self, t: int, now: int, timezone: str) -> str:
        """The hour of today, else with its day."""
        told = self.moment(t, timezone)
        return self.hour(t, timezone) if told[:10] == self.moment(now, timezone)[:10] else told[5:]

    def state(self, alarm: SheetAlarm) -> str:
        """How far it has come, and with whom."""
        state = self.t(f"state.{alarm.state}")
        return f"{state} · {alarm.assignee}" if alarm.assignee else state

    def span(self, check: Check) -> str:
        """From when to when somebody was to give a sign."""
        return f"{self.hour(check.opens_at, check.timezone)}–{self.hour(check.closes_at, check.timezone)}"

    def tried(self, check: Check) -> list[str]:
        """The last calls that were made because of it."""
        return [
            f"{self.hour(call.t, check.timezone)} {self.t(f'check.result.{call.result}')}"
            for call in check.calls[-_TRIED_SHOWN:]
        ]

    def person(self, card: SheetCard) -> list[str]:
        """When somebody was born; and where they are, if not at home."""
        lines = [] if card.birth_year is None else [self.t("person.born", year=card.birth_year)]
        return lines if card.status == "active" else [*lines, self.t("sheet.not_there", status=self.status(card))]

    def status(self, card: SheetCard) -> str:
        """Where somebody is who is not at home."""
        return self.t(f"status.{card.status}")

    def health(self, card: SheetCard) -> list[str]:
        """Illnesses, medication, doctor and notes."""
        return [
            self.t("sheet.labelled", label=self.t(f"card.{field}"), text=card.card[field])
            for field in _HEALTH
            if card.card.get(field)
        ]

    def contacts(self, card: SheetCard) -> list[tuple[str, bool]]:
        """Who has the key, then the contacts in their order; each with whether they open the door."""
        lines = []
        if card.card.get("key_holder"):
            label = self.t("card.key_holder")
            lines.append((self.t("sheet.labelled", label=label, text=card.card["key_holder"]), True))
        for number, each in enumerate(card.contacts, 1):
            relation = self.t("sheet.relation", relation=each.relation) if each.relation else ""
            key = f" {self.t('sheet.has_key')}" if each.holds_key else ""
            lines.append((f"{number} {each.name}{relation} {each.phone}{key}", each.holds_key))
        return lines or [(self.t("contact.nobody"), False)]
