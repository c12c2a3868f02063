"""Reads one number's surroundings into a quantity: unit, role, currency, period, what it is per.

Looks a few words to either side and never across another number; each word is used by one number only.
"""

from __future__ import annotations

from bot.parsing.reading.lexicon import (
    ADJECTIVES,
    ADVERB_PERIODS,
    COST_WORDS,
    FILLERS,
    PERIOD_MARKERS,
    PERIODS,
    ROLES,
    STOPWORDS,
    UNITS,
)
from bot.parsing.reading.quantity import COUNTED, CURRENCIES, SIZE_UNITS, Quantity
from bot.parsing.reading.quantity_rates import DAYS_OF_WORK, WORKDAY, RateReader
from bot.parsing.reading.quantity_words import scan_words
from bot.parsing.reading.spans import Word
from knowledge.lazy_dataclass import replace
from knowledge.wording import is_one_slip

_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "₹": "INR"}


_BYTE_FACTORS = {"kb": 10**3, "kilobytes": 10**3, "mb": 10**6, "megabytes": 10**6, "gb": 10**9, "gigabytes": 10**9,
                 "tb": 10**12, "terabytes": 10**12}  # fmt: skip


_COMMON_UNITS = ("requests", "request", "tokens", "messages", "queries", "calls", "prompts", "users", "words", "pages",
                 "documents", "emails", "conversations", "questions", "tickets")  # fmt: skip


_TOKEN_ROLES = frozenset(["input", "output", "cached"])
_BASIS_MARKERS = frozenset(["per", "pro", "par", "por", "je", "le", "el", "au", "al"])


_LEFT_OUTPUT = frozenset(
    "summary summaries zusammenfassung résumé resumen translation reply review report".split()
)
"""Things that are written, where they stand before their length ("a summary of 200 words")."""


SENDERS = frozenset(
    """
    bots teams apps services sites departments stores shops offices branches locations schools clinics hospitals regions countries
    restaurants hotels websites tenants companies businesses households classrooms classes warehouses plants factories banks
    filialen abteilungen standorte büros praxen schulen kliniken läden geschäfte betriebe werke firmen niederlassungen
    agences magasins bureaux écoles cliniques succursales entreprises oficinas tiendas sucursales escuelas clínicas empresas
    """.split()
)
"""What sends requests itself, and is not sent."""


_EACH_FOLLOWS = frozenset(["each", "who", "mit", "à", "de", "con", "die", "qui", "que", ","])
_NOUN_ENDS = _EACH_FOLLOWS | {";", ".", ":", "@", "into", "through", "at", "with", "of", "von", "avec", "that", "x", "*", "and", "(", "write", "ask", "send"}  # fmt: skip
"""What stands behind the noun that a number counts, where no table knows the noun."""


_LINKS = frozenset(
    """
    have has had get gets got need needs contain contains average averages come comes take takes use uses become becomes were was
    be will would haben hat hätten brauchen sind font fait ont auront tienen tiene tuvieran son sean
    """.split()
)
"""Verbs between a role and its number ("if replies have 800 tokens")."""


def role_named(word: str) -> str:
    """The role that a word names, also inside a field's name ("avg_prompt_tokens")."""
    if word in ROLES:
        return ROLES[word]
    if "_" not in word:
        return ""
    return next(
        (ROLES[part] for part in word.split("_") if part in ROLES and part not in ("in", "out", "total")), ""
    )


class Reader(RateReader):
    """Reads the surroundings of one number."""

    def read(self) -> Quantity:
        number = self.number
        quantity = Quantity(
            start=number.start,
            end=number.end,
            value=number.value,
            high=number.high,
            scale=number.scale,
            suffix=number.suffix,
            negative=number.negative,
        )
        quantity = self._negated(self._currency_before(quantity))
        quantity, at = self._unit_and_role(quantity)
        quantity = self._role_before(quantity)
        quantity, at = self.read_rate(quantity, at)
        if not quantity.unit and not quantity.role and quantity.per and at < len(self.after):
            unit = UNITS.get(self.after[at].text)
            if unit in COUNTED and unit != "users":  # "20k/mo requests"
                quantity = replace(quantity, unit=unit, noun=self.after[at].text)
                at = self.take(at)
        if self.start != quantity.start or self.end > quantity.end:
            quantity = replace(quantity, start=self.start, end=max(self.end, quantity.end))
        names_tokens = quantity.unit == "tokens" or (not quantity.unit and quantity.role in _TOKEN_ROLES)
        if names_tokens and self._is_basis():
            quantity = replace(quantity, unit="tokens", per_thing="basis")
        elif quantity.unit in ("pages", "characters") and self.number.value > 1 and self._is_basis():
            quantity = replace(quantity, per_thing="basis")
        elif quantity.unit in ("tokens", "") and quantity.per is None and self._is_threshold():
            quantity = replace(quantity, unit="tokens", per_thing="threshold")
        return self._settle(quantity)

    def _is_basis(self) -> bool:
        """ "price per 1M tokens", "$/1M": what a rate is quoted for, no volume."""
        before = self.before[-1].text if self.before else ""
        if (
            before == "/"
            and len(self.before) > 1
            and self.before[-2].text in ("$", "€", "£", "usd", "eur", "price", "cost")
        ):
            return self.number.value in (1, 1000, 10**6)
        return before in _BASIS_MARKERS and self.number.value in (1, 1000, 10**6)

    def _is_threshold(self) -> bool:
        """ "Above 200k tokens": where a price changes, no volume."""
        before = self.before[-1].text if self.before else ""
        return (
            before in ("above", "over", "beyond", "past", "exceeding", "über", "más", ">")
            and self.number.value >= 32_000
        )

    def _currency_before(self, quantity: Quantity) -> Quantity:
        if self.before and self.before[-1].text in _SIGNS and self.before[-1].end >= self.number.start - 1:
            self.start = self.before[-1].start
            return replace(quantity, unit="money", currency=_SIGNS[self.before[-1].text])
        if self.before and UNITS.get(self.before[-1].text) in ("usd", "eur", "gbp", "inr"):
            self.start = self.before[-1].start
            return replace(quantity, unit="money", currency=CURRENCIES[UNITS[self.before[-1].text]])
        return quantity

    def _negated(self, quantity: Quantity) -> Quantity:
        """ "minus 40 requests", "-$20"."""
        before = [w for w in self.before if w.text not in _SIGNS]
        if not before:
            return quantity
        sign = before[-1]
        apart = sign.start == 0 or self.text[sign.start - 1] in " (,:="
        if sign.text in ("minus", "negative") or (
            sign.text == "-" and apart and self.text[sign.end] in _SIGNS
        ):
            self.start = min(self.start, sign.start)
            return replace(quantity, negative=True)
        return quantity

    def _unit_and_role(self, quantity: Quantity) -> tuple[Quantity, int]:
        """What the number counts and its role, from the words behind it; else from a slip, an unknown noun or a label."""
        quantity, at = scan_words(self, quantity)
        each_of = [w.text for w in self.before[-2:]] == ["each", "of"]
        if each_of and not quantity.role and (not quantity.unit or quantity.noun in SENDERS):
            if not quantity.unit and self.after:
                at = self.take(0)
            return replace(quantity, unit="users"), at  # "each of 3 shops handles 700 …"
        if quantity.unit or quantity.role:
            return quantity, at
        quantity, at = self._misspelt(quantity)
        if not quantity.unit:
            quantity, at = self._unknown_noun(quantity)
        return (quantity, at) if quantity.unit else (self._labelled(quantity), at)

    def _misspelt(self, quantity: Quantity) -> tuple[Quantity, int]:
        """ "7500 requets": one slip away from a common unit."""
        for at, word in enumerate(self.after[:2]):
            if (
                len(word.text) >= 5
                and word.text.isalpha()
                and word.text not in STOPWORDS
                and word.text not in ADJECTIVES
            ):
                for unit in _COMMON_UNITS:
                    if is_one_slip(word.text, unit):
                        self.take(at)
                        return replace(quantity, unit=UNITS[unit], noun=unit), at + 1
        return quantity, 0

    def _listed_label(self, words: list[Word]) -> Word | None:
        """ "requests 1,204,551; input tokens 843,185": a list of names and numbers, without colons."""
        if not words or UNITS.get(words[-1].text) not in COUNTED or not words[-1].text.endswith("s"):
            return None
        first = len(words) == 1 or words[-2].text in (",", ";", ":", "(", "|", "total")
        closed = not self.after or self.after[0].text in (",", ";", ")", ".", "|")
        return words[-1] if first and closed and words[-1].start not in self.consumed else None

    def _labelled(self, quantity: Quantity) -> Quantity:
        """ "requests per day: 250": the unit stands in a label before the number."""
        if self.before and self.before[-1].text in ("mau", "dau", "maus", "daus"):
            self.start = self.before[-1].start
            return replace(quantity, unit="users", noun=self.before[-1].text)
        if (self.after and self.after[0].text == "\0model") or self.number.suffix == "b":
            return quantity  # "training run: 13B dense" is a model's size
        words = [w for w in self.before if w.text not in ("|", "*", "-", "_")]
        if (named := self._listed_label(words)) is not None:
            self.start = min(self.start, named.start)
            return replace(quantity, unit=UNITS[named.text], noun=named.text)
        if not words or (words[-1].text not in (":", "=") and len(words) == len(self.before)):
            return quantity
        behind = max((at for at, w in enumerate(words) if w.text == "\0model"), default=-1)
        label = [w for w in words[behind + 1 :] if w.text[0].isalnum()][-4:]
        if label and role_named(label[-1].text):
            return quantity
        label = [w for w in label if w.start not in self.consumed]
        for word, name in ((w, part) for w in label for part in w.text.split("_")):
            unit = UNITS.get(name)
            if unit in COUNTED and not quantity.unit:
                self.start = min(self.start, word.start)
                quantity = replace(quantity, unit=unit, noun=name)
            elif quantity.unit and name in PERIODS:
                quantity = replace(quantity, per=PERIODS[name])
        return quantity

    def _unknown_noun(self, quantity: Quantity) -> tuple[Quantity, int]:
        """A thing that no table knows, counted per period ("300 onboarding kits a week"): something that is sent once each.

        Without a period the noun is only noted; whether it counts requests depends on what else the text counts.
        """
        words = [w.text for w in self.after]
        skipped = 1 if words[:1] and words[0] in ("de", "d'") and self.number.scale > 1 else 0
        for at in range(skipped, min(3 + skipped, len(words))):
            word = words[at]
            if not word.isalpha() or word in STOPWORDS or word in PERIODS or word in COST_WORDS:
                break
            following = words[at + 1] if at + 1 < len(words) else ""
            after = words[at + 2] if at + 2 < len(words) else ""
            if len(word) > 2 and (
                following in ADVERB_PERIODS
                or (
                    following in PERIOD_MARKERS
                    and (after in PERIODS or after in WORKDAY or after in DAYS_OF_WORK)
                )
            ):
                self.take(at)
                return replace(quantity, unit="items", noun=word), at + 1
            if (
                at == 0
                and len(word) > 3
                and (self.language == "de" or word.endswith("s") or following in _EACH_FOLLOWS)
                and (self.language == "de" or not following or following in _NOUN_ENDS)
            ):
                return replace(quantity, noun=word), 0
        return quantity, 0

    def role_fits(self, quantity: Quantity, at: int, role: str) -> bool:
        """Whether a role word behind the number belongs to it, and not to the number that follows."""
        if quantity.unit and quantity.unit not in SIZE_UNITS and quantity.unit != "percent":
            return False
        word = self.after[at].text
        following = self.after[at + 1] if at + 1 < len(self.after) else None
        if word == "in" and following is not None and following.text in _MONTHS:
            return False  # "14k requests in Jan, 17k in Feb"
        if word == "in" and following is not None:
            if following.text in ("the", "each", "every", "my", "our", "a", "an", "\0model", "total"):
                return False
            if (
                following.text in ROLES
                and ROLES[following.text] == "output"
                and following.text != "out"
                and self.next_is_number(at + 2)
            ):
                return False
        if word in ("in", "out") or not self.next_is_number(at + 1):
            return True
        left = self.left_role()
        return left is None or left.start in self.consumed

    def role_ahead(self, at: int) -> str:
        for word in self.after[at : at + 3]:
            if word.text in ROLES:
                return ROLES[word.text]
        return ""

    def next_is_number(self, at: int) -> bool:
        """Whether nothing but joints stands between the word before `at` and the next number."""
        rest = [w.text for w in self.after[at:]]
        return all(
            w in FILLERS or w in ("tokens", "token", ":", "=") for w in rest
        ) and self.next_number < len(self.text)

    def left_role(self) -> Word | None:
        for word in reversed(self.before):
            if role_named(word.text) and word.text not in ("in", "out", "sent", "read"):
                return word
            if word.text in ("review", "report") and self.text[word.end : word.end + 1] == ":":
                return None  # the heading of a task
            if word.text in _LEFT_OUTPUT:
                at = self.before.index(word)
                each = at > 0 and self.before[at - 1].text in _OF_EACH
                return None if each else word  # "each review 80 words" is about what is read
            if (
                word.text in FILLERS
                or UNITS.get(word.text) == "tokens"
                or word.text in ("|", "*")
                or word.text in ("-", "'", '"', "length", "count", "size", "into", "a", "an")
                or word.text in _LINKS
            ):
                continue
            return None
        return None

    def _role_before(self, quantity: Quantity) -> Quantity:
        if quantity.unit not in ("", "percent") and not quantity.is_size:
            return quantity
        if self.after and UNITS.get(self.after[0].text) == "times":
            return quantity  # "if prompts were 3x as long"
        if self.before and self.before[-1].text in (":", "="):  # "in: 500, out: 200"
            label = self.before[-2].text if len(self.before) > 1 else ""
            if label in ("in", "out"):
                return self._with_left_role(quantity, self.before[-2])
        left = self.left_role()
        if quantity.role == "total" and left is not None and role_named(left.text) in ("input", "output"):
            return self._with_left_role(quantity, left)  # "input 1M tokens total"
        if left is not None and left.start not in self.consumed and self._left_wins(quantity, left):
            return self._with_left_role(quantity, left)
        nearest = self.before[-1].text if self.before else ""
        if (
            not quantity.role
            and quantity.is_size
            and nearest in ("into", "to")
            and any(w.text in _SHORTENING for w in self.before)
        ):
            return replace(quantity, role="output")
        if not quantity.role and quantity.per is None and (quantity.is_size or not quantity.unit):
            verb = next((w.text for w in reversed(self.before) if w.text not in FILLERS), "")
            if verb in _SENDS and quantity.is_size:
                return replace(quantity, role="input")
            sentence = self.text[max(0, self.number.start - 60) : self.number.start].split()
            if verb in _GETS and (quantity.is_size or not _SENDS.isdisjoint(sentence)):
                return replace(quantity, role="output")
        if not quantity.role and quantity.is_size and nearest == "into":
            return replace(quantity, role="output")
        return quantity

    def _left_wins(self, quantity: Quantity, left: Word) -> bool:
        """A label before the number ("output: 200") wins unless the number has a role of its own behind it."""
        if not quantity.role:
            return True
        between = self.text[left.end : self.number.start].strip()
        return (
            between in (":", "=", "")
            and quantity.role != (role_named(left.text) or "output")
            and self._role_is_next_label(quantity)
        )

    def _role_is_next_label(self, quantity: Quantity) -> bool:
        taken = [w for w in self.after if w.start in self.consumed and w.text in ROLES]
        if taken and self.next_is_number(self.after.index(taken[-1]) + 1):
            self.consumed.discard(taken[-1].start)
            return True
        return False

    def _with_left_role(self, quantity: Quantity, word: Word) -> Quantity:
        self.consumed.add(word.start)
        self.start = min(self.start, word.start)
        return replace(quantity, role=role_named(word.text) or "output")

    def _settle(self, quantity: Quantity) -> Quantity:
        """Resolve what only the unit can tell: "10.000 requests", "6.7 GB", "2 mtok", "500 in" (tokens)."""
        countable = quantity.unit in (*COUNTED, "tokens", "words", "characters", "pages")
        sized = not quantity.unit and quantity.role in ("input", "output", "cached")
        money = (quantity.unit == "money" or (quantity.noun and not quantity.unit)) and self.language in (
            "de",
            "es",
            "fr",
        )
        european = self.language in ("de", "es", "fr")
        bare = not quantity.unit and (
            european or self.text[self.number.start : self.number.end].endswith(".000")
        )
        if self.number.grouped_by_dot and (countable or sized or money or bare):
            quantity = replace(quantity, value=quantity.value * 1000)
        if quantity.unit == "bytes":
            return replace(quantity, value=quantity.value * _BYTE_FACTORS.get(quantity.noun, 1))
        if quantity.noun == "mtok":
            return replace(quantity, value=quantity.value * 10**6)
        if quantity.noun == "ktok":
            return replace(quantity, value=quantity.value * 1000)
        return quantity


_SENDS = frozenset(
    "send sends sending feed feeds schicke schicken sende senden envoie envoyons envoyer envío enviamos mando".split()
)
_GETS = frozenset(
    "get gets getting receive receives receiving back bekomme bekommen erhalte erhalten kriege reçois recevons recibo recibimos".split()
)
"""What somebody sends goes in, what they get comes out."""


_OF_EACH = frozenset("each every per har je chaque cada pro avg average typical mean ø".split())
_MONTHS = frozenset(
    """
    jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october nov november dec
    december januar februar märz mai juni juli oktober dezember janvier février mars avril juin juillet août septembre octobre
    novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    """.split()
)


_SHORTENING = frozenset(
    """
    summarise summarize summarised summarized summarising summarizing summary condense condensed shorten shortened compress compressed
    boil down
    """.split()
)
