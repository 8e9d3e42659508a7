"""The child process of the iotcore broker: ``python -m anxin.embedded.iotcore_process CONFIG``."""

from __future__ import annotations

import sys

from iotcore.iotcore import IotCoreBroker


def main() -> None:
    """Serve until a signal ends the process."""
    IotCoreBroker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
