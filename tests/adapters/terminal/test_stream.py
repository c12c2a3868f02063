"""The line protocol of `--stdin`: one object out for each line in, whatever the line is and however it arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.terminal.stream import MAX_LINE_BYTES, LineError, parse_object, split_lines


async def _split(chunks: list[bytes]) -> list[bytes | None]:
    async def arriving() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return [line async for line in split_lines(arriving())]


@given(st.lists(st.binary(max_size=8).map(lambda b: b.replace(b"\n", b"")), max_size=8), st.data())
async def test_lines_do_not_depend_on_where_chunks_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    chunks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert await _split(chunks) == lines


async def test_a_last_line_without_end_counts() -> None:
    assert await _split([b"one\ntwo"]) == [b"one", b"two"]


@pytest.mark.parametrize("end", [b"\nnext\n", b"", b"\n"], ids=["followed", "unfinished", "last"])
async def test_a_line_without_limit_is_dropped_and_the_next_one_read(end: bytes) -> None:
    piece = b"x" * 100_000
    lines = await _split([piece] * (MAX_LINE_BYTES // len(piece) + 2) + [end])
    assert lines == ([None, b"next"] if b"next" in end else [None])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (None, "longer than"),
        (b"", "empty"),
        (b" \r", "empty"),
        (b"{", "not JSON"),
        (b"[1]", "not an object"),
        (b'"text"', "not an object"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": NaN}', "JSON does not allow"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too large"),
        (b'{"a": ' + b"[" * 200_000, "nesting"),
    ],
)
def test_a_line_that_is_no_object_is_refused_in_words(line: bytes | None, reason: str) -> None:
    with pytest.raises(LineError, match=reason):
        parse_object(line)


@given(st.binary(max_size=40))
def test_any_bytes_are_an_object_or_refused(line: bytes) -> None:
    try:
        data = parse_object(line)
    except LineError:
        return
    assert isinstance(data, dict)


def test_an_object_is_read_after_a_byte_order_mark_and_before_a_carriage_return() -> None:
    assert parse_object(b'\xef\xbb\xbf{"a": 1}\r') == {"a": 1}
