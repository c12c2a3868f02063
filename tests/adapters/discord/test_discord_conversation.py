"""Who is answered in Discord, where, and what a follow-up refers to: the real client under simcord, a scripted router behind it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scripted_router import ESTIMATE, ScriptedRouter, Ticket
from servers.seen import discord_markdown as texts
from simcord.backend.models.message import AllowedMentions

from adapters.discord.adapter import DiscordAdapter
from bot.messages import Message


@pytest.fixture
def guild(simcord_env: Any) -> Any:
    return simcord_env.create_guild()


@pytest.fixture
def channel(guild: Any) -> Any:
    return guild.create_text_channel("costs")


@pytest.fixture
def alice(simcord_env: Any, guild: Any) -> Any:
    return guild.add_member(simcord_env.create_user("alice"))


@pytest.fixture
def bob(simcord_env: Any, guild: Any) -> Any:
    return guild.add_member(simcord_env.create_user("bob"))


@pytest.fixture
def bot(adapter: DiscordAdapter, simcord_env: Any) -> str:
    assert adapter.client.user is not None
    return adapter.client.user.mention


async def test_a_mention_is_answered_beneath_the_question(
    channel: Any, alice: Any, guild: Any, bot: str, router: ScriptedRouter
) -> None:
    question = await alice.send(channel, f"{bot} 10k requests a day, 500 in / 200 out, `gpt-4o`")

    (asked,) = router.asked
    assert asked.text == "10k requests a day, 500 in / 200 out, gpt-4o"
    assert (asked.platform, asked.user, asked.workspace, asked.channel) == (
        "discord",
        str(alice.id),
        str(guild.id),
        str(channel.id),
    )
    assert asked.dedup_keys == (f"{channel.id}/{question.id}",)
    assert not asked.private
    reply = channel.last_message
    assert reply.reference.message_id == question.id
    assert "**10,000 requests a day to gpt-4o (OpenAI) cost $32.50 a day, $975 a month.**" in texts(reply)
    assert "[OpenAI prices (2026-11-20)](https://openai.com/api/pricing)" in texts(reply)
    assert alice.user.id not in [user.id for user in reply.mentions]


async def test_the_connection_counts_as_connected(adapter: DiscordAdapter, simcord_env: Any) -> None:
    assert adapter.connected


async def test_what_is_not_meant_for_the_bot_gets_no_answer(
    simcord_env: Any, guild: Any, channel: Any, alice: Any, bob: Any, bot: str, router: ScriptedRouter
) -> None:
    await alice.send(channel, "price of gpt-4o?")
    await alice.send(channel, f"{bob.mention} what does it cost?")
    other_bot = guild.add_member(simcord_env.create_user("echo", bot=True))
    await other_bot.send(channel, f"{bot} price of gpt-4o")
    webhook = guild.create_webhook(channel)
    await webhook.send(f"{bot} price of gpt-4o")
    first = await alice.send(channel, "not a question")
    await bob.send(channel, "nor this", reply_to=first)

    assert router.admitted == []


async def test_an_edited_question_is_not_answered_again(
    channel: Any, alice: Any, bot: str, router: ScriptedRouter
) -> None:
    question = await alice.send(channel, f"{bot} price of gpt-4o")
    await alice.edit(question, f"{bot} price of gpt-4o-mini")
    assert [message.text for message in router.asked] == ["price of gpt-4o"]


async def test_a_direct_message_needs_no_mention_and_is_private(
    simcord_env: Any, router: ScriptedRouter, adapter: DiscordAdapter
) -> None:
    user = simcord_env.create_user("carol")
    await user.send_dm("price of o3")
    await user.send_dm("and with batch?")

    first, second = router.asked
    assert (first.private, first.workspace) == (True, "")
    assert second.conversation == first.conversation
    assert "so far: price of o3 \\> and with batch?" in texts(user.dm_channel.last_message)


async def test_a_bare_mention_asks_for_help(
    channel: Any, alice: Any, bot: str, router: ScriptedRouter
) -> None:
    await alice.send(channel, f" {bot} ")
    assert [message.text for message in router.asked] == ["help"]


async def test_markup_of_discord_does_not_reach_the_question(
    simcord_env: Any, guild: Any, channel: Any, alice: Any, bob: Any, bot: str, router: ScriptedRouter
) -> None:
    await alice.send(
        channel,
        f"{bot} **cost** of <:gpt:1234567890123456789> o3 <t:1700000000:R> for {bob.mention} in {channel.mention}",
    )
    (asked,) = router.asked
    assert asked.text.split() == ["cost", "of", "o3", "for", "@bob", "in", "#channel"]


async def test_each_user_has_a_conversation_in_a_channel(
    channel: Any, alice: Any, bob: Any, bot: str, router: ScriptedRouter
) -> None:
    await alice.send(channel, f"{bot} gpt-4o")
    await bob.send(channel, f"{bot} haiku")
    await alice.send(channel, f"{bot} and with batch?")

    assert "so far: gpt-4o \\> and with batch?" in texts(channel.last_message)


async def test_a_reply_continues_the_answer_that_it_replies_to(
    channel: Any, alice: Any, bob: Any, bot: str, router: ScriptedRouter
) -> None:
    await alice.send(channel, f"{bot} gpt-4o")
    first_answer = channel.last_message
    await alice.send(channel, f"{bot} haiku")
    await bob.send(channel, f"{bot} and with batch?", reply_to=first_answer)
    assert "so far: gpt-4o \\> and with batch?" in texts(channel.last_message)

    await alice.send(channel, f"{bot} per year")
    assert "so far: gpt-4o \\> haiku \\> per year" in texts(channel.last_message)

    await bob.send(channel, f"{bot} per year")
    assert "so far: gpt-4o \\> and with batch? \\> per year" in texts(channel.last_message)


async def test_a_reply_to_an_answer_that_is_forgotten_continues_the_users_own_conversation(
    channel: Any, alice: Any, bot: str, router: ScriptedRouter
) -> None:
    await alice.send(channel, f"{bot} gpt-4o")
    answer = channel.last_message
    router.threads = {key: value for key, value in router.threads.items() if not key[3].startswith("answer")}
    await alice.send(channel, f"{bot} and with batch?", reply_to=answer)
    assert "so far: gpt-4o \\> and with batch?" in texts(channel.last_message)


async def test_all_share_the_conversation_of_a_thread(
    channel: Any,
    alice: Any,
    bob: Any,
    bot: str,
    router: ScriptedRouter,
    adapter: DiscordAdapter,
    simcord_env: Any,
) -> None:
    starter = await alice.send(channel, "costs of the new feature")
    await adapter.client.get_channel(channel.id).get_partial_message(starter.id).create_thread(name="costs")  # type: ignore[union-attr]
    (thread,) = channel.threads
    await alice.send(thread, f"{bot} gpt-4o")
    await bob.send(thread, f"{bot} and with batch?")

    assert [message.channel for message in router.asked] == [str(channel.id)] * 2
    assert "so far: gpt-4o \\> and with batch?" in texts(thread.last_message)


async def test_a_reply_needs_no_mention_beside_its_ping(
    channel: Any, alice: Any, bot: str, router: ScriptedRouter
) -> None:
    await alice.send(channel, f"{bot} gpt-4o")
    await alice.send(channel, "and with batch?", reply_to=channel.last_message)
    assert [message.text for message in router.asked] == ["gpt-4o", "and with batch?"]


async def test_a_reply_without_ping_gets_one_hint_since_discord_hides_its_words(
    channel: Any, alice: Any, bot: str, router: ScriptedRouter, simcord_env: Any
) -> None:
    await alice.send(channel, f"{bot} gpt-4o")
    answer = channel.last_message
    for text in ("and with batch?", "and per year?"):
        reference = {"channel_id": str(channel.id), "message_id": str(answer.id)}
        simcord_env.backend.create_message(
            channel.id,
            alice.id,
            text,
            reference=reference,
            allowed_mentions=AllowedMentions(replied_user=False),
        )
        await simcord_env.settle()

    hints = [message for message in channel.history() if "only when you mention me" in message.content]
    assert len(hints) == 1
    assert len(router.asked) == 1


async def test_the_same_event_is_answered_once(
    channel: Any, alice: Any, bot: str, router: ScriptedRouter, adapter: DiscordAdapter, simcord_env: Any
) -> None:
    question = await alice.send(channel, f"{bot} gpt-4o")
    posted = len(channel.history())
    with simcord_env._bot_scope():
        adapter.receive(question)
    await simcord_env.settle()
    assert len(router.asked) == 1
    assert len(channel.history()) == posted


async def test_questions_of_one_user_are_answered_in_their_order(
    channel: Any, alice: Any, bob: Any, bot: str, router: ScriptedRouter, simcord_env: Any
) -> None:
    router.gate = asyncio.Event()
    sent = [
        asyncio.create_task(_send_unsettled(simcord_env, person, channel, f"{bot} {text}"))
        for person, text in ((alice, "first"), (alice, "second"), (bob, "other"))
    ]
    await asyncio.gather(*sent)
    await asyncio.sleep(0.05)
    assert [message.text for message in router.asked] == ["first", "other"]
    assert len(router.admitted) == 3
    router.gate.set()
    await simcord_env.settle()
    assert [message.text for message in router.asked] == ["first", "other", "second"]


async def _send_unsettled(env: Any, person: Any, channel: Any, content: str) -> None:
    """A message whose answer nobody waits for, as in life."""
    env.backend.create_message(channel.id, person.id, content)


async def test_what_an_earlier_process_left_is_answered_in_its_place(
    channel: Any, alice: Any, bot: str, router: ScriptedRouter, adapter: DiscordAdapter, simcord_env: Any
) -> None:
    question = await alice.send(channel, "(the bot was down)")
    left = Message(
        platform="discord",
        text="gpt-4o",
        user=str(alice.id),
        workspace=str(channel.guild.id) if hasattr(channel, "guild") else "",
        channel=str(channel.id),
        thread=f"user {alice.id}",
        dedup_keys=(f"{channel.id}/{question.id}",),
    )
    nowhere = Message(platform="discord", text="lost", dedup_keys=("x",))
    router.left_over = [Ticket(nowhere, 1), Ticket(left, 2)]
    with simcord_env._bot_scope():
        work = asyncio.create_task(adapter.take_up_unfinished())
    await simcord_env.settle()
    await work

    assert [message.text for message in router.asked] == ["gpt-4o"]
    assert channel.last_message.reference.message_id == question.id


async def test_an_answer_to_a_deleted_question_is_posted_alone(
    channel: Any, alice: Any, bot: str, router: ScriptedRouter, simcord_env: Any
) -> None:
    router.gate = asyncio.Event()
    await _send_unsettled(simcord_env, alice, channel, f"{bot} gpt-4o")
    await asyncio.sleep(0.05)
    (question,) = channel.history()
    simcord_env.backend.delete_message(channel.id, question.id)
    router.gate.set()
    await simcord_env.settle()
    assert "$32.50" in texts(channel.last_message)
    await alice.send(channel, "and with batch?", reply_to=channel.last_message)
    assert "so far: gpt-4o \\> and with batch?" in texts(channel.last_message)


async def test_a_layout_that_discord_refuses_is_sent_as_plain_text(
    channel: Any, alice: Any, bot: str, simcord_env: Any
) -> None:
    simcord_env.inject_error("POST", f"/channels/{channel.id}/messages", status=400, times=1)
    await alice.send(channel, f"{bot} gpt-4o")
    assert channel.last_message.content.startswith(f"**{ESTIMATE.headline}**")
    assert "r-7f3a" in channel.last_message.content


async def test_a_channel_where_the_bot_may_not_write_is_no_failure(
    channel: Any, alice: Any, bot: str, simcord_env: Any, router: ScriptedRouter
) -> None:
    simcord_env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, times=1)
    question = await alice.send(channel, f"{bot} gpt-4o")
    assert channel.last_message.id == question.id
    await alice.send(channel, f"{bot} haiku")
    assert len(router.asked) == 2


async def test_nobody_is_pinged_by_what_a_user_wrote(channel: Any, alice: Any, bob: Any, bot: str) -> None:
    await alice.send(
        channel, f"{bot} @everyone @here <@{bob.id}> <#{channel.id}> **price** [x](https://evil.example)"
    )
    reply = channel.last_message
    assert not reply.mention_everyone
    assert reply.mentions == []
    shown = texts(reply)
    assert "@everyone" not in shown
    assert "@here" not in shown
    assert "](https://evil" not in shown


async def test_a_stopping_adapter_finishes_its_work_and_leaves_new_questions_to_the_next_start(
    channel: Any, alice: Any, bot: str, router: ScriptedRouter, adapter: DiscordAdapter, simcord_env: Any
) -> None:
    router.gate = asyncio.Event()
    await _send_unsettled(simcord_env, alice, channel, f"{bot} in work")
    await asyncio.sleep(0.05)
    with simcord_env._bot_scope():
        stopping = asyncio.create_task(adapter.stop())
    await asyncio.sleep(0.05)
    await _send_unsettled(simcord_env, alice, channel, f"{bot} too late")
    await asyncio.sleep(0.05)
    router.gate.set()
    await asyncio.sleep(0.05)
    await simcord_env.settle()
    await stopping

    assert [message.text for message in router.asked] == ["in work"]
    assert [message.text for message in router.admitted] == ["in work", "too late"]
    assert any("$32.50" in texts(message) for message in channel.history())
