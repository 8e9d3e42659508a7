"""Sheets for tests: a centre of invented people, and what a PDF says when it is read as a viewer does."""

from __future__ import annotations

from typing import Any

import pypdfium2

from gateway.store.registry_records import Site
from gateway.store.sheet import Sheet, SheetCard, SheetContact

AT = 1_750_000_000_000


def card(name: str, building: int, room: int, **more: Any) -> SheetCard:
    """Somebody with a daughter."""
    daughter = SheetContact(name="王小红", phone="13800138000", relation="女儿", holds_key=True)
    fields: dict[str, Any] = {
        "resident": f"{building}-{room}",
        "name": name,
        "birth_year": 1940,
        "phone": f"021555501{room % 100:02d}",
        "status": "active",
        "timezone": "Asia/Shanghai",
        "address": {"community": "阳光小区", "building": str(building), "unit": "1", "room": str(room)},
        "card": {"illnesses": "高血压", "key_holder": "居委会 老周", "doctor": "陈医生"},
        "contacts": [daughter],
    }
    return SheetCard(**(fields | more))


def a_sheet(first: list[SheetCard], others: list[SheetCard], **more: Any) -> Sheet:
    """A centre where nothing else is told of."""
    fields: dict[str, Any] = {"alarms": [], "checks": [], "responders": [], "duty": []}
    return Sheet(site=Site(id="north", name="北社区"), at=AT, first=first, others=others, **(fields | more))


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, lines parted by one ``\\n``."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]
