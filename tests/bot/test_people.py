"""Users are a platform's: the same id elsewhere is somebody else, and a plain id is one only where it is clear whose."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.messages import Message
from bot.people import Person, is_administrator, is_operator
from bot.router import Router
from bot.settings import Settings


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("slack:U012AB3CD", Person("U012AB3CD", "slack")),
        ("U012AB3CD", Person("U012AB3CD")),
        (" discord:80351110224678912 ", Person("80351110224678912", "discord")),
        ("Domain:bob", Person("Domain:bob")),
    ],
)
def test_a_person_is_written_as_platform_and_id(text: str, person: Person) -> None:
    assert Person.read(text) == person
    assert Person.read(str(person)) == person


@pytest.mark.parametrize("text", ["", "  ", "slack:"])
def test_nobody_is_no_person(text: str) -> None:
    with pytest.raises(UsageError, match="names no user"):
        Person.read(text)


@pytest.mark.parametrize(
    ("admins", "platform", "user", "is_one"),
    [
        (("U1",), "slack", "U1", True),
        (("slack:U1",), "slack", "U1", True),
        (("slack:U1",), "discord", "U1", False),
        (("slack:U1", "discord:2"), "discord", "2", True),
        (("U1",), "slack", "", False),
        (("slack:U1",), "slack", "slack:U1", False),
    ],
)
def test_administrators_are_those_of_the_settings(
    admins: tuple[str, ...], platform: str, user: str, is_one: bool
) -> None:
    message = Message(platform=platform, text="usage", user=user)
    settings = Settings(data_dir=Path(), admins=admins)
    assert is_administrator(message, settings) is is_one
    assert is_operator(message, settings) is is_one


def test_whoever_sits_at_the_terminal_runs_the_bot_and_is_no_administrator() -> None:
    message = Message(platform="any", text="usage", user="root", operator=True)
    settings = Settings(data_dir=Path())
    assert is_operator(message, settings)
    assert not is_administrator(message, settings)


async def test_everybodys_usage_is_shown_to_the_administrator_of_that_platform_alone(data_dir: Path) -> None:
    router = await Router.open(Settings(data_dir=data_dir, admins=("slack:7",)))

    async def questions_seen(platform: str, user: str) -> int:
        message = Message(platform=platform, user=user, text="how many questions were asked today?")
        reply = await router.ask(message)
        assert reply.answer is not None
        assert reply.answer.kind == "usage"
        [count] = [f.amount for f in reply.answer.figures if f.unit == "questions"]
        return int(count)

    assert [
        await questions_seen("slack", "1"),
        await questions_seen("discord", "7"),
        await questions_seen("slack", "7"),
        await questions_seen("discord", "7"),
    ] == [1, 1, 3, 2]
    await router.close()
