"""Residents who live a day, the bands and machines that report it, faults and load.

Owns invented people and their routines, careful bands, a load generator and a stand-in for Twilio's
Messages API. It speaks only MQTT (and, for the stand-in, HTTP), imports nothing but ``devices``, and
never sees the database or the console: what it knows of the system is what a real band would know.
"""
