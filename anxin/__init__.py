"""The command line, the settings, the wiring of the roles, and the embedded broker and database.

Owns how the system is started, watched and stopped. It holds no business logic: what a role does is
told in the packages to its right.
"""
