"""Which rows of the ledger are a person's."""

from __future__ import annotations

import sqlite3

from bot.errors import UsageError
from bot.people import Person
from bot.spend.encoding import storable


def known_person(connection: sqlite3.Connection, text: str) -> Person:
    """The person that a text names, with the platform if the ledger knows them; of a plain id that nobody has had yet, without.

    Raises `UsageError` for a plain id that users of several platforms have.
    """
    person = Person.read(text)
    if person.platform:
        return person
    name = storable(person.user)
    found = connection.execute(
        "SELECT platform FROM queries WHERE user = ? UNION SELECT platform FROM llm_calls WHERE user = ?"
        " UNION SELECT platform FROM feedback WHERE user = ? ORDER BY 1",
        (name, name, name),
    ).fetchall()
    platforms = [platform for (platform,) in found]
    if len(platforms) > 1:
        raise UsageError(
            f"{person.user!r} is a user of {' and of '.join(platforms)}.",
            f"Name one of them: {' or '.join(str(Person(person.user, platform)) for platform in platforms)}.",
        )
    return Person(person.user, platforms[0]) if platforms else person


def users_rows(person: Person, table: str = "") -> tuple[str, list[str]]:
    """The condition, and its values, for a person's rows in a table that has the columns `user` and `platform`."""
    prefix = f"{table}." if table else ""
    if not person.platform:
        return f"{prefix}user = ?", [storable(person.user)]
    return f"{prefix}user = ? AND {prefix}platform = ?", [storable(person.user), person.platform]
