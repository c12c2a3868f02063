"""Why a call of an LLM gave no answer, told from the SDK's and the transport's exceptions.

The distinction that matters to the books is whether the provider may bill the call: nothing was sent (`unreachable`,
`over_budget`), the server said no (`refused`, `rejected`, `busy`: an HTTP error, which no provider bills), or it was sent
and the answer got lost (`broken`, `timeout`, `oversized`), which may be billed.
"""

from __future__ import annotations

from typing import Any, Literal

from bot.errors import AicostError

Failure = Literal[
    "unreachable", "refused", "rejected", "busy", "broken", "timeout", "oversized", "over_budget"
]


class LlmCallError(AicostError):
    """No answer was had. `failure` says at which point; `rejected` (400, 422 …) may work with other parameters."""

    def __init__(
        self, failure: Failure, what: str, *, detail: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(what)
        self.failure: Failure = failure
        self.detail = detail
        """The server's own words; never shown to users, since a server may write anything."""
        self.retry_after = retry_after

    @property
    def may_be_billed(self) -> bool:
        """Whether the provider may have done the work and charge for it."""
        return self.failure in ("broken", "timeout", "oversized")

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed a moment later."""
        return self.failure in ("unreachable", "busy", "broken")


def from_status(error: Any) -> LlmCallError:
    """An HTTP error of the server. Providers do not bill these."""
    status, detail = int(error.status_code), str(error.message)[:500]
    if status in (401, 403):
        return LlmCallError(
            "refused", f"The language model's server refused the key ({status}).", detail=detail
        )
    if status == 429 and error.code == "insufficient_quota":
        return LlmCallError(
            "refused", "The quota at the language model's provider is used up.", detail=detail
        )
    if status == 404:
        return LlmCallError(
            "refused", "The language model's server knows no such model or address (404).", detail=detail
        )
    if status in (408, 409, 429) or status >= 500:
        return LlmCallError(
            "busy",
            f"The language model's server is busy or failing ({status}).",
            detail=detail,
            retry_after=_retry_after(error.response.headers),
        )
    return LlmCallError(
        "rejected", f"The language model's server rejected the request ({status}).", detail=detail
    )


def _retry_after(headers: Any) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `Retry-After`; a date there is left to our own pause."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def from_transport(error: Exception) -> LlmCallError:
    """A failure of the connection: before anything was sent, or at an unknown point after."""
    import httpx2

    cause = error if isinstance(error, httpx2.HTTPError) else error.__cause__
    unsent = (
        httpx2.ConnectError,
        httpx2.ConnectTimeout,
        httpx2.PoolTimeout,
        httpx2.ProxyError,
        httpx2.UnsupportedProtocol,
        httpx2.LocalProtocolError,
    )
    if isinstance(cause, unsent):
        return LlmCallError(
            "unreachable", "The language model's server cannot be reached.", detail=str(cause)
        )
    if isinstance(cause, httpx2.TimeoutException):
        return LlmCallError("timeout", "The language model took too long to answer.", detail=str(cause))
    return LlmCallError("broken", "The connection to the language model broke.", detail=str(cause))
