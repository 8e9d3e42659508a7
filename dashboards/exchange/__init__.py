"""Import and export of the registry as files: bytes to tables, to lines, to the fate of each, and back. No I/O.

``plan_file`` tells what a file would do to the registry and collects what is to be written; ``dashboards.importing``
writes it. ``tables_of`` turns records into tables, ``to_csv`` and ``to_xlsx`` into files.
"""

from dashboards.exchange.fates import Outcome
from dashboards.exchange.faults import Fault, Unreadable
from dashboards.exchange.plan import Planned, plan_file

__all__ = ["Fault", "Outcome", "Planned", "Unreadable", "plan_file"]
