"""The ordinary words that decide whether something in a sentence is a model's name: what may stand before, after and between."""

from __future__ import annotations

from knowledge.reading import PREPOSITIONS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STRONG_ANCHORS = _words(
    """
    claude chatgpt gpt gemini gemma llama codellama mistral mixtral ministral magistral codestral devstral pixtral voxtral
    deepseek grok kimi moonshot glm minimax qwen qwq nemotron mimo hunyuan ernie jamba palmyra pplx davinci wizardlm
    sonnet haiku codex whisper
    """
)
"""Words that alone name a model, whatever stands around them."""

MISSPELT = _words(
    "claude chatgpt gemini deepseek sonnet mistral mixtral haiku llama codestral minimax nemotron grok qwen kimi opus"
)
"""Anchors that are recognised one letter off; those of four letters only before a number."""

MISSPELT_TIERS = _words(
    "opus sonnet haiku turbo flash mini nano lite large medium small maverick scout reasoner coder instruct"
)
"""Words after a line's name that are recognised one letter off."""

SEMI_ANCHORS = _words(
    "opus fable mythos command nova phi titan sonar muse maverick scout ada embedding granite inkling hermes tts olmo aya"
)
"""Words that name a model together with another part of its name ("nova pro")."""

AFTER_QUANTITY = _words(
    """
    minute minutes min mins hour hours day days week weeks month months year years second seconds sec tage tag wochen monate jahre
    stunden jours semaines mois días semanas meses
    million millions mio mill mln billion billions bn mrd thousand thousands tsd k m b hundred hundreds dozen trillion
    lakh lakhs crore crores percent pct usd eur gbp dollar dollars bucks cent cents euro euros millionen milliarden
    tausend mil mille millones milliards x times gb mb kb tb gigabyte gigabytes megabyte megabytes
    """
)
"""After a number these make it a quantity, never a version."""

AFTER_COUNT = _words(
    """
    request requests req reqs call calls query queries message messages msg msgs token tokens tok toks word words page
    pages user users customer customers chat chats conversation conversations prompt prompts document documents doc docs
    file files email emails image images minute minutes min mins hour hours h day days week weeks month months year years
    second seconds sec turn turns run runs job jobs task tasks character characters char chars answer answers completion
    completions generation generations input output in out rpm tpm session sessions ticket tickets agent agents developer
    developers dev devs people person employee employees per each a every anfragen anfrage nachrichten nachricht tage tag
    nutzer seiten seite wörter aufrufe benutzer requêtes appels messages jours utilisateurs mots solicitudes consultas
    llamadas mensajes usuarios palabras días richieste parameters params gpus gpu
    """
)
"""After a number these are what it counts."""

PER_WORDS = _words(
    """
    tag monat jahr woche stunde minute anfrage nachricht nutzer benutzer seite million mio tausend person kopf aufruf
    token wort bild user request dokument chat mitarbeiter kunde jour mois dia mes
    """
)
"""After "pro" these make it the German (or French) "per"."""

CAREFUL = _words("image audio vision search live voice video embedding text")
CAREFUL_FOLLOWERS = _words(
    """
    input inputs tokens token per prompt prompts understanding analysis requests calls tool tools queries output outputs
    generation and or with
    """
)
"""A modality before one of these says how a model is used; elsewhere it is part of the name ("gemini 2.5 flash image")."""

NAMED_TIERS = _words(
    "mini nano micro ultra turbo flash lite opus sonnet haiku maverick scout sol luna terra astra argon omni"
)
"""Tiers that are not said of anything but a model, so that one that a line does not have makes an unknown name."""

ENDINGS = _words(
    """
    based like style styled powered class level only compatible token tokens request requests call calls model models
    price prices priced pricing cost costs api apis s equivalent type types family series generation era generated driven
    ish and or vs versus to in out input output inputs outputs cached batch per for with on via at from than is are was
    has should would die der das und oder mit für pro am im per day month year e users user chat bot agent app apps tier
    tiers grade ready quality priced wrapper
    """
)
"""What may be joined to a name with a hyphen without being part of it ("gpt-4o-based")."""

WEAK_TIERS = _words("max pro plus large small medium premier super express long")
"""Tiers that are ordinary words too: right after a bare line, at the end of a clause, they still make an unknown name."""

COUNTED_LINES = _words("claude gemini mistral deepseek kimi")
"""Lines of which no member today is called by the line and a whole number alone, so that the number counts ("claude 2 users")."""

PRODUCTS: dict[str, frozenset[str]] = {
    "claude": _words("code desktop team enterprise cowork"),
    "chatgpt": _words("plus team enterprise edu business"),
    "gpt": _words("store"),
    "gemini": _words("advanced cli app"),
    "codex": _words("cli"),
    "llama": _words("index cpp"),
}
"""Products and plans that are named after a line and are no models."""
PLAN_WORDS = _words(
    "subscription subscriptions plan plans abo abonnement seat seats account accounts license membership"
)

LONE_OPUS_NOT_AFTER = _words("magnum an the his her my our their a first last great final greatest dei")
LONE_OPUS_NOT_BEFORE = _words("codec audio file files dei no nr number magnum encoder decoder magazine")

NOT_TYPOS = _words(
    "clause clauses cloud drama karma sonic mental mistake larger lager charge smell stall flush flesh flask shout"
)
"""Ordinary words one letter from an anchor or a tier."""
TYPOS_BEFORE_NUMBERS = _words("gamma lama lamma")
"""Words that are misspelt names only where a number follows ("lama 70b")."""

MAKER_FOLLOWERS = _words("models family lineup portfolio modelle modèles modelos series")
ONE_OF_MANY = _words(
    "cheapest cheaper best any which what smallest largest biggest newest latest every each all fastest a other"
)
"""Before a line's name and "model" these ask for one of the maker's models, not for the line's newest."""

CONJUNCTIONS = _words(
    "and or vs versus und oder et ou y o e than compared with to plus then for on at via in is are cost costs price"
)
BETWEEN = PREPOSITIONS | _words(
    "hosted running served deployed api the model models version inference run use used using of for s endpoint calls a our my"
)
"""What may stand between a model and the provider that it is bought from."""

MAKER_NAMES = _words(
    """
    meta amazon nvidia alibaba xiaomi tencent baidu bytedance ibm ai21 deepmind allenai xai stepfun cursor microsoft facebook
    inclusionai nousresearch elevenlabs
    """
)
"""Makers that are named although no provider is called so, or only after a preposition."""
MAKERS_ALSO_WORDS = _words("meta amazon cursor")
"""Of these, the ones that count only with a capital letter."""
