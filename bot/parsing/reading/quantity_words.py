"""What the words behind a number say it counts: a list of small rules, tried in order at each word.

The first rule that knows the word decides: it may name the unit or the role, skip the word, or end the reading. The order is the
design; a rule may rely on every rule above it not having known the word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.parsing.reading.lexicon import (
    ADJECTIVES,
    ADVERB_PERIODS,
    COST_WORDS,
    FILLERS,
    PERIODS,
    ROLES,
    STOPWORDS,
    UNITS,
)
from bot.parsing.reading.quantity import COUNTED, CURRENCIES, SIZE_UNITS, Quantity
from bot.parsing.reading.quantity_phrases import (
    are_cached,
    back_and_forth,
    comes_back,
    fresh,
    from_whom,
    hits_the_cache,
    in_the_response,
    of_it_cached,
    of_the_input_is_cached,
    percent_of_a_side,
    questions_and_answers,
    request_of_a_size,
)
from bot.parsing.reading.quantity_scan import Rule, Scan
from bot.questions import Period

if TYPE_CHECKING:
    from bot.parsing.reading.quantity_reader import Reader

_LOOK_AHEAD = 7
_MODEL_WORDS = frozenset(
    [
        "model",
        "models",
        "llm",
        "llms",
        "lm",
        "modell",
        "modells",
        "modelle",
        "modèle",
        "modèles",
        "modelo",
        "modelos",
        "network",
        "netz",
        "transformer",
    ]
)
_MODEL_SUFFIXES = frozenset(
    [
        "m",
        "mm",
        "mn",
        "b",
        "bn",
        "t",
        "million",
        "billion",
        "trillion",
        "millionen",
        "milliarden",
        "mrd",
        "mio",
        "milliards",
        "milliard",
    ]
)
_SINGULAR_ROLES = frozenset(["prompt", "completion", "response", "reply", "answer", "generation"])
_TELLING_FILLERS = frozenset("with to at under over is are more less than : = up".split())
"""Fillers behind which another phrase begins; before a number they change nothing."""
_RATE_WORDS: dict[str, Period] = {
    "rpm": "minute",
    "rps": "second",
    "qps": "second",
    "rph": "hour",
    "rpd": "day",
}
_BEFORE_ROLES = frozenset("en als as for im der an à l' d' la de the".split())
_CLOSING_UNITS = frozenset(["requests", "items", "users", "conversations", "messages", "turns", "gpus"])
"""Units behind which no role can follow."""


def scan_words(reader: Reader, quantity: Quantity) -> tuple[Quantity, int]:
    """The quantity with the unit and role that the words behind its number name, and how many of them were read."""
    scan = Scan(reader, quantity)
    for _ in range(_LOOK_AHEAD):
        if scan.done or scan.at >= len(reader.after):
            break
        for rule in _RULES:
            if rule(scan):
                break
        else:
            break
    return scan.quantity, scan.at


def _model_between(scan: Scan) -> bool:
    """ "12k gpt-5.5 requests"."""
    if scan.word != "\0model" or scan.quantity.unit:
        return False
    behind = [w.text for w in scan.reader.after[scan.at + 1 : scan.at + 3]]
    sized = len(behind) > 1 and behind[0] in ROLES and UNITS.get(behind[1]) in SIZE_UNITS
    if not sized and UNITS.get(scan.following) not in (*COUNTED, "tokens"):
        return False
    scan.skip()
    return True


def _size_of_a_model(scan: Scan) -> bool:
    """ "A 400M model"."""
    if (
        scan.word not in _MODEL_WORDS
        or scan.quantity.unit
        or scan.reader.number.suffix not in _MODEL_SUFFIXES
    ):
        return False
    scan.take(unit="parameters", noun=scan.word, done=True)
    return True


def _rate_word(scan: Scan) -> bool:
    """ "300 rpm"."""
    if scan.word not in _RATE_WORDS or scan.quantity.unit:
        return False
    scan.take(unit="requests", noun="requests", per=_RATE_WORDS[scan.word], done=True)
    return True


def _gpu_hours(scan: Scan) -> bool:
    if scan.word != "gpu" or UNITS.get(scan.following) != "hours" or scan.quantity.unit:
        return False
    scan.take()
    scan.take(unit="gpu_hours", noun="gpu hours", done=True)
    return True


def _of_them(scan: Scan) -> bool:
    """ "2k of them"."""
    if scan.word != "of" or scan.following not in ("them", "those", "these") or scan.quantity.unit:
        return False
    noun = scan.following
    scan.take()
    scan.take(unit="items", noun=noun, done=True)
    return True


def _filler(scan: Scan) -> bool:
    word = scan.word
    if (
        word == "each"
        and scan.quantity.is_size
        and scan.following not in ROLES
        and (not scan.following.isalpha() or scan.following in ("per", "a", "every", "pro", "par", "por"))
    ):
        return False  # "300 tokens each" is per something
    filler = word in FILLERS and word not in UNITS and word not in ROLES and word not in _TELLING_FILLERS
    if word != "-" and not filler:
        return False
    scan.skip()
    return True


def _adverb(scan: Scan) -> bool:
    """ "10k daily requests"."""
    behind = [w.text for w in scan.reader.after[scan.at + 1 : scan.at + 3]]
    described = len(behind) > 1 and behind[0] in ADJECTIVES and behind[1] in UNITS  # "daily active users"
    known = scan.word in ADVERB_PERIODS and (scan.following in UNITS or described)
    if not known or scan.quantity.unit or scan.quantity.per is not None:
        return False
    scan.take(per=PERIODS[scan.word])
    return True


def _cost_word(scan: Scan) -> bool:
    """What follows "cost" is about the answer, not about this number."""
    if scan.word not in COST_WORDS or scan.word in UNITS:
        return False
    scan.done = True
    return True


def _currency(scan: Scan) -> bool:
    unit = UNITS.get(scan.word)
    if unit not in CURRENCIES or scan.quantity.unit not in ("", "money"):
        return False
    value = scan.quantity.value / 100 if unit == "cents" else scan.quantity.value
    scan.take(unit="money", currency=CURRENCIES[unit], value=value)
    return True


def _money_ends(scan: Scan) -> bool:
    scan.done = scan.quantity.unit == "money"
    return scan.done


def _preposition(scan: Scan) -> bool:
    """ "300 en sortie"."""
    if scan.word not in _BEFORE_ROLES or ROLES.get(scan.following) not in ("input", "output"):
        return False
    scan.skip()
    return True


def _singular_role(scan: Scan) -> bool:
    """ "200 reply": a count would be plural."""
    if scan.word not in _SINGULAR_ROLES or scan.quantity.unit or scan.quantity.value <= 1:
        return False
    if scan.reader.starts_period(scan.at + 1):
        return False
    if UNITS.get(scan.following) in SIZE_UNITS:
        return False
    scan.take(role=ROLES[scan.word])
    return True


def _role_before_unit(scan: Scan) -> bool:
    """ "500 prompt tokens"."""
    role = ROLES.get(scan.word)
    if not role or scan.word not in UNITS or UNITS.get(scan.following) not in SIZE_UNITS:
        return False
    scan.take(role=role)
    return True


def _item_of_a_size(scan: Scan) -> bool:
    """ "500-word emails", "200-token completions": what the size is the size of."""
    word, quantity = scan.word, scan.quantity
    role = ROLES.get(word, "")
    names_item = UNITS.get(word) in COUNTED or role in ("input", "output")
    if quantity.unit not in SIZE_UNITS or not names_item or word in ("in", "out"):
        return False
    item = word if word in UNITS else quantity.item_noun
    if role in ("input", "output") and not quantity.role:
        scan.take(role=role, item_noun=item)
    else:
        scan.take(item_noun=item)
    return True


def _times(scan: Scan) -> bool:
    """ "3x the users" scales; "5 x messages" is a plain count."""
    if UNITS.get(scan.word) != "times" or scan.word == "times" or scan.quantity.unit or not scan.following:
        return False
    if scan.following in UNITS or scan.following in ADJECTIVES or scan.following in ("the", "\0model"):
        scan.take(unit="times" if scan.following == "the" else "")
    else:
        scan.done = True
    return True


def _unit(scan: Scan) -> bool:
    unit = UNITS.get(scan.word)
    if not unit or scan.quantity.unit or (scan.word == "x" and not scan.following):
        return False
    if scan.word == "an" and scan.reader.language != "fr":
        return False  # "at 2.5 an hour"
    if scan.word in ("run", "runs") and scan.reader.number.suffix in ("b", "bn"):
        return False  # "a 3B run" trains
    adjective = unit == "users" and scan.quantity.value > 1
    if scan.word.endswith("s"):
        adjective = (
            scan.word == "agents"
            and adjective
            and UNITS.get(scan.following)
            in (
                "conversations",
                "requests",
                "messages",
                "items",
            )
        )
    if adjective and scan.following.isalpha() and scan.following.endswith("s"):
        scan.skip()  # "22 client letters"
        return True
    after_slash = scan.at > 0 and scan.reader.after[scan.at - 1].text == "/"
    if scan.word in PERIODS and after_slash:
        scan.done = True
    else:
        scan.take(unit=unit, noun=scan.word, done=unit in _CLOSING_UNITS)
    return True


def _role(scan: Scan) -> bool:
    role = ROLES.get(scan.word)
    if not role or scan.quantity.role or not scan.reader.role_fits(scan.quantity, scan.at, role):
        return False
    scan.take(role=role)
    return True


def _noun_before_unit(scan: Scan) -> bool:
    """ "1,200 meeting transcripts": one unknown word before what is counted."""
    word = scan.word
    if (
        scan.quantity.unit
        or not word.replace("-", "").isalpha()
        or len(word) < 4
        or UNITS.get(scan.following) not in COUNTED
    ):
        return False
    if word in STOPWORDS or word in PERIODS or word in UNITS or word in ROLES or word in COST_WORDS:
        return False
    scan.skip()
    return True


def _adjective(scan: Scan) -> bool:
    if scan.word not in ADJECTIVES or scan.word in PERIODS:
        return False
    scan.skip()
    return True


_RULES: tuple[Rule, ...] = (
    of_the_input_is_cached,
    questions_and_answers,
    _model_between,
    _size_of_a_model,
    _rate_word,
    hits_the_cache,
    percent_of_a_side,
    are_cached,
    of_it_cached,
    _gpu_hours,
    _of_them,
    _filler,
    _adverb,
    _cost_word,
    _currency,
    _money_ends,
    _preposition,
    fresh,
    back_and_forth,
    comes_back,
    from_whom,
    _singular_role,
    _role_before_unit,
    _item_of_a_size,
    _times,
    request_of_a_size,
    _unit,
    in_the_response,
    _role,
    _adjective,
    _noun_before_unit,
)
