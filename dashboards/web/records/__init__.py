"""The pages of the records: people, households, devices, responders, requests, staff, rules; a file a resource.

Pages show; what is entered goes to the public API, field by field under the API's own names.
"""

from dashboards.web.records import (
    contacts,
    devices,
    history,
    households,
    people,
    person,
    requests,
    responders,
    rules,
    sites,
    staff,
    zones,
)

PARTS = (people, person, contacts, zones, devices, households, requests, responders, staff, sites, rules, history)
"""The order counts: ``/people/new`` stands before ``/people/{resident}``."""

__all__ = ["PARTS"]
