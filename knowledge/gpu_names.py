"""GPU names in text, known or not: "8xH100 SXM", "h100s", "A100 80GB", "4090", "MI300X".

The count before a name is no part of the mention, the form factor and the memory behind it are. A bare "4090" is a GPU only
where it counts nothing.
"""

from __future__ import annotations

import re
from functools import cache

_COUNTED = (
    r"requests?|tokens?|users?|words?|calls?|quer(?:y|ies)|messages?|pages?|docs?|documents?|emails?|images?|people|customers?"
    r"|characters?|chars?|times|hours?|days?|minutes?|seconds?|input|output|in\b|out\b|prompts?|conversations?|tickets?|million"
    r"|billion|thousand|k\b|m\b|usd|dollars?|euros?|bucks|€|%|percent|chats?|articles?|rows?|records?|examples?|samples?"
)
_MAYBE = re.compile(r"\d(?:(?<=[abhiklmprtv].)|(?<=mi\s.)|(?<=[2-6])0[5-9]0)", re.IGNORECASE)
_MAYBE_WORDS = ("rtx", "gtx", "gaudi", "tpu", "trainium", "inferentia")
"""One of these, or the pattern above, every GPU's name has and few other texts; the pattern of names is long and takes two
milliseconds to compile. Looking for digits first passes most of a text by."""


@cache
def gpu_pattern() -> re.Pattern[str]:
    """The pattern of a GPU's name, built at first use."""
    # Each alternative names one line of products; a number that is not on sale today is still a name.
    return re.compile(
        rf"""(?:(?<![\w.$€£,])|(?<=\d[x×]))
        (?:(?:nvidia|amd|intel|geforce|tesla|quadro|radeon|instinct)\s+){{0,2}}
        (?:
          (?P<rtx>(?:rtx|gtx)[\s-]?(?:pro[\s-]?)?a?\d{{4}}(?:[\s-]?(?:ti|super|ada))?)
        | (?P<amd>mi\s?\d{{3}}[ax]?)
        | (?P<super>g[bh]\d{{3}})
        | (?P<center>[abhrv][1-9]00|h20|h800|a(?:10g?|16|30|40)|a[456]000|l40s|l40|l4|t4|p40|p4|k80|m60)
        | (?P<gaudi>gaudi[\s-]?\d)
        | (?P<tpu>tpu[\s-]?v\d[a-z]?|(?:trainium|inferentia)[\s-]?\d?)
        | (?<!-)(?P<bare>[2-6]0[5-9]0(?:\s?ti)?)(?!\d|[.,]\d)(?!\s*(?:{_COUNTED}))
        )
        (?:s(?=[\s?!.,;:)/]|$))?
        (?:[\s-]?(?:sxm\d?|pcie|nvl\d{{0,2}}|hgx|dgx|ada|\d{{2,3}}\s?gb)(?!\w)){{0,3}}
        (?!\w)""",
        re.VERBOSE | re.IGNORECASE,
    )


def may_name_gpu(text: str) -> bool:
    """A quick look: False for a text without any GPU."""
    if _MAYBE.search(text) is not None:
        return True
    lowered = text.lower()
    return any(word in lowered for word in _MAYBE_WORDS)


def gpu_mentions(text: str) -> list[tuple[int, int, str]]:
    """The GPUs in a text in order: start, end, and the name as makers write it ("RTX 4090")."""
    if not may_name_gpu(text):
        return []
    return [(match.start(), match.end(), _name(match)) for match in gpu_pattern().finditer(text)]


def _name(match: re.Match[str]) -> str:
    line = match.lastgroup or ""
    word = re.sub(r"[\s-]", "", match.group(line)).upper()
    if line == "bare":
        return "RTX " + word.replace("TI", " Ti")
    if line == "rtx":
        series, number, kind = re.fullmatch(r"([RG]TX)(?:PRO)?(A?\d{4})(TI|SUPER|ADA)?", word).groups("")  # type: ignore[union-attr]
        pro = "Pro " if "PRO" in word else ""
        return f"{series} {pro}{number}{' ' if kind else ''}{kind.capitalize()}"
    if line == "center" and re.fullmatch(r"A[456]000", word):
        return "RTX " + word
    if line == "gaudi":
        return "Gaudi " + word[-1]
    if line == "tpu":
        return "TPU " + word[3:].lower() if word.startswith("TPU") else word.capitalize()
    return word
