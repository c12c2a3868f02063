"""Posting under Slack's limits and faults: rate limits, refused blocks, used-up response_urls, channels without the bot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.fake_slack import FakeSlack
from slack_parts import ScriptedRouter

from adapters.slack.app import SlackAdapter
from adapters.slack.posting import Pacer


async def test_a_rate_limit_is_waited_for(slack: FakeSlack, adapter: SlackAdapter) -> None:
    slack.fail_next("chat.postMessage", status=429, retry_after=1)
    await slack.send(slack.mention("price of gpt-4o"))
    await slack.wait_for_posts(1)
    assert len(slack.called("chat.postMessage")) == 2


async def test_a_rate_limited_response_url_is_waited_for(slack: FakeSlack, adapter: SlackAdapter) -> None:
    slack.fail_next("response_url", status=429, retry_after=1)
    await slack.send(slack.command("price of gpt-4o"))
    (post,) = await slack.wait_for_posts(1)
    assert post.via == "response_url"


async def test_slack_in_trouble_gets_the_answer_a_moment_later(
    slack: FakeSlack, adapter: SlackAdapter
) -> None:
    slack.fail_next("chat.postMessage", status=503, error="service_unavailable")
    slack.fail_next("chat.postMessage", error="internal_error")
    await slack.send(slack.mention("price of gpt-4o"))
    await slack.wait_for_posts(1)
    assert len(slack.called("chat.postMessage")) == 3


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_blocks_too_long"])
async def test_refused_blocks_are_left_away_and_the_reason_is_logged(
    slack: FakeSlack, adapter: SlackAdapter, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    slack.fail_next(
        "chat.postMessage", error=error, messages=("[ERROR] no more than 1 [json-pointer:/blocks/0]",)
    )
    await slack.send(slack.mention("price of gpt-4o"))
    (post,) = await slack.wait_for_posts(1)
    assert post.blocks == []
    assert "You asked: price of gpt-4o" in post.text
    assert "$2.50" in post.text
    assert "no more than 1 [json-pointer:/blocks/0]" in caplog.text


async def test_blocks_refused_by_a_response_url_are_left_away(
    slack: FakeSlack, adapter: SlackAdapter
) -> None:
    slack.fail_next("response_url", status=500, error="invalid_blocks")
    await slack.send(slack.command("price of gpt-4o"))
    (post,) = await slack.wait_for_posts(1)
    assert (post.via, post.blocks) == ("response_url", [])


async def test_an_expired_response_url_is_replaced_by_an_ephemeral_message(
    slack: FakeSlack, adapter: SlackAdapter
) -> None:
    command = slack.command("price of gpt-4o")
    slack.clock_ahead = 31 * 60
    await slack.send(command)
    (post,) = await slack.wait_for_posts(1)
    assert (post.via, post.channel, post.user) == ("chat.postEphemeral", "C0GENERAL", "U0ANN")


async def test_a_response_url_works_five_times(slack: FakeSlack, adapter: SlackAdapter) -> None:
    url = slack.command("")["response_url"]
    for number in range(6):
        await slack.send(slack.command(f"question {number}", response_url=url, channel=f"C{number}"))
    posts = await slack.wait_for_posts(6)
    assert sorted(post.via for post in posts) == ["chat.postEphemeral"] + ["response_url"] * 5


async def test_an_ephemeral_answer_falls_back_to_a_direct_message(
    slack: FakeSlack, adapter: SlackAdapter
) -> None:
    slack.absent_from = {"C0SECRET"}
    slack.fail_next("response_url", status=404, error="expired_url")
    await slack.send(slack.command("price of gpt-4o", channel="C0SECRET"))
    (post,) = await slack.wait_for_posts(1)
    assert (post.via, post.channel, post.user) == ("chat.postMessage", "U0ANN", None)


async def test_a_channel_that_refuses_posts_is_logged_and_harms_nobody_else(
    slack: FakeSlack, adapter: SlackAdapter, router: ScriptedRouter, caplog: pytest.LogCaptureFixture
) -> None:
    slack.absent_from = {"C0GONE"}
    await slack.send(slack.mention("one", channel="C0GONE"))
    await slack.wait_for(lambda: len(router.answered) == 1)
    await slack.send(slack.mention("two"))
    (post,) = await slack.wait_for_posts(1)
    assert post.channel == "C0GENERAL"
    assert "could not be posted to C0GONE: not_in_channel" in caplog.text
    assert not any(record.exc_info for record in caplog.records)


async def test_a_longer_wait_than_a_minute_is_given_up(
    slack: FakeSlack, adapter: SlackAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    slack.fail_next("chat.postMessage", status=429, retry_after=3600)
    await slack.send(slack.mention("one"))
    await slack.wait_for(lambda: len(slack.called("chat.postMessage")) == 1)
    await slack.send(slack.mention("two"))
    (post,) = await slack.wait_for_posts(1)
    assert "two" in post.text
    assert "could not be posted to C0GENERAL in time: ratelimited" in caplog.text


@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from([0.0, 0.0, 0.1]) | st.floats(0, 5)), max_size=60
    )
)
def test_a_channel_never_gets_more_than_its_burst_and_one_a_second(steps: list[tuple[str, float]]) -> None:
    pacer, now = Pacer(interval=1.0, burst=4), 0.0
    sent: dict[str, list[float]] = {"A": [], "B": []}
    for channel, pause in steps:
        now += pause
        sent[channel].append(now + pacer.delay(channel, now))
    for times in sent.values():
        assert times == sorted(times)
        for start, first in enumerate(times):
            for end, last in enumerate(times[start:], start):
                assert end - start + 1 <= 4 + (last - first) + 1e-6


def test_the_pacer_forgets_quiet_channels() -> None:
    pacer = Pacer()
    for number in range(5_000):
        pacer.delay(f"C{number}", float(number))
    assert len(pacer._due) < 1_100
