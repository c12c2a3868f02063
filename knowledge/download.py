"""Fetches one file over https, with limits of time and size, for sources that the operator names."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit

from knowledge.errors import KnowledgeError

_TIMEOUT_SECONDS = 30.0


def download(url: str, limit_bytes: int) -> bytes:
    """The content behind an https address, followed through redirects to other https addresses only.

    Raises KnowledgeError for any other kind of address, for what is larger than the limit, and for what cannot be reached.
    """
    _check(url)
    opener = urllib.request.build_opener(_OnlyHttps)
    request = urllib.request.Request(url, headers={"User-Agent": "aicost"})
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            content: bytes = response.read(limit_bytes + 1)
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise KnowledgeError(
            f"{url} could not be fetched ({reason}).", "Check the address and the network."
        ) from error
    if len(content) > limit_bytes:
        raise KnowledgeError(
            f"{url} is larger than {limit_bytes // 2**20} MB.", "Download it and name the file."
        )
    return content


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise KnowledgeError(
            f"Only https addresses are fetched, not {url!r}.", "Download it and name the file instead."
        )
