"""Addresses that webhooks may go to: public ones, over TLS, and never one of our own network.

A name is looked up once for each attempt, every address that it has is judged, and the connection goes to one of those:
what the name says a moment later (DNS rebinding) is never asked. TLS is still verified by name. WEBHOOKS_ALLOW_PRIVATE
lets an operator listen on an own machine, over plain HTTP too.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore
import httpx
from django.conf import settings

PORTS = {"http": 80, "https": 443}
PORT_FREE = 1024  # below it, other services than the web listen
CONNECT_SECONDS = 5.0  # to one address: a name may have several
# Beside what `ipaddress` calls private in the oldest Python that we run on.
NOT_PUBLIC = [
    ip_network(each)
    for each in (
        "168.63.129.16/32",  # the host of a virtual machine in Azure
        "192.0.0.0/24",  # protocol assignments, a cloud's metadata among them
        "192.88.99.0/24",  # 6to4 relays
        "2002::/16",  # 6to4: any IPv4 address inside
        "3fff::/20",  # documentation
    )
]
GLOBAL_IPV6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")  # an IPv4 address inside


class RefusedAddressError(Exception):
    """Nothing is sent there; says why, to staff."""


def parse(url: str) -> httpx.URL:
    """The address in its parts. Raises RefusedAddressError for one that no message goes to, whatever its host."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        raise RefusedAddressError("This is no address.") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.WEBHOOKS_ALLOW_PRIVATE):
        raise RefusedAddressError("The address has to begin with https://.")
    if not parts.raw_host:
        raise RefusedAddressError("The address names no host.")
    if parts.userinfo:
        raise RefusedAddressError("The address holds a user name or password: the signature proves the sender instead.")
    if parts.port is not None and not PORT_FREE <= parts.port <= 65535:
        raise RefusedAddressError(f"Port {parts.port} is another service's: leave it out, or take one from 1024 on.")
    return parts


def fault_of(url: str) -> str:
    """What is wrong with an address that is to be kept, or nothing. Looks the name up: not in a transaction."""
    try:
        parts = parse(url)
        look_up(parts.raw_host.decode(), parts.port or PORTS[parts.scheme])
    except RefusedAddressError as refusal:
        return str(refusal)
    except OSError:
        return "The host is not known. Look for a typing mistake."
    return ""


def look_up(host: str, port: int) -> list[str]:
    """A name's addresses. Raises RefusedAddressError when any of them is not public, OSError when there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that no name server takes
        raise OSError(str(error)) from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    for address in addresses:
        if not (settings.WEBHOOKS_ALLOW_PRIVATE or is_public(address)):
            raise RefusedAddressError(f"{host} is {address}, which is no public address.")
    return addresses


def is_public(address: str) -> bool:
    """Whether the address is one of the internet's own: not private, local, shared, multicast or set aside."""
    ip = _inner(ip_address(address))
    if isinstance(ip, IPv6Address) and ip not in GLOBAL_IPV6:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not any(ip in each for each in NOT_PUBLIC)


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(ip, IPv4Address):
        return ip
    return IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else ip.ipv4_mapped or ip


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses alone, and ends everything when its seconds are over, however slowly bytes come.

    The system's resolver keeps its own time.
    """

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the host's addresses that takes one."""
        failure: Exception = httpcore.ConnectError("The host is not known.")
        try:
            addresses = look_up(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"The host is not known: {error}") from error
        for address in addresses:
            try:
                seconds = min(self.left(), CONNECT_SECONDS)
                return _Stream(self._backend.connect_tcp(address, port, seconds, None, socket_options), self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def left(self) -> float:
        """Seconds that are left, above zero."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("The time is over.")
        return left


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends with the backend's time."""

    def __init__(self, stream: httpcore.NetworkStream, backend: CheckedBackend) -> None:
        self._stream, self._backend = stream, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._backend.left()), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
