"""Ways to reach people outside: a port and what implements it; each answers with an outcome, never an exception."""
