"""Reading and writing the registry by public ids, a file for each kind of record.

Every write runs in one transaction that carries the actor's user name; the table's trigger numbers the
change and tells every role (design rule 11). Reads take ``sites``: those the reader may see, empty for all.
"""

from gateway.store.registry.accompanying import accompany
from gateway.store.registry.assignments import add_assignment, replace_assignment
from gateway.store.registry.contacts import add_contact, replace_contact
from gateway.store.registry.devices import add_device, replace_device, revoke_device, set_device_password
from gateway.store.registry.erasing import erase_left
from gateway.store.registry.fences import add_fence, replace_fence
from gateway.store.registry.history import belongings, history, site_of_history
from gateway.store.registry.households import add_household, replace_household
from gateway.store.registry.leaving import answer_absence, end_what_ends, resume_due
from gateway.store.registry.parameters import (
    change_parameters,
    common_settings,
    residents_with_own,
    setting_changes,
    settings_for,
)
from gateway.store.registry.planner import plan_ahead
from gateway.store.registry.plans import (
    add_holiday,
    add_plan,
    remove_holiday,
    remove_plan,
    replace_holiday,
    replace_plan,
)
from gateway.store.registry.reading import filters_of, find, listing
from gateway.store.registry.removal import remove
from gateway.store.registry.residents import add_resident, replace_resident
from gateway.store.registry.responders import add_responder, replace_responder
from gateway.store.registry.shifts import add_shift, copy_shifts, replace_shift
from gateway.store.registry.sites import save_site
from gateway.store.registry.writing import writing

__all__ = [
    "accompany",
    "add_assignment",
    "add_contact",
    "add_device",
    "add_fence",
    "add_holiday",
    "add_household",
    "add_plan",
    "add_resident",
    "add_responder",
    "add_shift",
    "answer_absence",
    "belongings",
    "change_parameters",
    "common_settings",
    "copy_shifts",
    "end_what_ends",
    "erase_left",
    "filters_of",
    "find",
    "history",
    "listing",
    "plan_ahead",
    "remove",
    "remove_holiday",
    "remove_plan",
    "replace_assignment",
    "replace_contact",
    "replace_device",
    "replace_fence",
    "replace_holiday",
    "replace_household",
    "replace_plan",
    "replace_resident",
    "replace_responder",
    "replace_shift",
    "residents_with_own",
    "resume_due",
    "revoke_device",
    "save_site",
    "set_device_password",
    "setting_changes",
    "settings_for",
    "site_of_history",
    "writing",
]
