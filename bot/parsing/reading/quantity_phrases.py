"""Rules for phrases of several words behind a number: "9k of it cached", "200 tokens from the user", "500 fresh input tokens"."""

from __future__ import annotations

from bot.parsing.reading.lexicon import ROLES, UNITS
from bot.parsing.reading.quantity import COUNTED
from bot.parsing.reading.quantity_scan import Scan

_SIDES = (
    (
        "output",
        frozenset(
            "bot model llm ai assistant it agent chatbot claude gpt gemini ki modell modèle ia modelo assistent".split()
        ),
    ),
    (
        "input",
        frozenset(
            "user users me us customer customers client clients human person caller nutzer kunden kunde utilisateur usuario cliente".split()
        ),
    ),
)


def of_the_input_is_cached(scan: Scan) -> bool:
    """ "2k of the input is cached", "1,500 of those tokens come from the cache"."""
    if scan.word != "of" or scan.quantity.unit not in ("", "tokens") or scan.quantity.role:
        return False
    words = [word.text for word in scan.reader.after[scan.at + 1 : scan.at + 8]]
    told = any(word.text.startswith("cach") for word in scan.reader.before[-2:])
    if told and len(words) > 1 and ROLES.get(words[1]) == "input":  # "cache 600 tokens of the prompt"
        scan.skip(2)
        scan.take(unit="tokens", role="cached", done=True)
        return True
    end = next((at for at, word in enumerate(words) if ROLES.get(word) == "cached"), -1)
    if (
        end < 2
        or ROLES.get(words[1]) not in ("input", None)
        or any(word in (",", ".", ";") for word in words[:end])
    ):
        return False
    while scan.word != words[end]:
        scan.skip()
    scan.take(unit="tokens", role="cached", done=True)
    return True


def questions_and_answers(scan: Scan) -> bool:
    """ "800 Q&A pairs"."""
    words = [word.text for word in scan.reader.after[scan.at : scan.at + 3]]
    if words not in (["q", "&", "a"], ["q", "and", "a"]) or scan.quantity.unit:
        return False
    scan.skip(3)
    return True


_FROM_CACHE = frozenset(
    "is are were being come comes hit hits read served taken loaded out from of in the our aus dem vom du del".split()
)


def hits_the_cache(scan: Scan) -> bool:
    """ "3k input where 2k hit the cache", "2k come from the cache", "1k served from cache"."""
    if scan.quantity.role or scan.quantity.unit not in ("", "tokens", "percent"):
        return False
    words = [w.text for w in scan.reader.after[scan.at : scan.at + 6]]
    count = 0
    while count < len(words) and words[count] in _FROM_CACHE:
        count += 1
    if not count or count >= len(words) or words[count] not in ("cache", "cached", "caches"):
        return False
    if words[0] in ("in", "the", "of", "our"):
        return False
    scan.swallow(count)
    scan.take(role="cached", unit=scan.quantity.unit or "tokens", done=True)
    return True


def percent_of_a_side(scan: Scan) -> bool:
    """ "85% are input", "20 percent is output"."""
    if (
        scan.quantity.unit != "percent"
        or scan.quantity.role
        or scan.word not in ("is", "are", "being", "sind", "ist", "est", "sont", "son", "es")
    ):
        return False
    role = ROLES.get(scan.following)
    if role not in ("input", "output"):
        return False
    scan.swallow()
    scan.take(role=role, done=True)
    return True


def are_cached(scan: Scan) -> bool:
    """ "10k are cached", "6k is read from the cache"."""
    if (
        scan.word not in ("is", "are", "were", "being", "come", "comes", "sind", "est", "son")
        or ROLES.get(scan.following) != "cached"
    ):
        return False
    if scan.quantity.unit not in ("", "tokens", "percent") or scan.quantity.role:
        return False
    scan.take()
    scan.take(role="cached")
    return True


def of_it_cached(scan: Scan) -> bool:
    """ "9k of it cached", "6k of which are cached"."""
    if (
        scan.word not in ("of", "davon", "dont")
        or scan.quantity.role
        or scan.quantity.unit not in ("", "tokens", "percent")
    ):
        return False
    words = [w.text for w in scan.reader.after[scan.at : scan.at + 5]]
    skip = (
        2 if words[0] == "of" and words[1:2] and words[1] in ("it", "that", "which", "them", "those") else 1
    )
    if words[0] == "of" and skip == 1:
        return False
    while skip < len(words) and words[skip] in (
        "is",
        "are",
        "being",
        "sind",
        "ist",
        "can",
        "be",
        "sont",
        "est",
    ):
        skip += 1
    if skip >= len(words) or ROLES.get(words[skip]) != "cached":
        return False
    scan.swallow(skip)
    scan.take(role="cached", unit=scan.quantity.unit or "tokens")
    return True


def comes_back(scan: Scan) -> bool:
    """ "1,100 tokens in and 90 back", "get 280 tokens back"."""
    quantity = scan.quantity
    if scan.word not in ("back", "zurück", "retour", "wapas") or quantity.role or quantity.per:
        return False
    if quantity.unit and not quantity.is_size:
        return False
    scan.take(role="output", done=True)
    return True


def from_whom(scan: Scan) -> bool:
    """ "200 tokens from the user, 350 from the bot"."""
    if scan.word not in ("from", "by", "vom", "von", "du", "del") or scan.quantity.role:
        return False
    if scan.quantity.unit and not scan.quantity.is_size:
        return False
    words = [w.text for w in scan.reader.after[scan.at + 1 : scan.at + 3]]
    skip = 1 if words[:1] and words[0] in ("the", "my", "our", "each", "a", "der", "dem", "l'") else 0
    side = words[skip] if len(words) > skip else ""
    if not scan.quantity.unit and scan.word == "by":
        return False
    role = next((role for role, sides in _SIDES if side in sides), "")
    if not role:
        return False
    scan.swallow(skip + 1)
    scan.take(role=role, unit=scan.quantity.unit or "tokens", done=True)
    return True


def fresh(scan: Scan) -> bool:
    """ "500 fresh input tokens", "+ 300 new tokens": input that is not read from the cache."""
    if scan.word not in ("fresh", "uncached", "frische", "frisch") or scan.quantity.role or scan.quantity.per:
        return False
    if scan.quantity.unit and not scan.quantity.is_size:
        return False
    scan.take(role="input", unit=scan.quantity.unit or "tokens")
    while scan.at < len(scan.reader.after) and scan.word in ("input", "prompt", "tokens", "token", "in"):
        scan.swallow()
    scan.done = True
    return True


def back_and_forth(scan: Scan) -> bool:
    """ "9 back and forth turns", "6 back-and-forths"."""
    words = [w.text for w in scan.reader.after[scan.at : scan.at + 3]]
    if scan.quantity.unit or words != ["back", "and", "forth"]:
        return False
    scan.swallow(len(words) - 1)
    scan.take(unit="turns", noun="turns")
    return True


def in_the_response(scan: Scan) -> bool:
    """ "200 tokens in the response": the role stands behind the article."""
    if scan.word != "in" or scan.following not in ("the", "each", "every", "my", "our"):
        return False
    if not scan.quantity.is_size or not scan.reader.role_ahead(scan.at + 2):
        return False
    scan.skip(2)
    return True


def request_of_a_size(scan: Scan) -> bool:
    """ "1k in/1k out calls": what the size is the size of."""
    if scan.quantity.role not in ("input", "output") or scan.quantity.unit:
        return False
    if UNITS.get(scan.word) not in COUNTED or scan.quantity.per:
        return False
    scan.take(unit="tokens", item_noun=scan.word, done=True)
    return True
