"""The whole way with nothing scripted: the real router, knowledge base and ledger behind the real slack_bolt."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from servers.fake_slack import FakeSlack
from servers.seen import slack_shows
from slack_parts import slack_settings

from adapters.slack.app import SlackAdapter
from adapters.slack.render import render
from bot.answers import Answer
from bot.messages import Message
from bot.router import Router

QUESTION = "10k requests a day, 500 in / 200 out, gpt-4o"


@pytest.fixture
async def core(slack: FakeSlack, data_dir: Path) -> AsyncIterator[Router]:
    router = await Router.open(slack_settings(slack, data_dir))
    yield router
    await router.close()


@pytest.fixture
async def bot(slack: FakeSlack, core: Router, data_dir: Path) -> AsyncIterator[SlackAdapter]:
    adapter = SlackAdapter(slack_settings(slack, data_dir), core)
    await adapter.start()
    yield adapter
    await adapter.stop()


async def asked_directly(core: Router, *turns: str) -> Answer:
    """The answer to the last of some turns, without any platform."""
    for text in turns:
        reply = await core.ask(Message(platform="terminal", text=text, thread=f"direct {turns}"))
    assert reply.answer is not None
    assert reply.answer.status == "answered"
    assert reply.answer.figures
    return reply.answer


async def test_command_mention_and_direct_message_give_the_routers_own_figures(
    slack: FakeSlack, bot: SlackAdapter, core: Router
) -> None:
    answer = await asked_directly(core, QUESTION)
    assert "$32.50" in answer.headline
    await slack.send(slack.command(QUESTION))
    await slack.send(slack.mention(QUESTION))
    await slack.send(slack.direct_message(QUESTION))
    for post in await slack.wait_for_posts(3):
        slack_shows(post, answer)
    assert {post.via for post in slack.posts} == {"response_url", "chat.postMessage"}


async def test_a_follow_up_in_a_thread_gives_the_routers_own_figures(
    slack: FakeSlack, bot: SlackAdapter, core: Router
) -> None:
    answer = await asked_directly(core, QUESTION, "and with batch?")
    await slack.send(slack.mention(QUESTION, ts="1700000000.000100"))
    await slack.send(slack.mention("and with batch?", thread_ts="1700000000.000100"))
    posts = await slack.wait_for_posts(2)
    slack_shows(posts[1], answer)


@pytest.mark.parametrize("inside", [True, False], ids=["in the thread", "beside the thread"])
async def test_a_follow_up_in_a_direct_message_gives_the_routers_own_figures(
    slack: FakeSlack, bot: SlackAdapter, core: Router, inside: bool
) -> None:
    answer = await asked_directly(core, QUESTION, "and with batch?")
    await slack.send(slack.direct_message(QUESTION, ts="1700000000.000100"))
    await slack.send(
        slack.direct_message("and with batch?", **({"thread_ts": "1700000000.000100"} if inside else {}))
    )
    posts = await slack.wait_for_posts(2)
    slack_shows(posts[1], answer)


async def test_a_follow_up_works_after_a_restart_and_a_repetition_does_not(
    slack: FakeSlack, data_dir: Path
) -> None:
    settings = slack_settings(slack, data_dir)
    first = slack.mention(QUESTION, ts="1700000000.000100")
    follow_up = slack.mention("and with batch?", thread_ts="1700000000.000100")
    for count, payloads in enumerate(([first], [first, follow_up]), 1):
        core = await Router.open(settings)
        adapter = SlackAdapter(settings, core)
        await adapter.start()
        for payload in payloads:
            await slack.send(payload)
        await slack.wait_for_posts(count)
        await slack.settle()
        await adapter.stop()
        await core.close()
    assert len(slack.posts) == 2
    assert "batch" in slack.posts[1].text.lower()


async def test_a_name_that_nobody_knows_is_shown_as_it_was_typed_and_pings_nobody(
    slack: FakeSlack, bot: SlackAdapter
) -> None:
    await slack.send(slack.command('price of "&lt;!channel&gt; *gpt-99* &lt;@U0BOB&gt;"'))
    await slack.send(slack.direct_message("price of gpt-99 &lt;!everyone&gt; `x` @here"))
    for post in await slack.wait_for_posts(2):
        for ping in ("<!channel>", "<!everyone>", "<@U0BOB>"):
            assert ping not in post.everything
        assert "link_names" not in post.params


async def test_what_a_stop_cut_off_is_answered_by_the_next_process(slack: FakeSlack, data_dir: Path) -> None:
    settings = slack_settings(slack, data_dir)
    core = await Router.open(settings)
    ticket = await core.admit(
        Message(
            platform="slack",
            text=QUESTION,
            user="U0ANN",
            workspace="T0TEAM",
            channel="C0GENERAL",
            thread="1700000000.000100",
            dedup_keys=("message:C0GENERAL:1700000000.000100",),
        )
    )
    assert ticket is not None
    await core.close()
    core = await Router.open(settings)
    adapter = SlackAdapter(settings, core)
    await adapter.start()
    (post,) = await slack.wait_for_posts(1)
    assert (post.channel, post.thread_ts) == ("C0GENERAL", "1700000000.000100")
    assert "$32.50" in post.text
    await adapter.stop()
    await core.close()


QUESTIONS = [
    QUESTION,
    "price of claude sonnet 4.5",
    "how much did OpenAI lose in 2024?",
    "cheapest model with 200k context for 2M tokens a day?",
    "help",
    "usage this week",
    "price of gpt-99",
    "what is the weather",
    "-5 requests a day of gpt-4o",
]


@pytest.mark.parametrize("question", QUESTIONS)
async def test_real_answers_fit_into_one_message_without_loss(core: Router, question: str) -> None:
    reply = await core.ask(Message(platform="slack", text=question, user="U0ANN", workspace="T0TEAM"))
    message = render(reply)
    assert "shows all" not in str(message.blocks)
    assert not message.text.endswith("…")
