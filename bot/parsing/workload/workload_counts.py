"""How often: requests, users and what each sends, conversations and their turns, multipliers, periods."""

from __future__ import annotations

import itertools
import re
from decimal import Decimal

from bot.parsing.reading.quantity import Quantity
from bot.parsing.reading.spans import LazyPattern
from bot.parsing.workload.workload_draft import WorkloadDraft
from bot.questions import Period
from knowledge.lazy_dataclass import replace

_PER_USER_WORDS = LazyPattern(
    r"\beach\b|\bevery(?:one|body)\b|\bevery (?:user|person|customer|employee|student|one)\b|\bthey all\b|\bper (?:user|person|head|seat|customer|employee)\b|\bapiece\b|\bje\b|\bjede[rsn]?\b|\bpro (?:nutzer|kunde|mitarbeiter|person|kopf)\w*|\bhar (?:ek |user|customer|banda|student|employee)|\bchaque\b|\bchacun\b|\bcada uno\b|\bevery one\b"
)


_ACTIVE: dict[str, Period] = {"dau": "day", "daus": "day", "mau": "month", "maus": "month"}
"""Daily and monthly active users: what each sends is per that period."""


_SINGLE_USE = Decimal(1000)
"""Counts beside a number of users that are below this (or below the users) are read as what one user does."""


_SEARCH_NOUNS = frozenset(["search", "searches", "websearch", "websearches", "lookup", "lookups"])
_ONE_SEARCH = LazyPattern(
    r"\b(?:an?|one|single) (?:web )?search(?:es)? (?:each|per|apiece|every|for (?:each|every))\b"
)
_FAR_MORE = 12
"""So many times their number is what people send together, unless it is said to be each one's."""
_SENDING = LazyPattern(
    r"\b(?:who|that|they|sending|asking|doing|making|writing|using|send|ask|write|make|die|welche|stellen|senden|schreiben|qui|que|jo|envoient|posent|hacen|envían|×|x)\b|[*×/@]"
)
_TOTAL_OF_ALL = LazyPattern(
    r"\b(?:we|our team|the team|it|there are|wir|es gibt|on|nous|nos|tenemos|hum)\b[^.;]{0,24}\b(?:get|gets|receive|receives|process|handle|handles|have|see|do|run|runs|bekommen|erhalten|haben|verarbeiten|reçoit|recevons|traitons|recibimos|procesamos)\b[^.;]*$"
)
_CALLS = frozenset(
    """
    call calls request requests req reqs api-call api-calls inference inferences invocation invocations completions completion
    generation generations anfrage anfragen aufruf aufrufe requête requêtes appel appels petición peticiones llamada llamadas
    """.split()
)
"""What is sent several times in a conversation without being a turn of it: each is a request of its own."""


_MULTIPLIED = frozenset(
    ["steps", "step", "samples", "iterations", "attempts", "passes", "variants", "rounds", "tries", "retries"]
)
"""Things that happen several times within each of something else."""


_ONE_IN = LazyPattern(
    r"\b([1-9]) (?:in|of|out of|von) (?:every )?(\d{1,2}) (?:of )?(?:(?:our|my|the|all|those|unseren|den) )*$"
)
_OF_THE = LazyPattern(
    r"^\s*(?:of|von|de|des|out of)\s+(?:(?:our|my|the|all|those|unseren|den|nos|mes|nuestros) )*$"
)
_TAKES_PART = LazyPattern(
    r"\b(?:use[sd]?|using|active|adopt\w*|engage\w*|try|tries|participat\w*|opt in|ask|asks|chat|interact\w*|of (?:them|those|these|whom)|nutzen|nutzt|aktiv|davon|utilisent|actifs|usan|activos|use karte)\b"
)
_SCALES = LazyPattern(
    r"^\s*(?:cheaper|more|less|as|the|longer|shorter|bigger|smaller|better|faster|price|cost|expensive|so|higher|lower|that|this)\b"
)
_HISTORY = LazyPattern(
    r"\b(?:whole|full|entire|complete|all|past|previous|chat|conversation|message) (?:conversation |chat |message )?(?:history|context|conversation|messages|transcript)\b"
    r"|\bhistory\b[^.;?!]{0,20}\b(?:re-?sent|sent|included|attached|carried|every)|\bresend|\bre-sent\b|\bverlauf\b|\bhistorique\b|\bhistorial\b"
)
_CHATS_OF = LazyPattern(
    r"\b(?:chats?|conversations?|sessions?|dialog(?:ue)?s?|threads?|unterhaltung(?:en)?|gespräche?n?|discussions?|conversacion(?:es)?|conversación)"
    r" (?:of|with|at|having|mit|zu|à|a|de|avec|con)(?: je| about| around| roughly| up to)? \d"
)
"""What stands before the number of a conversation's messages, however many conversations there are."""
_NO_HISTORY = LazyPattern(
    r"\b(?:no|without|not|isn'?t|aren'?t|don'?t|doesn'?t|never|ohne|kein|keine|sans|sin|pas d')\b[^.;,?!]{0,24}\b(?:history|re-?sent|resend\w*|context carried|memory|verlauf|historique|historial)\b"
    r"|\bhistory\b[^.;,?!]{0,12}\b(?:not|never|isn'?t|off|nicht)\b|\bstateless\b|\bindependent(?:ly)?\b|\bunabhängig\b"
)


_TOGETHER = LazyPattern(
    r"\b(?:both|total|altogether|together|combined|in all|all of them|all with|insgesamt|zusammen|beide|au total|en tout|ensemble|en total|juntos|dono)\b"
)
_LISTED = LazyPattern(r"^\s*(?:(?:in|im|en|for) \w+)?\s*(?:,|,? ?(?:and|plus|\+|&|und|et|y|aur))\s*$")


def _how_often(counts: list[Quantity]) -> Quantity | None:
    """Of several counts the one that is a rate; else the one of calls ("calls for 500 tickets"); else the largest."""
    if not counts:
        return None
    if len(counts) == 2 and counts[1].unit == "requests" and counts[0].unit == "items" and not counts[0].per:
        first, second = counts
        if first.value != 1 and second.value < first.value and not second.per:
            return replace(second, value=first.value * second.value)
    rates = [q for q in counts if q.per is not None]
    return max(rates, key=lambda q: q.start) if rates else max(counts, key=lambda q: q.value)


class CountsReader(WorkloadDraft):
    """Reads how often something is sent."""

    _has_conversations = False

    def read_counts(self) -> None:
        counted = [q for q in self.quantities if q.counts_requests or self._bare_count(q)]
        counted = self._web_searches(counted)
        users = next((q for q in self.quantities if q.unit == "users"), None)
        conversations = next((q for q in self.quantities if q.unit == "conversations"), None)
        turns = next((q for q in self.quantities if q.unit == "turns"), None)
        if users is not None:
            counted = self._per_user(users, counted, conversations)
        if conversations is not None or turns is not None or self._sends_history(counted):
            counted = self._conversations(conversations, turns, counted, bool(users))
        self._requests(counted)
        self._periods()

    def _web_searches(self, counted: list[Quantity]) -> list[Quantity]:
        """ "10k requests with 2 web searches each": searches have a price of their own; alone they are all that is sent."""
        if not self.annotation.has("web_search"):
            return counted
        searches = next((q for q in counted if q.noun in _SEARCH_NOUNS), None)
        if searches is None:
            if counted and _ONE_SEARCH.search(self.annotation.folded):
                self._set(web_searches=Decimal(1))
            return counted
        others = [q for q in counted if q is not searches]
        users = any(q.unit in ("users", "conversations") for q in self.quantities)
        of_each = bool(others) or users or searches.per_thing in ("each", "item")
        if of_each or any(q.is_size or q.role in ("input", "output") for q in self.quantities):
            self._set(web_searches=searches.value)
            return others
        self._set(web_searches=Decimal(1))
        return counted

    def _bare_count(self, quantity: Quantity) -> bool:
        """ "10k/day" beside sizes, or "10k a day": something that happens so often."""
        if quantity.noun == "times" and quantity.value > 1 and not quantity.per:
            behind = self.annotation.folded[quantity.end : quantity.end + 12]
            return not _SCALES.search(behind) and any(q.is_size for q in self.quantities)
        return (
            quantity.unit in ("", "times")
            and not quantity.role
            and quantity.per is not None
            and quantity.per_thing in ("", "user", "each")
        )

    def _per_user(
        self, users: Quantity, counted: list[Quantity], conversations: Quantity | None
    ) -> list[Quantity]:
        if self._only_people(users, counted, conversations):
            self.annotation.beside.append(users)
            return counted
        self._set(users=users.value * self._share_of_users(users))
        rest: list[Quantity] = []
        for quantity in [*counted, *([conversations] if conversations else [])]:
            clause = self.annotation.clause(quantity)
            explicit = (
                quantity.per_thing in ("user", "each")
                or users.per_thing == "each"
                or bool(_PER_USER_WORDS.search(clause))
            )
            small = quantity.value < _SINGLE_USE or quantity.value < users.value
            taken = self.workload.requests_per_user is not None
            if not taken and quantity.per_thing not in ("item", "conversation") and (explicit or small):
                period = quantity.per or users.per or self.annotation.loose_period
                self._set(requests_per_user=quantity.value, requests_per_user_per=period)
            elif quantity is not conversations:
                rest.append(quantity)
        if self.workload.requests_per_user is not None and self.workload.requests_per_user_per is None:
            self._set(requests_per_user_per=_ACTIVE.get(users.noun))
        if self.workload.requests_per_user is None and users.per is not None and not rest:
            self._set(requests_per_user=Decimal(1), requests_per_user_per=users.per)
        return rest

    def _only_people(self, users: Quantity, counted: list[Quantity], conversations: Quantity | None) -> bool:
        """ "We are 14 people and have 220 meetings a week": a head count beside the total of what is sent."""
        counts = [*counted, *([conversations] if conversations else [])]
        folded = self.annotation.folded
        if len(counts) != 1 or users.per or users.per_thing or users.noun in _ACTIVE:
            return False
        [count] = counts
        if count.per_thing or count.start < users.end or count.per is None:
            return False
        between = folded[users.end : count.start]
        if _PER_USER_WORDS.search(folded) or _SENDING.search(between):
            return False
        return bool(_TOTAL_OF_ALL.search(between)) or count.value >= _FAR_MORE * users.value

    def _sends_history(self, counted: list[Quantity]) -> bool:
        """Whether the counted messages are turns of one conversation: "6 messages, the whole history is sent again"."""
        folded = self.annotation.folded
        if _NO_HISTORY.search(folded) or not (_HISTORY.search(folded) or _CHATS_OF.search(folded)):
            return False
        messages = [q for q in counted if q.unit == "messages" and q.per is None]
        others = [q for q in counted if q not in messages]
        if len(messages) != 1 or self.workload.users is not None:
            return False
        if not others:
            self._set(requests=Decimal(1))
        return True

    def _share_of_users(self, users: Quantity) -> Decimal:
        """ "1 million users, 3% use it daily": the part of them that sends anything."""
        ahead = self.annotation.folded[: users.start]
        worded = _ONE_IN.search(ahead)
        if worded is not None:
            return Decimal(worded.group(1)) / Decimal(worded.group(2))
        for quantity in self.quantities:
            if quantity.unit == "percent" and _OF_THE.search(
                self.annotation.folded[quantity.end : users.start]
            ):
                return quantity.value / 100  # "20% of our 200k visitors"
            if quantity.unit == "percent" and quantity.start > users.end and not quantity.role:
                clause = self.annotation.clause(quantity)
                if _TAKES_PART.search(clause) and "cach" not in clause and "batch" not in clause:
                    return quantity.value / 100
        return Decimal(1)

    def _conversations(
        self, conversations: Quantity | None, turns: Quantity | None, counted: list[Quantity], has_users: bool
    ) -> list[Quantity]:
        """Conversations are the requests; their messages are turns, each of which sends the history again."""
        if turns is None:
            turns = next(
                (q for q in counted if q.unit == "messages" and q.per_thing in ("", "conversation", "each")),
                None,
            )
            if turns is None:
                turns = next(
                    (q for q in counted if q.per_thing == "conversation" and q.noun not in _CALLS), None
                )
        if (
            turns is not None
            and conversations is None
            and turns.unit == "turns"
            and not counted
            and not has_users
        ):
            self._set(requests=Decimal(1))
        if turns is not None:
            counted = [q for q in counted if q is not turns]
            if _NO_HISTORY.search(self.annotation.folded):
                return self._independent(turns, conversations, counted)
            self._set(turns=turns.value)
        if conversations is not None and self.workload.requests_per_user is None:
            self._has_conversations = True
            self._set(requests=conversations.value, requests_per=conversations.per)
            if turns is not None and turns.per and conversations.per is None:
                self._set(requests_per=turns.per)
        return counted

    def _independent(
        self, turns: Quantity, conversations: Quantity | None, counted: list[Quantity]
    ) -> list[Quantity]:
        """Turns that do not send the history again are requests of their own."""
        if conversations is not None:
            self._set(requests=conversations.value * turns.value, requests_per=conversations.per or turns.per)
            return counted
        main = _how_often(counted)
        if main is None:
            self._set(requests=turns.value, requests_per=turns.per)
            return counted
        return [replace(main, value=main.value * turns.value)]

    def _requests(self, counted: list[Quantity]) -> None:
        """The count that says how often, times those that stand for each of it ("3 prompts per document")."""
        factor = Decimal(1)
        mains: list[Quantity] = []
        for quantity in counted:
            multiplies = (
                quantity.per_thing in ("item", "conversation")
                or (quantity.noun in _MULTIPLIED and quantity.per is None and self._repeats())
                or (
                    quantity.per_thing == "each"
                    and not quantity.per
                    and (bool(mains) or self._has_conversations)
                )
            )
            if multiplies and (len(counted) > 1 or self._has_conversations):
                factor *= quantity.value
            else:
                mains.append(quantity)
        mains = self._added_up(mains)
        main = _how_often(mains)
        if self.workload.requests is not None and self._has_conversations:
            each = factor * (main.value if main is not None and main.per_thing == "conversation" else 1)
            self._set(requests=self.workload.requests * each)
            return
        if main is not None and self.workload.requests is None and self.workload.requests_per_user is None:
            self._set(requests=main.value * factor, requests_per=main.per)
        elif (
            main is not None
            and self.workload.requests_per_user is not None
            and main.per_thing in ("item", "user", "each")
        ):
            self._set(requests_per_user=self.workload.requests_per_user * main.value)

    def _added_up(self, mains: list[Quantity]) -> list[Quantity]:
        """ "1200 emails, 300 letters and 450 tickets a day": what is listed is added up."""
        if len(mains) < 2 or any(q.per_thing or q.high is not None for q in mains):
            return mains
        ordered = sorted(mains, key=lambda q: q.start)
        nouns = {q.noun for q in ordered}
        periods = {q.per for q in ordered if q.per is not None}
        joints = [self.annotation.folded[one.end : other.start] for one, other in itertools.pairwise(ordered)]
        listed = all(_LISTED.search(joint) for joint in joints)
        if len(periods) > 1:
            return mains
        same = len(nouns) == 1 and len(periods) == 1 and all(q.per for q in ordered)
        together = same and _TOGETHER.search(self.annotation.folded) is not None
        if not together and (len(nouns) < len(ordered) or not listed):
            return mains
        period = next(iter(periods), None)
        return [replace(ordered[-1], value=sum((q.value for q in ordered), Decimal(0)), per=period)]

    def _repeats(self) -> bool:
        """Whether steps or samples are said to be each of a certain size, and so to multiply the calls."""
        return bool(
            re.search(
                r"\b(?:every|each|per) (?:step|sample|iteration|attempt|pass|variant|round|try|retry)\b|=\s*\d+ (?:\w+ )?steps?\b|samples? each\b",
                self.annotation.folded,
            )
        )

    def _periods(self) -> None:
        """A period that stands behind a size ("500 in, 200 out per day") or apart belongs to the requests when they have none."""
        workload = self.workload
        if workload.requests is not None and workload.requests_per is None:
            from_sizes = next(
                (q.per for q in self.quantities if (q.is_size or q.unit == "languages") and q.per), None
            )
            self._set(requests_per=from_sizes or self.annotation.loose_period)
        if workload.requests_per_user is not None and workload.requests_per_user_per is None:
            self._set(requests_per_user_per=self.annotation.loose_period)
        stated = self.annotation.working_days
        if stated is not None:
            self._set(days_per=stated)
        elif any(q.workdays for q in self.quantities) or self.annotation.has("workdays"):
            self._set(workdays_only=True)
