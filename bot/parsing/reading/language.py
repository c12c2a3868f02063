"""Which language a question is in, from its commonest words; enough to read numbers and to know when to ask for English."""

from __future__ import annotations

import re
from typing import Literal

Language = Literal["en", "de", "fr", "es", "hi", "other"]

_MARKERS: dict[Language, frozenset[str]] = {
    "de": frozenset(
        """
    und der die das wie viel viele kostet kosten koste pro tag monat jahr mit für fuer ein eine bei wenn ist sind anfragen
    ich wir nutzer wieviel wieviele preis günstigste guenstigste billigste am im täglich monatlich jährlich verlust hat
    gemacht gekostet ausgegeben den dem des zu bei nicht auch nur kein jeder jede jeden jeweils uns unser unsere hat haben zwei drei vier noch bitte teuer wörter seiten zeichen gegen oder zwischen unterschied von auf welches modell günstiger
    """.split()
    ),
    "fr": frozenset(
        """
    combien coûte coute coûtent pour avec par jour mois le la les des et est requêtes requetes prix moins cher chère
    modèle modele nous vous avons ai notre nos qui dans sur ou est-ce sont deux trois quatre cinq dix cette ça dépensé mensuel quel quelle entre utilisateurs mots entrée sortie du au aux une jetons perdu an
    """.split()
    ),
    "es": frozenset(
        """
    cuánto cuanto cuesta cuestan por día dia mes con para el los las y peticiones solicitudes precio más mas barato modelo
    cuál cual vale pena usar o dos tres cuatro cinco tengo tenemos tiene nuestro nuestra cuántos cuantos cuántas cuantas sobre puedo cómo como hacer mil diarios mensual entre usuarios palabras entrada salida del al una qué que costaría costaria perdió año
    """.split()
    ),
    "hi": frozenset(
        """
    kitna kitne kitni hai hain ka ki ke kharcha kharch mahine mahina din roz lagega lagenge hoga hogi mein aur kya sabse
    sasta saste wala chahiye karna karu karun karein toh agar mujhe humne hum bhai apna pe har lagta bachega kitni sakta sakte raha karta bhejta kiya kharcha paisa paise batao rupaye kaun konsa
    """.split()
    ),
}
_ANY_MARKER = frozenset().union(*_MARKERS.values())
_COMMON_IN_ENGLISH = frozenset(
    """
    die par an a am on que des ki et con y est auf du mit pour
    """.split()
)
_ENGLISH = frozenset(
    """
    the is are of for and with how much what per day month cost price i we you to in my our it does do would which from
    """.split()
)
_WORD = re.compile(r"[^\W\d_]+")


def detect(text: str) -> Language:
    """The language of `text` (lower case): English unless another one has more of its common words; `other` for other scripts."""
    words = _WORD.findall(text)
    if not words:
        return "en"
    if not text.isascii():
        letters = [c for c in text if c.isalpha()]
        if 2 * sum(1 for c in letters if ord(c) > 0x24F) >= len(letters):
            return "other"
    if _ANY_MARKER.isdisjoint(words):
        return "en"
    scores = dict.fromkeys(_MARKERS, 0.0)
    for word in words:
        if word in _ANY_MARKER:
            for language, markers in _MARKERS.items():
                if word in markers:
                    scores[language] += 0.5 if word in _COMMON_IN_ENGLISH else 1.0
    best = max(scores, key=lambda language: scores[language])
    if scores[best] >= 1 and scores[best] > sum(1 for word in words if word in _ENGLISH):
        return best
    return "en"
