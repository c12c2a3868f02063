"""A language model that understands a question as the rules do changes nothing about its answer, whatever the policy."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from servers.llm_forms import right_form

from bot.answering.dispatch import answer_questions
from bot.answers import Answer, Spend
from bot.parsing.cascade import Cascade, LlmReading
from bot.parsing.llm.dialect import FORM_TOKENS
from bot.parsing.llm.grounding import ground
from bot.parsing.local import LocalParse, LocalParser
from bot.parsing.reading.tables import sentences_of_tables
from bot.questions import Question
from bot.settings import Settings
from knowledge.base import KnowledgeBase

SETS = Path(__file__).parents[3] / "questions"
EACH = 9
"""One question of so many is tried; all of them would take half a minute."""
KINDS = ("estimate", "compare", "capacity", "self_hosting", "fact", "tokens", "price", "follow_up")


class RightModel:
    """Fills in the form that follows from what the rules see."""

    def __init__(self, local: LocalParser, knowledge: KnowledgeBase) -> None:
        self._local = local
        self._knowledge = knowledge
        self.asked = 0

    async def parse(
        self, text: str, previous: Question | None, query_id: int, deadline: object = None
    ) -> LlmReading:
        self.asked += 1
        understood = self._local.parse(text, previous)
        form = right_form(self._local.annotate(text), understood)
        assert len(json.dumps(form)) / 3 <= FORM_TOKENS, "a form has room, at three characters a token"
        question, dropped = ground(form, sentences_of_tables(text), previous, self._knowledge)
        return LlmReading(question=question, dropped=dropped, spend=Spend())

    async def close(self) -> None:
        """Nothing is open."""


def conversations(kind: str) -> list[list[str]]:
    lines = [
        line
        for path in sorted(SETS.glob(f"*{kind}.jsonl"))
        if not path.name.startswith("holdout")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [json.loads(line)["turns"] for line in lines[::EACH]]


def outcome(answer: Answer) -> tuple[Any, ...]:
    return (answer.status, answer.kind, [(f.amount, f.unit, f.per, f.model) for f in answer.figures])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_model_that_understands_as_the_rules_do_changes_no_figure(
    knowledge: KnowledgeBase, tmp_path: Path, kind: str
) -> None:
    local = LocalParser(knowledge)
    model = RightModel(local, knowledge)
    cascade = Cascade(local, model, "llm")
    settings, now = Settings(data_dir=tmp_path), datetime.now(UTC)
    for turns in conversations(kind):
        previous: Question | None = None
        for turn in turns[:-1]:
            previous = local.parse(turn, previous).questions[0]
        rules: LocalParse = local.parse(turns[-1], previous)
        if len(rules.questions) > 1:
            continue  # a form has a place for one
        parsed = await cascade.parse(turns[-1], previous, 0)
        expected = answer_questions(rules.questions, knowledge, settings, now, None, rules.notes)
        got = answer_questions(parsed.questions, knowledge, settings, now, None, parsed.notes)
        assert outcome(got) == outcome(expected), turns
    assert model.asked


async def test_measures_that_the_text_states_count_in_a_models_reading_too(knowledge: KnowledgeBase) -> None:
    text = "gpt-4o: 40 documents a day, 20 pages each, 300 words per page, 200 words out"
    local = LocalParser(knowledge)
    reading = await RightModel(local, knowledge).parse(text, None, 0)
    rules = local.parse(text)
    assert reading.question == rules.questions[0]
    assert set(rules.notes) <= set(reading.dropped)
    assert "1 page = 300 words, as the question says." in reading.dropped
