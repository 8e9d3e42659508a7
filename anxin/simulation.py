"""Which broker ``anxin simulate`` speaks to."""

from __future__ import annotations

from anxin.embedded.broker import site_credentials
from anxin.embedded.errors import FolderError
from anxin.settings import Settings, parse_broker
from anxin.store_access import open_existing
from simulator.link import BrokerAddress


def broker_address(settings: Settings, site: str) -> BrokerAddress:
    """The broker that was told, or the one of the system that runs in the data folder, as the site's bridge.

    Raises:
        FolderError: if neither is there.
        ValueError: if the told broker cannot be parsed, or wants TLS, which the simulator does not speak.
    """
    if settings.mqtt.broker is not None:
        told = parse_broker(settings.mqtt.broker.get_secret_value())
        if told.tls:
            raise ValueError("the simulator speaks plain MQTT only: mqtt:// instead of mqtts://")
        return BrokerAddress(told.host, told.port, told.username, told.password)
    folder = open_existing(settings.data_dir)
    try:
        host, _, port = (folder.run / "mqtt").read_text().rpartition(":")
    except FileNotFoundError:
        raise FolderError(f"no system runs in {folder.path}: start it, or say --broker") from None
    account = site_credentials(folder, site)
    return BrokerAddress(host, int(port), account.username, account.password)
