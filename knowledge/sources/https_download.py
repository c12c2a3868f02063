"""Fetches one document over HTTPS from the public internet, and from nowhere else.

The address is the operator's, but what it leads to is not: a name may resolve to a machine of the operator's own network, a
redirect may lead there, a server may send without end. So only https is spoken; every address that the name resolves to must be
public; the connection goes to just the address that was checked (no second look-up); each redirect begins anew; and size and time
are bounded in all. Proxies of the environment are not used, since they would resolve the name themselves.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from knowledge.errors import UsageError

MAX_BYTES = 10_000_000
TIME_LIMIT_SECONDS = 30.0
_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 65_536
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[[str, int], Sequence[str]]
"""The IP addresses of a host name and port. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Download:
    """What a server sent; `url` is where it came from in the end."""

    data: bytes
    content_type: str
    url: str


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, also when it is an IPv4 address dressed as IPv6."""
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver knows for a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def download(
    url: str,
    *,
    max_bytes: int = MAX_BYTES,
    seconds: float = TIME_LIMIT_SECONDS,
    resolve: Resolve = system_resolve,
    is_allowed: Callable[[str], bool] = is_public,
    context: ssl.SSLContext | None = None,
) -> Download:
    """Fetch a document. Raises UsageError, with a sentence that says why, for whatever is wrong with the address or the answer.

    `resolve`, `is_allowed` and `context` are for tests, which have only the loopback to talk to.
    """
    deadline = time.monotonic() + seconds
    for _ in range(_MAX_REDIRECTS + 1):
        target = _checked(url)
        address = _address(target, deadline, resolve, is_allowed)
        outcome = _fetch(target, address, deadline, max_bytes, context or ssl.create_default_context())
        if isinstance(outcome, Download):
            return outcome
        url = urljoin(url, outcome)
    raise UsageError(
        f"{url} could not be fetched: more than {_MAX_REDIRECTS} redirects.", "Name the final address."
    )


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(
            f"{url!r} is no web address ({error}).", "Give one such as https://example.org/page.html."
        ) from None
    if parts.scheme != "https":
        raise UsageError(
            f"{url} is not fetched: only https addresses are.", "Use https://, or save the file and add that."
        )
    if not parts.hostname or port == 0:
        raise UsageError(f"{url!r} names no host.", "Give an address such as https://example.org/page.html.")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "An address with a name and password in it is not fetched.", "Save the file and add that."
        )
    return parts


def _address(
    target: SplitResult, deadline: float, resolve: Resolve, is_allowed: Callable[[str], bool]
) -> str:
    """The one address to connect to; every address of the name must be allowed."""
    host = target.hostname or ""
    addresses: list[str] = []
    problem: list[BaseException] = []

    def look_up() -> None:
        try:
            addresses.extend(resolve(host, target.port or 443))
        except (OSError, UnicodeError) as error:
            problem.append(error)

    # The system's resolver knows no time limit, so it gets a thread of its own that may be left behind.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(max(deadline - time.monotonic(), 0.0))
    if not addresses:
        reason = f" ({problem[0]})" if problem else ""
        raise UsageError(f"The host {host} was not found{reason}.", "Check the address and the network.")
    if not all(map(is_allowed, addresses)):
        raise UsageError(
            f"{host} is not fetched: it is on a private, local or reserved address.",
            "Only public https addresses are fetched; save the file and add that.",
        )
    return addresses[0]


class _PinnedConnection(http.client.HTTPSConnection):
    """HTTPS to one address that was checked before; the certificate must still be that of the host."""

    def __init__(self, host: str, port: int, address: str, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._address = address
        self._tls = context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def _fetch(
    target: SplitResult, address: str, deadline: float, max_bytes: int, context: ssl.SSLContext
) -> Download | str:
    """The document, or the address that the server redirects to."""
    url = target.geturl()
    left = deadline - time.monotonic()
    if left <= 0:
        raise _too_slow(url)
    connection = _PinnedConnection(target.hostname or "", target.port or 443, address, left, context)
    # A socket's own time limit is for each piece; a server that drips bytes is cut off by this one.
    expired = threading.Event()

    def cut_off() -> None:
        expired.set()
        if connection.sock is not None:
            with suppress(OSError):  # closed already
                connection.sock.shutdown(socket.SHUT_RDWR)

    watchdog = threading.Timer(left, cut_off)
    watchdog.daemon = True
    watchdog.start()
    try:
        path = target._replace(scheme="", netloc="", fragment="").geturl() or "/"
        headers = {"User-Agent": "aicost", "Accept": "text/*, application/pdf", "Accept-Encoding": "identity"}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        if response.status in _REDIRECTS and (location := response.getheader("Location")):
            return location
        body = _body(url, response, max_bytes)
        if expired.is_set():  # to http.client a connection that is cut off looks like the end of the answer
            raise _too_slow(url)
        return Download(body, response.getheader("Content-Type", ""), url)
    except TimeoutError:
        raise _too_slow(url) from None
    except ssl.SSLError as error:
        if expired.is_set():
            raise _too_slow(url) from None
        raise UsageError(
            f"{url} could not be fetched: its certificate or TLS fails ({error.reason}).", ""
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if expired.is_set():
            raise _too_slow(url) from None
        raise UsageError(
            f"{url} could not be fetched ({error or type(error).__name__}).", "Check the address."
        ) from error
    finally:
        watchdog.cancel()
        connection.close()


def _body(url: str, response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    if response.status != 200:
        raise UsageError(
            f"{url} answered {response.status} {response.reason}.", "Check the address in a browser."
        )
    encoding = response.getheader("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UsageError(
            f"{url} sends compressed data ({encoding}), which is not unpacked.",
            "Save the page and add the file.",
        )
    announced = response.getheader("Content-Length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _too_large(url, max_bytes)
    data = bytearray()
    while chunk := response.read(_CHUNK):
        data += chunk
        if len(data) > max_bytes:
            raise _too_large(url, max_bytes)
    if response.length:
        raise UsageError(f"{url} broke off in the middle.", "Try again, or save the page and add the file.")
    return bytes(data)


def _too_large(url: str, max_bytes: int) -> UsageError:
    return UsageError(
        f"{url} is larger than {max_bytes / 1_000_000:g} MB.", "Add the part that matters as a file."
    )


def _too_slow(url: str) -> UsageError:
    return UsageError(f"{url} took too long.", "Try again, or save the page and add the file.")
