"""The pages of the records, a file a resource: people and what belongs to them, who works here, when, by which rules.

Pages show; what is entered goes to the public API, field by field under the API's own names.
"""

from dashboards.web.records import (
    contacts,
    devices,
    history,
    households,
    people,
    person,
    policies,
    replies,
    requests,
    responders,
    roster,
    rules,
    sites,
    staff,
    zones,
)

PARTS = (
    people, person, contacts, zones, devices, households, requests, replies, responders, roster, staff, sites, rules,
    policies, history,
)  # fmt: skip
"""The order counts: ``/people/new`` stands before ``/people/{resident}``."""

__all__ = ["PARTS"]
