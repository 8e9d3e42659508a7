"""The way in: MQTT sessions, the ingest pipeline, receipts and the alarm feed.

Owns everything between a device's packet and the committed transaction. It serves no pages and makes no
decision about people: that is the engine's and ``alerts``'. ``gateway.store`` is the one room with SQL.
"""
