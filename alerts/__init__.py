"""The alarm's life, from an engine's episode to the closed case with its outcome.

Owns the transition function, the folding of episodes into alarms, escalation, messages, notifiers and
the ports (Protocols) for whatever must be stored. It contains no SQL. ``alerts.engine`` is the pure,
performance-critical core beside it and never sees what people do with its episodes.
"""
