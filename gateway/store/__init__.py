"""The one room with SQL: schema, telemetry, registry, alarms, outbox, accounts and queries.

Imports nothing else of ``gateway``; every other role reaches PostgreSQL through here.
"""
