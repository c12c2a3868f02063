"""Who makes which models, and what people call makers, model lines and platforms: the hand-kept part of the model names.

Prices and models come from the price list; that list does not say who trained a model, whether its weights are open, which of
its providers is the maker's own API, or that "bedrock" means AWS. All of that stands here, as plain tables.
"""

from __future__ import annotations

from typing import NamedTuple


class Maker(NamedTuple):
    """Somebody who trains models. `apis` are the providers (ids of the price list) that are the maker's own, best first."""

    name: str
    apis: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()
    """Organisations in model ids ("meta-llama/…") and names in sentences, in lower case with words joined."""


class Line(NamedTuple):
    """A line of models that shares a name ("claude", "gpt"). `flagship` decides what the bare name means when several
    members are equally new; `open_weights` is None where some members are open and some are not."""

    maker: str
    open_weights: bool | None = False
    flagship: tuple[str, ...] = ()
    base: bool = False
    """Open weights that others build on and name theirs after; a finetune's own name then outranks this one."""


MAKERS: dict[str, Maker] = {
    "openai": Maker("OpenAI", ("openai",), ("openai",)),
    "anthropic": Maker("Anthropic", ("anthropic",), ("anthropic",)),
    "google": Maker("Google", ("google",), ("google", "alphabet", "deepmind", "googledeepmind")),
    "meta": Maker("Meta", ("meta",), ("meta", "metallama", "metamodels", "facebook", "metaai")),
    "mistral": Maker("Mistral", ("mistral",), ("mistral", "mistralai")),
    "deepseek": Maker("DeepSeek", ("deepseek",), ("deepseek", "deepseekai")),
    "x-ai": Maker("xAI", ("x-ai",), ("xai",)),
    "moonshotai": Maker("Moonshot AI", ("moonshotai",), ("moonshotai", "moonshot")),
    "zai": Maker("Z.AI", ("zai", "zhipuai"), ("zai", "zaiorg", "zhipu", "zhipuai", "thudm")),
    "minimax": Maker("MiniMax", ("minimax",), ("minimax", "minimaxai")),
    "cohere": Maker("Cohere", ("cohere",), ("cohere", "coherelabs")),
    "amazon": Maker("Amazon", ("aws",), ("amazon",)),
    "microsoft": Maker("Microsoft", ("azure",), ("microsoft",)),
    "alibaba": Maker("Alibaba", (), ("qwen", "alibaba", "alibabacloud")),
    "nvidia": Maker("NVIDIA", (), ("nvidia",)),
    "perplexity": Maker("Perplexity", ("perplexity",), ("perplexity", "perplexityai")),
    "voyageai": Maker("Voyage AI", ("voyageai",), ("voyageai", "voyage")),
    "elevenlabs": Maker("ElevenLabs", ("elevenlabs",), ("elevenlabs",)),
    "arcee": Maker("Arcee AI", ("arcee",), ("arcee", "arceeai")),
    "typesafe": Maker("TypeSafe", ("typesafe",), ("typesafe",)),
    "cursor": Maker("Cursor", ("cursor",), ("cursor", "anysphere")),
    "cloudflare": Maker("Cloudflare", ("cloudflare",), ("cloudflare",)),
    "xiaomi": Maker("Xiaomi", (), ("xiaomi", "xiaomimimo")),
    "tencent": Maker("Tencent", (), ("tencent",)),
    "baidu": Maker("Baidu", (), ("baidu", "paddlepaddle")),
    "bytedance": Maker("ByteDance", (), ("bytedance", "bytedanceseed", "bytedanceresearch")),
    "ai21": Maker("AI21 Labs", (), ("ai21", "ai21labs")),
    "ibm": Maker("IBM", (), ("ibm", "ibmgranite")),
    "thinkingmachines": Maker("Thinking Machines", (), ("thinkingmachines",)),
    "inclusionai": Maker("inclusionAI", (), ("inclusionai",)),
    "liquid": Maker("Liquid AI", (), ("liquid", "liquidai")),
    "nousresearch": Maker("Nous Research", (), ("nousresearch", "nous")),
    "allenai": Maker("Ai2", (), ("allenai", "ai2")),
    "stepfun": Maker("StepFun", (), ("stepfun",)),
    "01-ai": Maker("01.AI", (), ("01ai", "zerooneai")),
    "inception": Maker("Inception", (), ("inception", "inceptionlabs")),
    "inflection": Maker("Inflection", (), ("inflection", "inflectionai")),
    "upstage": Maker("Upstage", (), ("upstage",)),
    "writer": Maker("Writer", (), ("writer",)),
    "reka": Maker("Reka", (), ("rekaai", "reka")),
    "baai": Maker("BAAI", (), ("baai",)),
    "aion-labs": Maker("AionLabs", (), ("aionlabs",)),
    "reflection": Maker("Reflection", (), ("reflection",)),
    "wizardlm": Maker("WizardLM", (), ("wizardlm",)),
}

LINES: dict[str, Line] = {
    "gpt": Line("openai", False, ("sol", "")),
    "o": Line("openai", False, ("",)),
    "chatgpt": Line("openai"),
    "davinci": Line("openai"),
    "curie": Line("openai"),
    "babbage": Line("openai"),
    "ada": Line("openai"),
    "whisper": Line("openai", None),
    "tts": Line("openai"),
    "claude": Line("anthropic", False, ("sonnet", "opus", "haiku")),
    "gemini": Line("google", False, ("pro", "flash")),
    "gemma": Line("google", True, base=True),
    "palm": Line("google"),
    "learnlm": Line("google"),
    "lyria": Line("google"),
    "llama": Line("meta", True, ("maverick", ""), base=True),
    "codellama": Line("meta", True, base=True),
    "muse": Line("meta", None, ("spark",)),
    "mistral": Line("mistral", None, ("large", "medium", "small"), base=True),
    "mixtral": Line("mistral", True, base=True),
    "ministral": Line("mistral", None),
    "magistral": Line("mistral", None, ("medium",)),
    "codestral": Line("mistral", None),
    "devstral": Line("mistral", None),
    "pixtral": Line("mistral", None),
    "voxtral": Line("mistral", None),
    "deepseek": Line("deepseek", True),
    "grok": Line("x-ai", False),
    "kimi": Line("moonshotai", None, ("pro", "")),
    "moonlight": Line("moonshotai", True),
    "moonshot": Line("moonshotai", False),
    "glm": Line("zai", None),
    "autoglm": Line("zai", True),
    "minimax": Line("minimax", None),
    "command": Line("cohere", None, ("a",)),
    "aya": Line("cohere", True),
    "nova": Line("amazon", False, ("pro", "lite")),
    "titan": Line("amazon", False),
    "phi": Line("microsoft", True),
    "mai": Line("microsoft", None),
    "qwen": Line("alibaba", None, ("max", "plus"), base=True),
    "qwq": Line("alibaba", True, base=True),
    "nemotron": Line("nvidia", True, ("ultra", "super")),
    "sonar": Line("perplexity", False),
    "pplx": Line("perplexity", False),
    "voyage": Line("voyageai", False),
    "eleven": Line("elevenlabs", False),
    "trinity": Line("arcee", None),
    "jev": Line("typesafe", False),
    "composer": Line("cursor", False),
    "clef": Line("cloudflare", None),
    "mimo": Line("xiaomi", True, ("pro",)),
    "hunyuan": Line("tencent", None),
    "hy": Line("tencent", None),
    "ernie": Line("baidu", None),
    "seed": Line("bytedance", False),
    "jamba": Line("ai21", True, ("large",)),
    "granite": Line("ibm", True),
    "inkling": Line("thinkingmachines", True, ("",)),
    "ling": Line("inclusionai", True),
    "ring": Line("inclusionai", True),
    "lfm": Line("liquid", True),
    "hermes": Line("nousresearch", True),
    "olmo": Line("allenai", True),
    "step": Line("stepfun", None),
    "yi": Line("01-ai", True, base=True),
    "mercury": Line("inception", False),
    "inflection": Line("inflection", False),
    "solar": Line("upstage", None),
    "palmyra": Line("writer", False),
    "reka": Line("reka", None),
    "bge": Line("baai", True),
    "aion": Line("aion-labs", None),
    "beam": Line("reflection", None),
    "wizardlm": Line("wizardlm", True),
}
"""Model lines by the word that names them."""

OPEN_MEMBERS: frozenset[str] = frozenset({"oss", "open", "glimmer", "nemo"})
"""Words that mark the open members of a line whose others are closed ("gpt-oss", "muse-spark-open")."""

FOREIGN: frozenset[str] = frozenset(
    [
        "sora",
        "veo",
        "imagen",
        "midjourney",
        "dalle",
        "bard",
        "suno",
        "runway",
        "bert",
        "falcon",
        "bloom",
        "stablelm",
        "kling",
    ]
)
"""Names of models that people ask about and the price list does not hold: never taken for a misspelling of one that it does."""

NOT_SOLD_BY_MAKER: frozenset[tuple[str, str]] = frozenset({("gpt", "oss"), ("gemma", "")})
"""(line, word) of open models that the price list shows under their maker although the maker sells no API for them: OpenAI's
gpt-oss rates are copied from a reseller, Google serves Gemma free of charge and without a service level."""

_SELLERS = """
    together fireworks groq aws google azure cerebras baseten cloudflare databricks mistral novita modal doubleword ovhcloud arcee
    perplexity openrouter quicksilverpro
"""
MAKER_BY_START: dict[str, str] = {
    "text-embedding-": "openai",
    "embed-v": "cohere",
    "omni-moderation": "openai",
}
"""Makers of models whose ids name neither maker nor line, by the start of the id."""

SELLERS: tuple[str, ...] = tuple(_SELLERS.split())
"""Whose price is assumed for an open model that its maker does not sell, and that comes without a provider: the first of these
hosts that lists it, large hosts of open models first, resellers last. An answer names the choice and the alternatives."""

PROVIDER_SPELLINGS: dict[str, str] = {
    "openai": "openai",
    "open ai": "openai",
    "anthropic": "anthropic",
    "claude api": "anthropic",
    "google": "google",
    "google cloud": "google",
    "gcp": "google",
    "vertex": "google",
    "vertex ai": "google",
    "google vertex": "google",
    "google vertex ai": "google",
    "ai studio": "google",
    "google ai studio": "google",
    "gemini api": "google",
    "gemini enterprise": "google",
    "aws": "aws",
    "bedrock": "aws",
    "aws bedrock": "aws",
    "amazon bedrock": "aws",
    "amazon": "aws",
    "azure": "azure",
    "azure openai": "azure",
    "azure ai": "azure",
    "azure foundry": "azure",
    "azure ai foundry": "azure",
    "ai foundry": "azure",
    "foundry": "azure",
    "microsoft azure": "azure",
    "microsoft foundry": "azure",
    "microsoft": "azure",
    "groq": "groq",
    "groqcloud": "groq",
    "openrouter": "openrouter",
    "open router": "openrouter",
    "together": "together",
    "together ai": "together",
    "togetherai": "together",
    "together computer": "together",
    "fireworks": "fireworks",
    "fireworks ai": "fireworks",
    "fireworksai": "fireworks",
    "mistral": "mistral",
    "mistral ai": "mistral",
    "la plateforme": "mistral",
    "deepseek": "deepseek",
    "xai": "x-ai",
    "x ai": "x-ai",
    "meta": "meta",
    "meta ai": "meta",
    "cohere": "cohere",
    "moonshot": "moonshotai",
    "moonshotai": "moonshotai",
    "moonshot ai": "moonshotai",
    "minimax": "minimax",
    "zai": "zai",
    "z ai": "zai",
    "zhipu": "zhipuai",
    "zhipuai": "zhipuai",
    "zhipu ai": "zhipuai",
    "bigmodel": "zhipuai",
    "perplexity": "perplexity",
    "perplexity ai": "perplexity",
    "cerebras": "cerebras",
    "cloudflare": "cloudflare",
    "cloudflare workers": "cloudflare",
    "workers ai": "cloudflare",
    "cloudflare workers ai": "cloudflare",
    "databricks": "databricks",
    "novita": "novita",
    "novita ai": "novita",
    "baseten": "baseten",
    "modal": "modal",
    "doubleword": "doubleword",
    "ovh": "ovhcloud",
    "ovhcloud": "ovhcloud",
    "arcee": "arcee",
    "arcee ai": "arcee",
    "avian": "avian",
    "cursor": "cursor",
    "copilot": "github-copilot",
    "github copilot": "github-copilot",
    "voyage ai": "voyageai",
    "voyageai": "voyageai",
    "elevenlabs": "elevenlabs",
    "eleven labs": "elevenlabs",
    "typesafe": "typesafe",
    "quicksilverpro": "quicksilverpro",
    "quicksilver pro": "quicksilverpro",
    "quicksilver": "quicksilverpro",
    "sambanova": "huggingface_sambanova",
    "nebius": "huggingface_nebius",
    "hyperbolic": "huggingface_hyperbolic",
    "nscale": "huggingface_nscale",
    "publicai": "huggingface_publicai",
}
"""Provider ids by what people write, in lower case, words separated by one space. Hosts that the price list knows only by way of
Hugging Face stand for that route."""

ALSO_A_WORD: frozenset[str] = frozenset(
    [
        "together",
        "fireworks",
        "modal",
        "cursor",
        "meta",
        "amazon",
        "foundry",
        "avian",
        "copilot",
        "quicksilver",
        "hyperbolic",
    ]
)
"""Providers' names that are ordinary words, or mean something else than a platform, unless a preposition precedes them."""

UNLISTED_HOSTS: dict[str, str] = {
    "deepinfra": "DeepInfra",
    "replicate": "Replicate",
    "anyscale": "Anyscale",
    "friendliai": "FriendliAI",
    "friendli": "FriendliAI",
    "siliconflow": "SiliconFlow",
    "snowflake": "Snowflake",
    "oracle": "Oracle Cloud",
    "oci": "Oracle Cloud",
    "watsonx": "IBM watsonx",
    "scaleway": "Scaleway",
    "vultr": "Vultr",
    "octoai": "OctoAI",
    "lepton": "Lepton",
    "featherless": "Featherless",
    "parasail": "Parasail",
    "chutes": "Chutes",
    "alibaba": "Alibaba Cloud",
    "dashscope": "Alibaba Cloud",
}
"""Who else sells models of others, whose prices no list on record has; the first word of the name."""

UNLISTED_ONLY_AS_CLOUD: frozenset[str] = frozenset(["oracle", "alibaba"])
"""Of these, names that mean the seller only with "cloud" after them."""

UNLISTED_ONLY_AFTER_PREPOSITION: frozenset[str] = frozenset(
    ["replicate", "oracle", "lepton", "chutes", "snowflake", "alibaba", "featherless"]
)


def own_apis(maker: str) -> tuple[str, ...]:
    """The providers that are a maker's own API; none for a maker that sells none."""
    known = MAKERS.get(maker)
    return known.apis if known is not None else ()
