"""``missed_check.inactivity`` over recorded lives: false alarms, and how soon it notices that the signs end.

Owns reading the recordings (``recordings``), the lives that the engine is shown (``lives``), the run (``run``), the
plain limit that stands beside it (``plain_limit``) and the figures with their intervals (``figures``).
"""
