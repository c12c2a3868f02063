"""Typed questions: what a person asked, with every slot that the words did not fill left empty.

A question is a frozen dataclass; the union `Question` is discriminated by `kind`. Parsers build questions, answerers read them,
a follow-up is a patch on the thread's last one. Plain dataclasses keep the start of a command fast; `question_from_json` validates
untrusted JSON (a stored thread) with pydantic, which is imported only there.

Conventions: counts, sizes and money are `Decimal`; a share is a fraction from 0 to 1; an empty slot is None and becomes a stated
assumption or a clarifying question in the answerer, never a silent guess.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from bot.answers import plain
from knowledge.lazy_dataclass import dataclass

Period = Literal["second", "minute", "hour", "day", "week", "month", "year"]
SizeUnit = Literal["tokens", "words", "characters", "pages", "bytes"]


@dataclass(frozen=True, kw_only=True)
class ModelRef:
    """A model as the question names it. `model` and `provider` are catalogue ids, None when the mention resolves to none."""

    mention: str
    model: str | None = None
    provider: str | None = None
    how: Literal["exact", "family", "corrected", "ambiguous", "unknown", "provider_missing"] = "exact"
    """`family`: a family name read as its newest member; `corrected`: a typo; `ambiguous` and `unknown` hold candidates;
    `provider_missing`: the model is known, the named provider has no price for it."""
    candidates: tuple[str, ...] = ()
    note: str | None = None
    """How the name was read, in a sentence for the answer's assumptions."""


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount in a currency (ISO 4217 code), per period or one-off."""

    amount: Decimal
    currency: str = "USD"
    per: Period | None = None


@dataclass(frozen=True, kw_only=True)
class Size:
    """A length of text in the unit that the person used; `high` is the upper end of a range ("500-800 tokens")."""

    amount: Decimal
    unit: SizeUnit = "tokens"
    high: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Span:
    """A length of time ("for 3 months")."""

    amount: Decimal
    unit: Period


@dataclass(frozen=True, kw_only=True)
class WorkingDays:
    """How many days of each week, month or year something runs."""

    days: Decimal
    over: Literal["week", "month", "year"]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What is sent and received. Two shapes: requests of a size (`input`, `output` each), or bare volumes (`volume_*`)."""

    requests: Decimal | None = None
    requests_per: Period | None = None
    """None: `requests` is a one-off total, or, with `users`, what one user sends."""
    users: Decimal | None = None
    requests_per_user: Decimal | None = None
    requests_per_user_per: Period | None = None
    turns: Decimal | None = None
    """Messages of one conversation whose history is sent again with each turn; then `requests` counts conversations."""
    input: Size | None = None
    output: Size | None = None
    system_prompt: Size | None = None
    """Sent with each request on top of `input`."""
    volume_input: Size | None = None
    volume_output: Size | None = None
    volume: Size | None = None
    """Tokens of no stated direction."""
    volume_per: Period | None = None
    cached_share: Decimal | None = None
    cached: Size | None = None
    """Cached part of one request's input, as a size instead of a share."""
    batch: bool = False
    batch_share: Decimal | None = None
    """The share of the requests that goes through the batch API, where it is not all or none of them."""
    service_tier: Literal["flex", "priority", "fast"] | None = None
    workdays_only: bool = False
    days_per: WorkingDays | None = None
    """Days of a week, month or year on which requests are sent, where they are stated ("220 working days a year")."""
    hours_per_day: Decimal | None = None
    span: Span | None = None
    upper_factor: Decimal | None = None
    """The upper end of a stated number of requests or users, as a multiple of the lower one ("7-8k calls")."""
    overhead_share: Decimal | None = None
    """Extra requests for retries and the like, as a share ("20% buffer")."""
    growth_share: Decimal | None = None
    """By how much the requests grow each `growth_per`, compounding ("growing 10 % a month")."""
    growth_per: Period | None = None
    growth_steps: Decimal | None = None
    """How many times they have grown at the time that is asked about ("in 6 months"); None: the time is a length."""
    web_searches: Decimal | None = None
    """Web searches of one request, charged beside its tokens; without sizes, a request is nothing but its searches."""
    audio_seconds: Decimal | None = None
    """Audio that is sent with one request, or in all (per `volume_per`) where there are no requests."""
    reasoning: Size | None = None
    """Reasoning tokens of one request, billed as output."""


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What a model must fulfil to take part in a comparison."""

    min_context: Decimal | None = None
    makers: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    excluded_makers: tuple[str, ...] = ()
    open_weights: bool = False
    modality: Literal["text", "embedding", "image", "audio"] = "text"
    """What the models make; only texts and embeddings are priced alike enough to be ranked."""
    max_input_price: Decimal | None = None
    max_output_price: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class PriceQuestion:
    """What does a model cost per unit?"""

    kind: Literal["price"] = "price"
    models: tuple[ModelRef, ...] = ()
    units: tuple[str, ...] = ()
    """The rates asked for ("input", "output", "cached", "cache_write", "image", "audio", "search", "context"); empty: all."""
    batch: bool = False
    service_tier: Literal["flex", "priority", "fast"] | None = None
    on: date | None = None
    per_tokens: Decimal | None = None
    """The token count that rates shall be quoted for, when not 1M ("per 1K")."""
    request_tokens: Decimal | None = None
    """Input tokens of one request that the rates shall hold for ("the price above 200k tokens")."""
    per_time: Literal["second", "minute", "hour"] | None = None
    """The length of audio that rates shall be quoted for."""
    earlier: tuple[ModelRef, ...] = ()
    """Models whose prices the thread has asked for before; "which is cheaper?" is about them too."""
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One workload on one model; several make a pipeline."""

    model: ModelRef | None = None
    workload: Workload = Workload()


@dataclass(frozen=True, kw_only=True)
class EstimateQuestion:
    """What does a workload cost?"""

    kind: Literal["estimate"] = "estimate"
    stages: tuple[Stage, ...] = (Stage(),)
    want_per: Period | None = None
    """The period that the answer shall be given for; None: the workload's own."""
    on: date | None = None
    per_user: bool = False
    """True where the cost of one user is asked for ("per employee per month")."""
    earlier: tuple[ModelRef, ...] = ()
    """Models that the thread has priced this on before; "which is cheaper?" is about them too."""
    currency: str | None = None
    """ISO 4217 code of the currency that the answer is wanted in; None: the one of the settings. So in every kind that has it."""
    unread: tuple[str, ...] = ()
    """Counts and sizes of the text that no slot holds, as written; the answer asks what they stand for."""


@dataclass(frozen=True, kw_only=True)
class CompareQuestion:
    """Which model (or which way of using one) is cheaper, and by how much?"""

    kind: Literal["compare"] = "compare"
    models: tuple[ModelRef, ...] = ()
    workload: Workload | None = None
    constraints: Constraints = Constraints()
    objective: Literal["cheapest", "dearest", "side_by_side", "difference", "ratio", "percent"] = (
        "side_by_side"
    )
    metric: Literal["input", "output", "blended"] | None = None
    everywhere: bool = False
    """True where one model is compared at all that sell it ("who is cheapest for llama 70b?")."""
    variants: tuple[Literal["standard", "batch", "cached", "flex", "priority", "fast"], ...] = ()
    """Ways of using one model to be set against each other ("how much does batch save?")."""
    limit: int | None = None
    shares: tuple[Decimal, ...] = ()
    """How much of the requests goes to each of the models: the mix is set against all of them on `against`."""
    against: ModelRef | None = None
    changed: Workload | None = None
    """The workload after a change of length ("if we trim the prompt to 2k"), set against `workload` on one model."""
    want_per: Period | None = None
    currency: str | None = None
    unread: tuple[str, ...] = ()
    """Counts and sizes of the text that no slot holds, as written; the answer asks what they stand for."""


CapacityWant = Literal[
    "requests",
    "input_tokens",
    "output_tokens",
    "tokens",
    "users",
    "days",
    "words",
    "pages",
    "hours",
    "minutes",
]
"""What a budget can be asked to buy."""


@dataclass(frozen=True, kw_only=True)
class CapacityQuestion:
    """How much does a budget buy?"""

    kind: Literal["capacity"] = "capacity"
    budget: Money | None = None
    model: ModelRef | None = None
    workload: Workload = Workload()
    want: CapacityWant = "requests"
    written: bool = False
    """True where the words or pages are to be written by the model, not read."""
    want_per: Period | None = None
    currency: str | None = None
    unread: tuple[str, ...] = ()
    """Counts and sizes of the text that no slot holds, as written; the answer asks what they stand for."""


@dataclass(frozen=True, kw_only=True)
class TokensQuestion:
    """How many tokens is a text (or a number of words, pages, characters), and what does it cost?"""

    kind: Literal["tokens"] = "tokens"
    text: str | None = None
    size: Size | None = None
    want: SizeUnit = "tokens"
    tokens_each: Decimal | None = None
    """Tokens that one word, page or character of `size` has, where the question says so itself."""
    model: ModelRef | None = None
    with_cost: bool = False
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class HistoryQuestion:
    """How has a model's price changed?"""

    kind: Literal["history"] = "history"
    models: tuple[ModelRef, ...] = ()
    since: date | None = None
    until: date | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingQuestion:
    """What does it take to train a model from scratch?"""

    kind: Literal["training"] = "training"
    parameters: Decimal | None = None
    tokens: Decimal | None = None
    gpu: str | None = None
    gpus: Decimal | None = None
    gpu_hours: Decimal | None = None
    flops: Decimal | None = None
    """A stated amount of computing, in place of parameters and tokens."""
    mfu: Decimal | None = None
    usd_per_gpu_hour: Decimal | None = None
    gpu_hour_currency: str | None = None
    """The currency of that price; None for US dollars."""
    provider: str | None = None
    want: Literal["cost", "gpu_hours", "days", "flops", "gpus"] = "cost"
    within: Span | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class FineTuningQuestion:
    """What does fine-tuning cost, at a provider per training token, or on rented GPUs?"""

    kind: Literal["fine_tuning"] = "fine_tuning"
    model: ModelRef | None = None
    beside: tuple[ModelRef, ...] = ()
    """Further models that are set beside `model`."""
    model_name: str | None = None
    """An open model as the person named it ("Llama 70B"), where it is no model of a price list."""
    parameters: Decimal | None = None
    dataset: Size | None = None
    examples: Decimal | None = None
    tokens_per_example: Decimal | None = None
    epochs: Decimal | None = None
    method: Literal["full", "lora", "qlora", "reinforcement"] | None = None
    gpu: str | None = None
    gpus: Decimal | None = None
    hours: Decimal | None = None
    usd_per_gpu_hour: Decimal | None = None
    gpu_hour_currency: str | None = None
    """The currency of that price; None for US dollars."""
    provider: str | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class SelfHostingQuestion:
    """What does running an open model on rented GPUs cost?"""

    kind: Literal["self_hosting"] = "self_hosting"
    model_name: str | None = None
    gpu: str | None = None
    gpus: Decimal | None = None
    hours_per_day: Decimal | None = None
    span: Span | None = None
    tokens_per_second: Decimal | None = None
    utilisation: Decimal | None = None
    usd_per_gpu_hour: Decimal | None = None
    gpu_hour_currency: str | None = None
    """The currency of that price; None for US dollars."""
    provider: str | None = None
    beside: tuple[str, ...] = ()
    """Further providers that are set beside `provider` ("GCP or AWS")."""
    terms: str | None = None
    """A word of the wanted offer's terms or form ("community", "serverless", "nvl")."""
    want: Literal["cost", "cost_per_1m_tokens", "gpu_price", "gpus"] = "cost"
    bits: int | None = None
    """Bits of one weight ("in fp8"), where it is asked how many GPUs hold the model."""
    cheapest: bool = False
    """True where the cheapest rental is asked for instead of the usual one."""
    want_per: Period | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class BreakEvenQuestion:
    """From what volume on is self-hosting cheaper than an API? Without numbers: which route fits at all?"""

    kind: Literal["break_even"] = "break_even"
    model: ModelRef | None = None
    hosting: SelfHostingQuestion = SelfHostingQuestion()
    fixed_cost: Money | None = None
    workload: Workload = Workload()
    routes: bool = False
    """True for "should we train our own model?": all routes side by side."""
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class FactQuestion:
    """What have companies said, spent, earned or lost?"""

    kind: Literal["fact"] = "fact"
    query: str = ""
    subjects: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UsageQuestion:
    """What has the bot itself been asked, and what did that cost?"""

    kind: Literal["usage"] = "usage"
    since: date | None = None
    until: date | None = None
    period_name: str = ""
    by: Literal["user", "channel", "workspace", "platform", "model", "kind", "day"] | None = None
    mine: bool = False
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class HelpQuestion:
    """What can the bot do?"""

    kind: Literal["help"] = "help"
    topic: str | None = None
    thanks: bool = False
    """True where somebody says thanks or goodbye, and asks nothing."""


@dataclass(frozen=True, kw_only=True)
class OutOfScope:
    """Nothing that the bot is for, or nothing that it understood (`reason`)."""

    kind: Literal["out_of_scope"] = "out_of_scope"
    reason: Literal["other_topic", "not_understood", "language", "empty", "impossible"] = "other_topic"
    detail: str = ""


Question = (
    PriceQuestion
    | EstimateQuestion
    | CompareQuestion
    | CapacityQuestion
    | TokensQuestion
    | HistoryQuestion
    | TrainingQuestion
    | FineTuningQuestion
    | SelfHostingQuestion
    | BreakEvenQuestion
    | FactQuestion
    | UsageQuestion
    | HelpQuestion
    | OutOfScope
)


def question_to_json(question: Any) -> Any:
    """A question (or any value inside one) as JSON data: decimals as exact strings, dates in ISO form, empty slots left out."""
    if question is None or isinstance(question, str | int):
        return question
    if isinstance(question, Decimal):
        return plain(question)
    if isinstance(question, date):
        return question.isoformat()
    if isinstance(question, tuple | list):
        return [question_to_json(value) for value in question]
    return {
        name: question_to_json(value)
        for name, value in vars(question).items()
        if name == "kind" or not (value is None or value is False or value == () or value == "")
    }


@cache
def _question_adapter() -> Any:
    from typing import Annotated

    from pydantic import Field, TypeAdapter

    return TypeAdapter(Annotated[Question, Field(discriminator="kind")])


def question_from_json(data: Any) -> Question:
    """The question that `question_to_json` wrote. Raises `pydantic.ValidationError` for anything else."""
    question: Question = _question_adapter().validate_python(data)
    return question
