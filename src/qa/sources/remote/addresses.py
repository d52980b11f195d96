"""Checks of web addresses, and connections to public addresses only.

A name is resolved once, every address it has is checked, and the connection goes to one that
was checked: a name that resolves differently the next moment gains nothing. Every read is cut
off at one time for the whole request, however slowly the bytes drip.

This is own code because safehttpx and its like connect if any address of a name is public, and
know neither NAT64 nor a time limit for the whole request.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import httpcore
import httpx

from qa.errors import SourceError

__all__ = ["CheckedBackend", "checked_url", "is_public"]

# HTTP's own; below 1024 other services listen, which a request could be made to speak to.
_PORTS = (80, 443)
_LEAST_FREE_PORT = 1024
# Not public, though Python 3.11 takes them for it: site-local, 6to4 (leads to any IPv4 address),
# local NAT64, documentation, segment routing.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in ("fec0::/10", "2002::/16", "64:ff9b:1::/48", "3fff::/20", "5f00::/16")
)
# An address here stands for the IPv4 address in its last 32 bits (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What the system's resolver takes for an IPv4 address: 127.1, 0x7f.1, 2130706433, 0177.0.0.1.
_HOST_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_HIGHEST_PORT = 65_535
_NUMERIC_HOST = re.compile(r"(?:.*\.)?(?:\d+|0[xX][0-9a-fA-F]*)\.?")

Address = IPv4Address | IPv6Address


def checked_url(url: str, *, allow_private: bool = False) -> httpx.URL:
    """Return the address in its normal form, without its fragment.

    Raises:
        SourceError: it is no address of a page on the web that may be fetched.
    """
    try:
        parsed = httpx.URL(url)
        host, port = parsed.host, parsed.port
    except (httpx.InvalidURL, ValueError) as error:
        raise SourceError(f"{url!r} is not an address on the web: {error}.") from error
    if "\\" in url:  # browsers take it for a slash, so that two might see two hosts
        raise SourceError(f"{url!r} is not an address on the web: there is a backslash in it.")
    if parsed.scheme not in ("http", "https"):
        raise SourceError(f"{url}: only http and https are fetched, not {parsed.scheme or 'this'}.")
    if parsed.userinfo:
        raise SourceError(
            f"{parsed.host}: an address with a name or password in it is not fetched."
        )
    if not host:
        raise SourceError(f"{url}: there is no host in it.")
    is_ipv6 = ":" in host
    if not is_ipv6 and not _HOST_NAME.fullmatch(parsed.raw_host.decode("ascii")):
        raise SourceError(f"{url!r} is not an address on the web: {host} is no name of a host.")
    if not is_ipv6 and _NUMERIC_HOST.fullmatch(host) and not _is_plain_ipv4(host):
        raise SourceError(f"{url}: {host} is an IPv4 address written oddly; write it as 192.0.2.1.")
    if port is not None and not 0 <= port <= _HIGHEST_PORT:
        raise SourceError(f"{url!r} is not an address on the web: there is no port {port}.")
    is_usual = port is None or port in _PORTS or port >= _LEAST_FREE_PORT
    if not is_usual and not allow_private:
        raise SourceError(f"{url}: port {port} is not one of the web (80, 443, 1024 and above).")
    return parsed.copy_with(fragment=None, raw_path=parsed.raw_path)


def _is_plain_ipv4(host: str) -> bool:
    try:
        return str(IPv4Address(host)) == host
    except ValueError:
        return False


def is_public(address: Address) -> bool:
    """Return True for an address that the whole internet routes to."""
    if address.version == 6 and address in _NAT64:  # noqa: PLR2004 - IPv6
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in _NEVER)
    )


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only.

    ``deadline`` is the value of ``time.monotonic`` at which the request under way must end.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._sockets = httpcore.SyncBackend()
        self.deadline = 0.0

    def left(self, timeout: float | None) -> float:
        """Return the seconds a step may take, at most ``timeout``.

        Raises:
            httpcore.ReadTimeout: none are left.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for the whole request is over")
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to one of the host's addresses, after all of them are checked.

        Raises:
            SourceError: one of them is not public.
            httpcore.ConnectError: the host is not known, or none of its addresses answers.
        """
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self)
        raise failure

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} is not known: {error}") from error
        addresses = [str(place[4][0]) for place in resolved]
        for address in addresses:
            plain = ipaddress.ip_address(address.partition("%")[0])
            if not self._allow_private and not is_public(plain):
                named = "" if address == host else f" is at {address}, which"
                raise SourceError(
                    f"{host}{named} is not a public address: it is not fetched from without "
                    "--allow-private."
                )
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every step ends at the backend's deadline."""

    def __init__(self, stream: httpcore.NetworkStream, backend: CheckedBackend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._backend.left(timeout)
        return _TimedStream(
            self._stream.start_tls(ssl_context, server_hostname, left), self._backend
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
