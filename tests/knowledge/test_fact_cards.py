"""A mistake in a data file is reported with its file, line and entry; what is right is read exactly."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from fact_base import FACTS, compile_facts, connection

from knowledge.errors import KnowledgeError
from knowledge.facts import FactBase
from knowledge.sources.fact_cards import read_facts
from knowledge.sources.word_lists import read_subjects, read_synonyms
from knowledge.sources.yaml_lines import read_yaml

CARD = """\
# a comment
- id: acme-loss
  subject: Acme
  metric: net loss
  value: 5000000000
  unit: USD
  period: '2024'
  qualifier: projected
  statement: Acme was projected to lose $5 billion in 2024.
  topics:
  - losses
  aliases: []
  source:
    title: A page
    publisher: null
    url: https://example.org/page
    published: '2024-08-01'
"""


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    return tmp_path / "facts.yaml"


def test_a_card_is_read_exactly(cards: Path) -> None:
    cards.write_text(CARD)
    (fact,) = read_facts(cards)
    assert (fact.id, fact.subject, fact.metric, fact.unit, fact.period, fact.qualifier) == (
        "acme-loss",
        "Acme",
        "net loss",
        "USD",
        "2024",
        "projected",
    )
    assert fact.value == Decimal(5_000_000_000)
    assert (fact.source.title, fact.source.url, fact.source.as_of) == (
        "A page",
        "https://example.org/page",
        "2024-08-01",
    )


@pytest.mark.parametrize(
    ("written", "value"), [("6.88", "6.88"), ("3.14e+23", "3.14e23"), ("0.1", "0.1"), ("1_000", "1000")]
)
def test_numbers_are_decimals_never_floats(cards: Path, written: str, value: str) -> None:
    cards.write_text(CARD.replace("5000000000", written))
    assert read_facts(cards)[0].value == Decimal(value)


def test_a_price_without_a_date_of_its_page_is_as_of_its_period(cards: Path) -> None:
    cards.write_text(CARD.replace("'2024-08-01'", "null").replace("'2024'", "'2026-11-09'"))
    assert read_facts(cards)[0].source.as_of == "2026-11-09"


@pytest.mark.parametrize(
    ("before", "after", "line", "problem"),
    [
        ("value: 5000000000", "value: five billion", 5, "'value' is no number"),
        ("value: 5000000000", "value: .inf", 5, "no plain number"),
        ("value: 5000000000", "value: 1:30", 5, "no plain number"),
        ("value: 5000000000", "value: true", 5, "'value' is no number"),
        ("unit: USD", "unit: null", 6, "the value has no unit"),
        ("period: '2024'", "period: 2024", 7, "put quotes around it"),
        ("period: '2024'", "period: last year", 7, "no period"),
        ("qualifier: projected", "qualifier: maybe", 8, "none of: exact"),
        ("qualifier: projected", "qualifire: projected", 8, "no field 'qualifire'"),
        ("  qualifier: projected\n", "", 2, "lacks the field 'qualifier'"),
        (
            "statement: Acme was projected to lose $5 billion in 2024.",
            "statement: ' '",
            9,
            "must not be blank",
        ),
        ("  topics:\n  - losses\n", "  topics: []\n", 10, "at least one"),
        ("aliases: []", "aliases: [294000]", 12, "put quotes around numbers"),
        ("aliases: []", "aliases: burn", 12, "no list of texts"),
        ("title: A page", "title: null", 14, "'title' must not be empty"),
        ("    title: A page\n", "", 14, "lacks the field 'title'"),
        ("https://example.org/page", "example.org", 16, "no web address"),
        ("'2024-08-01'", "August 2024", 17, "no date"),
        ("'2024-08-01'", "'2024-13'", 17, "no date"),
        ("id: acme-loss", "id: Acme Loss", 2, "joined by hyphens"),
        ("subject: Acme", "subject: Acme\n  subject: Umbrella", 4, "stands here twice"),
        ("subject: Acme", "subject: !!python/object/apply:os.system [ls]", 3, "'subject' is no text"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_entry(
    cards: Path, before: str, after: str, line: int, problem: str
) -> None:
    assert before in CARD
    cards.write_text(CARD.replace(before, after, 1))
    with pytest.raises(KnowledgeError) as error:
        read_facts(cards)
    assert f"facts.yaml, line {line}:" in str(error.value)
    assert problem in str(error.value)
    if "'qualifier'" in problem or "value" in problem:
        assert "acme-loss" in str(error.value) or "plain" in problem


def test_the_entry_is_named(cards: Path) -> None:
    cards.write_text(CARD.replace("qualifier: projected", "qualifier: maybe"))
    with pytest.raises(KnowledgeError, match="fact 'acme-loss'"):
        read_facts(cards)


def test_an_id_is_taken_once(cards: Path) -> None:
    cards.write_text(CARD + CARD)
    with pytest.raises(KnowledgeError, match="line 19: the id 'acme-loss' is taken by the entry in line 2"):
        read_facts(cards)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no list of facts"),
        ("facts: 1", "no list of facts"),
        ("- just a text", "no mapping of fields"),
        ("- id: [", "line"),
        ("- {a: b", "line"),
        ("\tx", "line"),
        ("- &a [*a]", "contains itself"),
    ],
)
def test_a_file_that_is_no_list_of_facts(cards: Path, content: str, problem: str) -> None:
    cards.write_text(content)
    with pytest.raises(KnowledgeError, match=problem):
        read_facts(cards)


def test_a_file_that_is_no_text_or_not_there(cards: Path) -> None:
    with pytest.raises(KnowledgeError, match="cannot be read"):
        read_facts(cards)
    cards.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KnowledgeError, match="cannot be read"):
        read_facts(cards)


def test_anchors_do_not_grow_without_bound(cards: Path) -> None:
    levels = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 30))
    cards.write_text("a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + levels)
    assert len(read_yaml(cards)["a29"]) == 9


def test_the_packaged_facts_are_read_and_written(tmp_path: Path) -> None:
    facts = read_facts(FACTS)
    path = tmp_path / "knowledge.db"
    assert compile_facts(path, FACTS) == len(facts) > 200
    assert FactBase(sqlite3.connect(path)).all() == facts


def test_every_derived_row_has_its_fact() -> None:
    for table in (
        "gpu_specifications",
        "rentals",
        "fine_tuning_prices",
        "throughputs",
        "utilisations",
        "rules",
    ):
        rows = connection().execute(
            f"select count(*), count(f.id) from {table} t left join facts f on f.id = t.fact"
        )
        count, known = rows.fetchone()
        assert count == known > 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("concepts: {loss: {en: [lose, no]}}\nignored: {en: [a]}", "put quotes around it"),
        ("concepts: {loss: {related: [burn]}}\nignored: {en: [a]}", "'burn', which is no concept"),
        ("concepts: {loss: {week: true}}\nignored: {en: [a]}", "'week' is no field"),
        ("concepts: {}\nignore: {}", "no field 'ignore'"),
    ],
)
def test_mistakes_in_the_word_list(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "synonyms.yaml"
    path.write_text(content)
    with pytest.raises(KnowledgeError, match=problem):
        read_synonyms(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("subjects: [{name: A, kind: planet}]", "needs a name and a kind"),
        ("subjects: [{name: A, kind: model}, {name: A, kind: model}]", "stands here twice"),
        ("subjects: [{name: A, kind: model, part_of: [B]}]", "'B', which is no subject"),
        ("subjects: [{name: A, kind: model, alias: [B]}]", "no field 'alias'"),
        ("subjects: A", "no list"),
    ],
)
def test_mistakes_in_the_list_of_subjects(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "subjects.yaml"
    path.write_text(content)
    with pytest.raises(KnowledgeError, match=problem):
        read_subjects(path)
