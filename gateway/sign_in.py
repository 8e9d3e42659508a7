"""A short-lived MQTT 5 client that says in words why a broker does not let it in.

The session of the hot path tries again whatever happens. Here somebody waits for the answer: at the start
of a system, or when the broker's settings are being found out.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import mqtt5

from gateway.errors import BrokerRefusedError, BrokerUnreachableError
from gateway.refusals import in_words
from gateway.session import BrokerAddress

PATIENCE_S: Final = 5.0
_MOST_OCTETS: Final = 1 << 16
_TLS_ALERT: Final = b"\x15\x03"
_CONNACK_OF_MQTT_3: Final = b"\x20\x02"


class Client:
    """A connection that was let in; nothing is acknowledged unless the caller does so."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.session_present = False
        self.window = 0
        """How many of our publications the broker takes before it acknowledges one."""
        self._reader = reader
        self._writer = writer
        self._rest = b""
        self._behind_the_answer: list[mqtt5.Packet] = []

    def send(self, *packets: bytes) -> None:
        """Write packets, in one piece."""
        self._writer.write(b"".join(packets))

    async def packets(self) -> list[mqtt5.Packet]:
        """The next packets, one at least.

        Raises:
            BrokerUnreachableError: when the connection has ended.
        """
        found, self._behind_the_answer = self._behind_the_answer, []
        while not found:
            octets = await self._read()
            if not octets:
                raise BrokerUnreachableError("it hung up")
            self._rest += octets
            found = self._parse()
        return found

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(_MOST_OCTETS)
        except OSError as error:
            raise BrokerUnreachableError(f"the connection broke: {error}") from error

    def _parse(self) -> list[mqtt5.Packet]:
        view, start, found = memoryview(self._rest), 0, []
        with contextlib.suppress(IndexError):
            while start < len(view):
                packet, size = mqtt5.read(view[start:])
                start += size
                found.append(packet)
        self._rest = self._rest[start:]
        return found

    async def connect(self, packet: mqtt5.ConnectPacket) -> None:
        """Introduce ourselves and wait for the answer.

        Raises:
            BrokerRefusedError: if the broker does not let us in.
        """
        self.send(packet.write())
        with contextlib.suppress(BrokerUnreachableError):
            self._rest = await self._read()
        if not self._rest:
            raise BrokerRefusedError(
                "it hangs up instead of answering: it speaks no MQTT 5 (Mosquitto 2 and later do), or it does not"
                " accept the user name or password of mqtt.broker"
            )
        if self._rest.startswith(_TLS_ALERT):
            raise BrokerRefusedError(_WANTS_TLS)
        if self._rest.startswith(_CONNACK_OF_MQTT_3) and len(self._rest) == 4:
            raise BrokerRefusedError(in_words(mqtt5.ConnAckReasonCode.UNSUPPORTED_PROTOCOL_VERSION))
        try:
            answer, *self._behind_the_answer = self._parse()
        except ValueError:
            answer = None
        if not isinstance(answer, mqtt5.ConnAckPacket):
            raise BrokerRefusedError("what listens there is no MQTT broker")
        if answer.reason_code != mqtt5.ConnAckReasonCode.SUCCESS:
            raise BrokerRefusedError(in_words(answer.reason_code))
        self.session_present = answer.session_present
        self.window = answer.receive_max

    async def close(self) -> None:
        """Say goodbye; an end that is not clean harms nobody."""
        self.send(mqtt5.DisconnectPacket().write())
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()


_WANTS_TLS: Final = "it wants TLS on this port: mqtts:// instead of mqtt:// in mqtt.broker"


@asynccontextmanager
async def signed_in(
    address: BrokerAddress,
    client_id: str,
    *,
    clean_start: bool = True,
    session_expiry_s: int = 0,
    receive_maximum: int = 65_535,
) -> AsyncIterator[Client]:
    """Sign in to a broker for as long as the block lasts.

    Raises:
        BrokerUnreachableError: if nobody answers there; it may come.
        BrokerRefusedError: if the broker does not let us in; somebody must change something.
    """
    client = await _open(address)
    try:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await client.connect(
                    mqtt5.ConnectPacket(
                        client_id,
                        username=address.username,
                        password=None if address.password is None else address.password.encode(),
                        clean_start=clean_start,
                        session_expiry_interval=session_expiry_s,
                        receive_max=receive_maximum,
                        keep_alive=60,
                    )
                )
        except TimeoutError:
            raise BrokerUnreachableError(f"it does not answer within {PATIENCE_S:.0f} s") from None
        except BrokerRefusedError as refused:
            if address.tls is None and await _speaks_tls(address):
                raise BrokerRefusedError(_WANTS_TLS) from refused
            raise
        yield client
    finally:
        await client.close()


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Whom a broker's certificate must come from: this authority, or those that the system trusts.

    Raises:
        OSError: if the file cannot be read, or holds no certificate (``ssl.SSLError``).
    """
    return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))


async def _open(address: BrokerAddress) -> Client:
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection(address.host, address.port, ssl=address.tls)
    except ssl.SSLCertVerificationError as error:
        raise BrokerRefusedError(
            f"its certificate is not trusted ({error.verify_message}): name its authority in mqtt.ca_file, and the"
            " host of mqtt.broker as the certificate does"
        ) from error
    except (ssl.SSLError, ConnectionResetError) as error:
        if address.tls is None:
            raise BrokerUnreachableError(error.strerror or type(error).__name__) from error
        raise BrokerRefusedError("it speaks no TLS on this port: mqtt:// instead of mqtts:// in mqtt.broker") from error
    except socket.gaierror as error:
        raise BrokerUnreachableError(f"no such host: {error.strerror}") from error
    except TimeoutError as error:
        raise BrokerUnreachableError(f"no answer within {PATIENCE_S:.0f} s") from error
    except OSError as error:
        raise BrokerUnreachableError(error.strerror or type(error).__name__) from error
    endpoint: socket.socket = writer.get_extra_info("socket")
    endpoint.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Client(reader, writer)


async def _speaks_tls(address: BrokerAddress) -> bool:
    """Whether a TLS handshake succeeds there; who it is does not matter, since nothing is said."""
    anybody = ssl.create_default_context()
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(PATIENCE_S):
            _, writer = await asyncio.open_connection(address.host, address.port, ssl=anybody)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
