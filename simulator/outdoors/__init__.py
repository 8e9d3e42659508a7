"""Out of doors: streets, ordinary outings of old people, wandering, and what a band's receiver makes of all that.

Owns what the small life of ``simulator.resident`` has not: a town to walk in, habits over years, the published patterns
of wandering, going astray, and the errors of satellite, Wi-Fi and cell positions. Everything is a pure function of a
seed. Places are metres east and north of the town's middle; times of a day are seconds since local midnight.
"""
