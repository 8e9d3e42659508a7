"""``anxin backtest``: one's own stored telemetry through the same engine with other parameters, side by side.

Owns how the stored stream becomes turns of an engine again (``turns``), one run over it (``run``), what the staff did
meanwhile (``staff``), and what differs between two runs (``comparison``). It decides nothing about anybody: rules are
the engine's, folding is ``alerts``', and nothing is written to the database.
"""
