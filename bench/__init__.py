"""Benchmarks: figures and ratios, printed with the machine they were taken on; never a pass or a fail.

Owns what is measured and how. Starting a system and seeding it is ``anxin``'s part: every function here takes
addresses and speaks MQTT and HTTP, as a band and a console do.
"""
