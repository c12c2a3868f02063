"""Prose held against facts: what the facts say passes, and nothing that they do not say."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.parsing.reading.numbers import read_numbers
from bot.parsing.reading.spans import fold
from bot.prose import MAX_SENTENCE, MAX_SENTENCES, Evidence, Judge, Sentence
from knowledge.base import KnowledgeBase
from knowledge.facts import Fact

LOSS, LOSS_LATER, LOSS_OPERATING = (
    "openai-2024-net-loss", "openai-2024-net-loss-actual", "openai-2024-operating-loss",
)  # fmt: skip
REVENUE, REVENUE_2023, PAID = (
    "openai-2024-revenue-audited",
    "openai-2023-revenue",
    "openai-2025-paid-microsoft",
)
CAUSE, RENTED, TAYLOR = "openai-cost-driver", "openai-microsoft-dependence", "taylor-destroy-capital"
MARGIN, LLAMA, SMALL, GPT_4 = (
    "anthropic-2025-gross-margin", "llama-3-1-405b-gpu-hours", "train-own-verdict-small", "gpt-4-training-cost-altman",
)  # fmt: skip
BURN, LEFT_OUT = "openai-2026-cash-burn-forecast", "deepseek-v3-cost-excludes"


def evidence(fact: Fact) -> Evidence:
    return Evidence(fact.id, fact.statement, fact.subject, fact.period)


def fault(knowledge: KnowledgeBase, *sentences: tuple[str, Sequence[str]]) -> str | None:
    """What the judge finds in some sentences over all the facts that they cite."""
    known = {fact.id: fact for fact in knowledge.facts.all()}
    cited = [known[id] for id in dict.fromkeys(id for _, ids in sentences for id in ids) if id in known]
    return Judge(map(evidence, cited), knowledge).fault(
        [Sentence(text, tuple(ids)) for text, ids in sentences]
    )


def test_every_fact_says_what_it_says(knowledge: KnowledgeBase) -> None:
    for fact in knowledge.facts.all():
        assert fault(knowledge, (fact.statement, [fact.id])) is None, fact.statement


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("The chief cause of OpenAI's losses is building and running its advanced AI models.", [CAUSE]),
        ("Shareholder documents later put OpenAI's net loss for 2024 at $5 billion.", [LOSS_LATER]),
        ("Leaked audited accounts show a $8.78 billion operating loss of OpenAI for 2024.", [LOSS_OPERATING]),
        ("OpenAI had $1.6 billion of revenue in 2023.", [REVENUE_2023]),
        ("OpenAI's revenue reached 1,600 million dollars in 2023.", [REVENUE_2023]),
        (
            "Of the $17.2 billion that OpenAI paid Microsoft in 2025, $10.59 billion was booked as research and development.",
            [PAID],
        ),
        ("Small startups that train their own model probably destroy capital.", [SMALL]),
        (
            "Building and running its models is the chief cause of OpenAI's losses, and it depends heavily on computing power "
            "rented from Microsoft.",
            [CAUSE, RENTED],
        ),
    ],
)  # fmt: skip
def test_other_words_for_the_same_stand(knowledge: KnowledgeBase, text: str, ids: list[str]) -> None:
    assert fault(knowledge, (text, ids)) is None


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        pytest.param("OpenAI was projected to lose roughly $6 billion in 2024.", [LOSS], id="number"),
        pytest.param("OpenAI was projected to lose roughly five million dollars in 2024.", [LOSS], id="words"),
        pytest.param("OpenAI was projected to lose roughly €5 billion in 2024.", [LOSS], id="currency"),
        pytest.param("OpenAI was projected to lose roughly 5 billion in 2024.", [LOSS], id="no unit"),
        pytest.param("OpenAI was projected to lose roughly 5 percent in 2024.", [LOSS], id="percent"),
        pytest.param("OpenAI was projected to lose roughly $5 billion a day in 2024.", [LOSS], id="a day"),
        pytest.param(
            "OpenAI's revenue for 2025 was $7.5 billion.",
            ["openai-2025-cost-of-revenue"],
            id="revenue for cost of revenue",
        ),
        pytest.param(
            "OpenAI's cost for 2025 was $7.5 billion.",
            ["openai-2025-cost-of-revenue"],
            id="cost for cost of revenue",
        ),
        pytest.param("OpenAI had twice a revenue of $1.6 billion in 2023.", [REVENUE_2023], id="twice"),
        pytest.param("OpenAI had revenue of $１.6 billion in 2023.", [REVENUE_2023], id="other digits"),
        pytest.param("OpenAI was projected to lose roughly $5 billion in 2025.", [LOSS], id="year"),
        pytest.param("OpenAI was projected to lose roughly $5 billion.", [LOSS], id="no year"),
        pytest.param("OpenAI had revenue of $1.6 billion in January 2023.", [REVENUE_2023], id="month"),
        pytest.param("OpenAI had 2023 of revenue.", [REVENUE_2023], id="year as amount"),
        pytest.param("OpenAI had revenue of $1.6 billion last year.", [REVENUE_2023], id="last year"),
        pytest.param("Anthropic was projected to lose roughly $5 billion in 2024.", [LOSS], id="company"),
        pytest.param("Initech had revenue of $1.6 billion in 2023.", [REVENUE_2023], id="unknown company"),
        pytest.param("It was projected to lose roughly $5 billion in 2024.", [LOSS], id="nobody"),
        pytest.param("Asked whether GPT-4.5 cost $100 million to train, Sam Altman answered that it was more than that.",
                     [GPT_4], id="model"),
        pytest.param("Meta reports 30.84 million H100 GPU-hours for training Llama 3.1.", [LLAMA], id="family"),
        pytest.param("Meta reports 405 billion H100 GPU-hours for training Llama 3.1 405B.", [LLAMA], id="name as amount"),
        pytest.param("Meta reports 30.84 million H200 GPU-hours for training Llama 3.1 405B.", [LLAMA], id="gpu"),
        pytest.param("Leaked audited accounts put OpenAI's 2024 revenue at $8.78 billion.", [REVENUE, LOSS_OPERATING],
                     id="swapped between facts"),
        pytest.param("OpenAI had revenue of $8.78 billion in 2024.", [REVENUE, LOSS_OPERATING], id="swapped, reworded"),
        pytest.param("OpenAI paid Microsoft $10.59 billion in 2025, $17.2 billion of it booked as research and development, "
                     "mostly compute.", [PAID], id="swapped within a fact"),
        pytest.param("OpenAI paid Microsoft $10.59 billion in 2025.", [PAID], id="a part for the whole"),
        pytest.param("Microsoft paid OpenAI $17.2 billion in 2025.", [PAID], id="payer and payee"),
        pytest.param("Anthropic cut its 2025 gross-margin forecast to 23 percent because serving its models on Google and Amazon "
                     "cost 40 percent more than planned.", [MARGIN], id="percentages swapped"),
        pytest.param("Leaked figures show OpenAI expecting to burn $9 billion of cash in 2026.", [BURN], id="years swapped"),
        pytest.param("OpenAI lost roughly $5 billion in 2024.", [LOSS], id="projection as fact"),
        pytest.param("OpenAI was projected to lose $5 billion in 2024.", [LOSS], id="roughly as exact"),
        pytest.param("Small startups that train their own model destroy capital.", [SMALL], id="probably as surely"),
        pytest.param("OpenAI was not projected to lose roughly $5 billion in 2024.", [LOSS], id="denied"),
        pytest.param("OpenAI was projected to earn roughly $5 billion in 2024.", [LOSS], id="loss as gain"),
        pytest.param("DeepSeek's $5.576 million includes earlier research.", [LEFT_OUT], id="in for out"),
        pytest.param("OpenAI says it depends heavily on computing power that it rents from Microsoft.", [RENTED], id="said by"),
        pytest.param("OpenAI is a fraud.", [CAUSE], id="opinion"),
        pytest.param("OpenAI depends heavily on computing power that it rents from Anthropic.", [RENTED, MARGIN],
                     id="a name of another fact"),
        pytest.param('Bret Taylor warns that "OpenAI will destroy your capital".', [TAYLOR], id="quotation"),
        pytest.param("OpenAI had revenue of $1.6 billion in 2023 <!channel>.", [REVENUE_2023], id="ping"),
        pytest.param("OpenAI had revenue of $1.6 billion in 2023 @everyone.", [REVENUE_2023], id="mention"),
        pytest.param("OpenAI had *revenue* of $1.6 billion in 2023.", [REVENUE_2023], id="markup"),
        pytest.param("OpenAI had [revenue](https://x.example) of $1.6 billion in 2023.", [REVENUE_2023], id="link"),
        pytest.param("OpenAI had revenue.in of $1.6 billion in 2023.", [REVENUE_2023], id="bare link"),
        pytest.param("OpenAI had revenue of $1.6 billion in 2023.\nIt had revenue.", [REVENUE_2023], id="line break"),
        pytest.param("OpenAI had revenue of $1.6 billion in 2023", [REVENUE_2023], id="no end"),
        pytest.param("OpenAI had revenue of $1.6 billion in 2023.", [], id="no fact cited"),
        pytest.param("OpenAI had revenue of $1.6 billion in 2023.", ["openai-2023-profit"], id="unknown fact cited"),
        pytest.param("OpenAI had revenue of $1.6 billion in 2023.", [REVENUE_2023, "x"], id="one unknown fact cited"),
        pytest.param("OpenAI had revenue of $1.6 billion in 2023.", [REVENUE], id="another fact cited"),
        pytest.param("", [CAUSE], id="empty"),
        pytest.param("OpenAI's losses " * 40 + ".", [CAUSE], id="long"),
    ],
)  # fmt: skip
def test_what_no_fact_says_falls(knowledge: KnowledgeBase, text: str, ids: list[str]) -> None:
    assert fault(knowledge, (text, ids)) is not None


def test_one_sentence_that_falls_takes_all_with_it(knowledge: KnowledgeBase) -> None:
    right = ("OpenAI had revenue of $1.6 billion in 2023.", [REVENUE_2023])
    assert fault(knowledge, right, right) is None
    assert fault(knowledge, right, ("OpenAI is a fraud.", [REVENUE_2023])) is not None
    assert fault(knowledge, *[right] * (MAX_SENTENCES + 1)) is not None
    assert fault(knowledge) is not None


def test_a_fault_holds_no_word_of_the_prose(knowledge: KnowledgeBase) -> None:
    found = fault(knowledge, ("Zyxwv costs $7.", [CAUSE]))
    assert found is not None
    assert "yxw" not in found
    assert "7" not in found


def test_no_digit_of_any_fact_can_be_changed(knowledge: KnowledgeBase) -> None:
    for fact in knowledge.facts.all():
        judge = Judge([evidence(fact)], knowledge)
        for match in re.finditer(r"\d+(?:[.,]\d+)*", fact.statement):
            digits = match.group()
            for other in (
                digits[:-1] + str((int(digits[-1]) + 1) % 10),
                str(int(digits[0]) % 9 + 1) + digits[1:],
            ):
                changed = fact.statement[: match.start()] + other + fact.statement[match.end() :]
                assert judge.fault([Sentence(changed, (fact.id,))]) is not None, changed


@pytest.fixture(scope="module")
def counted(knowledge: KnowledgeBase) -> list[tuple[Fact, list[tuple[int, int, str]]]]:
    """The facts that hold numbers, with these."""
    found = [(fact, _amounts(fact.statement)) for fact in knowledge.facts.all()]
    return [(fact, amounts) for fact, amounts in found if amounts]


@pytest.fixture(scope="module")
def named(knowledge: KnowledgeBase) -> list[tuple[Fact, list[tuple[int, int, str]]]]:
    """The facts that name somebody, with the names."""
    found = [(fact, knowledge.facts.subjects_in(fact.statement)) for fact in knowledge.facts.all()]
    return [(fact, names) for fact, names in found if names]


def _amounts(statement: str) -> list[tuple[int, int, str]]:
    """The numbers of a statement, as written, with the sign before them."""
    found = []
    for number in read_numbers(fold(statement)):
        start = number.start - (statement[number.start - 1 : number.start] in ("$", "€"))
        text = statement[start : number.end]
        if any(letter.isdigit() for letter in text):
            found.append((start, number.end, text))
    return found


@given(data=st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_amount_can_come_from_another_fact(
    knowledge: KnowledgeBase, counted: list[tuple[Fact, list[tuple[int, int, str]]]], data: st.DataObject
) -> None:
    fact, amounts = counted[data.draw(st.integers(0, len(counted) - 1))]
    other, others = counted[data.draw(st.integers(0, len(counted) - 1))]
    start, end, _ = data.draw(st.sampled_from(amounts))
    _, _, foreign = data.draw(st.sampled_from(others))
    values = {number.value for number in read_numbers(fold(fact.statement))}
    assume(not values & {number.value for number in read_numbers(fold(foreign))})
    changed = fact.statement[:start] + foreign + fact.statement[end:]
    judge = Judge([evidence(fact), evidence(other)], knowledge)
    assert judge.fault([Sentence(changed, (fact.id, other.id))]) is not None, changed


@given(data=st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_can_come_from_another_fact(
    knowledge: KnowledgeBase, named: list[tuple[Fact, list[tuple[int, int, str]]]], data: st.DataObject
) -> None:
    fact, names = named[data.draw(st.integers(0, len(named) - 1))]
    other, others = named[data.draw(st.integers(0, len(named) - 1))]
    start, end, _ = data.draw(st.sampled_from(names))
    low, high, foreign = data.draw(st.sampled_from(others))
    assume(foreign != fact.subject and foreign not in [name for _, _, name in names])
    changed = fact.statement[:start] + other.statement[low:high] + fact.statement[end:]
    judge = Judge([evidence(fact), evidence(other)], knowledge)
    assert judge.fault([Sentence(changed, (fact.id, other.id))]) is not None, changed


@given(text=st.text(max_size=MAX_SENTENCE + 50))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_judged(knowledge: KnowledgeBase, text: str) -> None:
    found = fault(knowledge, (text, [REVENUE_2023]))
    assert found is not None or not any(letter.isdigit() for letter in text)
