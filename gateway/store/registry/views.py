"""How each kind of record is read: its JSON, its tables, its key, its site, and what it may be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, LiteralString

from gateway.store.registry_records import (
    Assignment,
    Consent,
    Contact,
    Device,
    Fence,
    Holiday,
    Household,
    Plan,
    Resident,
    Responder,
    Shift,
    Site,
)


@dataclass(frozen=True, slots=True)
class View:
    """How one kind of record is read: its JSON, its tables, its key, its site and what it may be asked for."""

    table: LiteralString
    object: LiteralString
    source: LiteralString
    key: LiteralString
    site: LiteralString
    filters: Mapping[str, LiteralString] = field(default_factory=dict)
    """Name → the column that must equal it."""
    conditions: Mapping[str, LiteralString] = field(default_factory=dict)
    """Name → a condition on the parameter of that name."""


VIEWS: Final[dict[type[object], View]] = {
    Site: View(
        "site",
        "jsonb_build_object('id', s.id, 'name', s.name, 'timezone', s.timezone, 'demo', s.demo, 'phone', s.phone)",
        "site s",
        "s.id",
        "s.id",
    ),
    Household: View(
        "household",
        "jsonb_build_object('id', h.id, 'site', h.site, 'name', h.name, 'address', h.address)",
        "household h",
        "h.id",
        "h.site",
        {"site": "h.site"},
    ),
    Resident: View(
        "resident",
        "jsonb_build_object('id', r.id, 'site', r.site, 'name', r.name, 'timezone', r.timezone,"
        " 'home', case when r.home_lat is not null and r.home_lon is not null"
        " then jsonb_build_object('lat', r.home_lat, 'lon', r.home_lon) end,"
        " 'language', r.language, 'phone', r.phone, 'birth_year', r.birth_year, 'address', r.address,"
        " 'card', r.card, 'household', r.household, 'external_id', r.external_id, 'status', r.status,"
        " 'until', (extract(epoch from r.until) * 1000)::bigint, 'accompanied_until', r.accompanied_until,"
        " 'left_at', (extract(epoch from r.left_at) * 1000)::bigint,"
        " 'erased_at', (extract(epoch from r.erased_at) * 1000)::bigint)",
        "resident r",
        "r.id",
        "r.site",
        {"site": "r.site", "household": "r.household", "external_id": "r.external_id", "status": "r.status"},
    ),
    Device: View(
        "device",
        "jsonb_build_object('id', d.id, 'site', d.site, 'type', d.type, 'phone', d.phone,"
        " 'registered', d.registered, 'revoked', d.revoked, 'resident', w.id, 'household', n.household)",
        "device d left join assignment n on n.device_slot = d.slot and n.to_ms is null"
        " left join resident w on w.slot = n.resident_slot",
        "d.id",
        "d.site",
        {"site": "d.site", "resident": "w.id", "type": "d.type"},
    ),
    Assignment: View(
        "assignment",
        "jsonb_build_object('id', n.id, 'device', d.id, 'site', coalesce(w.site, h.site, d.site),"
        " 'resident', w.id, 'household', n.household,"
        " 'from', n.from_ms, 'to', n.to_ms)",
        "assignment n join device d on d.slot = n.device_slot left join resident w on w.slot = n.resident_slot"
        " left join household h on h.id = n.household",
        "n.id",
        "coalesce(w.site, h.site, d.site)",
        {"site": "coalesce(w.site, h.site, d.site)", "device": "d.id", "resident": "w.id", "household": "n.household"},
        {"at": "n.from_ms <= %(at)s::bigint and (n.to_ms is null or n.to_ms > %(at)s::bigint)"},
    ),
    Responder: View(
        "responder",
        "jsonb_build_object('id', p.id, 'site', p.site, 'name', p.name, 'phone', p.phone, 'kind', p.kind,"
        " 'building', p.building, 'unit', p.unit, 'account', a.username, 'channels', p.channels, 'note', p.note,"
        " 'active', p.active)",
        "responder p left join account a on a.id = p.account",
        "p.id",
        "p.site",
        {"site": "p.site", "kind": "p.kind", "building": "p.building", "unit": "p.unit", "active": "p.active::text"},
    ),
    Shift: View(
        "shift",
        "jsonb_build_object('id', f.id, 'site', f.site, 'account', a.username, 'role', f.role, 'from', f.from_ms,"
        " 'to', f.to_ms, 'stand_in', i.username, 'note', f.note)",
        "shift f join account a on a.id = f.account left join account i on i.id = f.stand_in",
        "f.id",
        "f.site",
        {"site": "f.site", "role": "f.role", "account": "a.username"},
        {"from": "f.to_ms > %(from)s::bigint", "to": "f.from_ms < %(to)s::bigint"},
    ),
    Contact: View(
        "contact",
        "jsonb_build_object('id', c.id, 'resident', r.id, 'site', r.site, 'name', c.name, 'phone', c.phone,"
        " 'relation', c.relation, 'order', c.\"order\", 'channels', c.channels,"
        " 'can_receive_sms', c.can_receive_sms, 'holds_key', c.holds_key, 'language', c.language)",
        "contact c join resident r on r.slot = c.resident_slot",
        "c.id",
        "r.site",
        {"site": "r.site", "resident": "r.id"},
    ),
    Fence: View(
        "fence",
        "jsonb_build_object('id', f.id, 'resident', r.id, 'site', r.site, 'name', f.name,"
        " 'circle', case when f.radius_m is not null then jsonb_build_object("
        "'lat', f.circle_lat, 'lon', f.circle_lon, 'radius_m', f.radius_m) end, 'polygon', f.polygon,"
        " 'active', f.active)",
        "fence f join resident r on r.slot = f.resident_slot",
        "f.id",
        "r.site",
        {"site": "r.site", "resident": "r.id"},
    ),
    Consent: View(
        "consent",
        "jsonb_build_object('id', c.id, 'resident', r.id, 'site', r.site, 'purpose', c.purpose,"
        " 'granted', c.granted, 'given_by', c.given_by, 'guardian', c.guardian, 'reason', c.reason,"
        " 'from', c.from_ms, 'until', c.until_ms, 'withdrawn_at', c.withdrawn_at)",
        "consent c join resident r on r.slot = c.resident_slot",
        "c.id",
        "r.site",
        {"site": "r.site", "resident": "r.id", "purpose": "c.purpose"},
    ),
    Plan: View(
        "care_plan",
        "jsonb_build_object('id', p.id, 'resident', r.id, 'site', r.site, 'name', p.name, 'windows', p.windows,"
        " 'grace_min', p.grace_min, 'remind_min', p.remind_min, 'remind', p.remind, 'holidays', p.holidays,"
        " 'first_day', p.first_day, 'last_day', p.last_day, 'active', p.active)",
        "care_plan p join resident r on r.slot = p.resident_slot",
        "p.id",
        "r.site",
        {"site": "r.site", "resident": "r.id"},
    ),
    Holiday: View(
        "holiday",
        "jsonb_build_object('id', h.id, 'site', h.site, 'name', h.name, 'date', h.date, 'last_date', h.last_date)",
        "holiday h",
        "h.id",
        "h.site",
        {"site": "h.site"},
        {"from": "h.last_date >= %(from)s::date", "to": "h.date <= %(to)s::date"},
    ),
}
