"""Pages are fetched from public addresses only, over https, within limits of size and time."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from knowledge.errors import UsageError
from knowledge.facts import FactBase
from knowledge.sources.https_download import download, is_public


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.org/a", "only https"),
        ("ftp://example.org/a", "only https"),
        ("file:///etc/passwd", "only https"),
        ("https://", "no host"),
        ("https://user:secret@example.org/", "name and password"),
        ("https://[::1", "no web address"),
        ("https://example.org:99999/", "no web address"),
        ("https://127.0.0.1/", "private"),
        ("https://localhost/", "private"),
        ("https://2130706433/", "private"),
        ("https://0x7f.1/", "private"),
        ("https://[::ffff:127.0.0.1]/", "private"),
    ],
)
def test_addresses_that_are_never_fetched(url: str, reason: str, facts: FactBase) -> None:
    with pytest.raises(UsageError, match=reason) as error:
        facts.add_document(url)
    assert "secret" not in str(error.value)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(UsageError, match="private"):
        download("https://rebind.example/", resolve=lambda _host, _port: ["93.184.216.34", "10.0.0.1"])


def test_a_host_that_does_not_exist_or_does_not_answer() -> None:
    def missing(_host: str, _port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(UsageError, match="not found"):
        download("https://nowhere.example/", resolve=missing)
    block = threading.Event()
    with pytest.raises(UsageError, match="not found"):
        download("https://slow.example/", seconds=0.2, resolve=lambda _host, _port: [str(block.wait(5))])
    block.set()


class PlainContext:
    """Takes the place of TLS on the loopback: the bytes go as they are."""

    verify_mode = ssl.CERT_NONE
    check_hostname = False
    post_handshake_auth = None

    def wrap_socket(self, plain: socket.socket, server_hostname: str) -> socket.socket:
        assert server_hostname == "docs.example"
        return plain


@contextmanager
def server(*responses: bytes | Callable[[socket.socket], None]) -> Iterator[tuple[int, list[str]]]:
    """A server on the loopback that gives these responses in turn; yields its port and the requests it saw."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[str] = []

    def serve() -> None:
        for response in responses:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                seen.append(client.recv(65_536).decode("latin-1"))
                try:
                    if callable(response):
                        response(client)
                    else:
                        client.sendall(response)
                except OSError:
                    pass  # the client has had enough

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], seen
    finally:
        listener.close()
        thread.join(5)


def fetch(port: int, path: str = "/page.html", **options: object) -> object:
    def resolve(host: str, _port: int) -> list[str]:
        return ["127.0.0.1" if host == "docs.example" else "10.0.0.1"]

    return download(
        f"https://docs.example:{port}{path}",
        resolve=resolve,
        is_allowed=lambda address: address == "127.0.0.1",
        context=PlainContext(),  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )


def ok(body: bytes, *headers: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", "Content-Type: text/html", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_page_is_fetched_from_the_address_that_was_checked() -> None:
    with server(ok(b"<p>hello</p>")) as (port, seen):
        found = fetch(port, "/a%20b?c=d#e")
    assert (found.data, found.content_type) == (b"<p>hello</p>", "text/html")
    assert seen[0].startswith("GET /a%20b?c=d HTTP/1.1\r\nHost: docs.example")
    assert "Accept-Encoding: identity" in seen[0]


def test_a_redirect_is_followed_and_checked_anew() -> None:
    with server(redirect("/other"), ok(b"there")) as (port, seen):
        found = fetch(port)
    assert found.data == b"there"
    assert found.url.endswith("/other")
    assert [line.split()[1] for line in seen] == ["/page.html", "/other"]
    for location, reason in (
        ("https://internal.example/admin", "private"),
        ("http://docs.example/", "only https"),
        ("file:///etc/passwd", "only https"),
    ):
        with server(redirect(location)) as (port, _), pytest.raises(UsageError, match=reason):
            fetch(port)


def test_redirects_end() -> None:
    with (
        server(*[redirect("/again")] * 6) as (port, _),
        pytest.raises(UsageError, match="more than 5 redirects"),
    ):
        fetch(port)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n", "larger"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3000, "larger"),
        (ok(b"x", "Content-Encoding: gzip"), "compressed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "could not be fetched"),
        (b"", "could not be fetched"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this", "broke off"),
    ],
)
def test_answers_that_are_refused(response: bytes, reason: str) -> None:
    with server(response) as (port, _), pytest.raises(UsageError, match=reason):
        fetch(port, max_bytes=2000)


def test_a_server_that_drips_is_cut_off() -> None:
    stop = threading.Event()

    def drip(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\n")
        while not stop.wait(0.05):
            client.sendall(b"X-Wait: 1\r\n")

    with server(drip) as (port, _):
        try:
            with pytest.raises(UsageError, match="took too long"):
                fetch(port, seconds=0.6)
        finally:
            stop.set()


def test_a_server_without_a_valid_certificate_is_refused() -> None:
    with server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (port, _), pytest.raises(UsageError, match="TLS"):
        download(
            f"https://docs.example:{port}/",
            resolve=lambda _host, _port: ["127.0.0.1"],
            is_allowed=lambda _address: True,
        )
