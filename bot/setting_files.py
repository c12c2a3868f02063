"""The files that settings may stand in, `.env` and `aicost.toml`, and names that are meant for aicost but are none of its.

A line that cannot be read or a misspelt name is refused with its place: a budget that is not in force because of a typing error is
noticed on the bill.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from bot.errors import SettingError

PREFIX = "AICOST_"
_NO_SETTINGS = frozenset(["AICOST_DEBUG"])
_OF_KUBERNETES = ("AICOST_SERVICE_", "AICOST_PORT_")
"""Beginnings of variables that Kubernetes sets in every container beside a service called aicost."""

_TOML_EXAMPLE = 'AICOST_PARSER = "local"'


def read_dotenv(path: Path) -> Mapping[str, str]:
    """The variables of a `.env`; none where there is no such file. Raises `SettingError` for a line that is no assignment."""
    if not path.is_file():
        return {}
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8") as lines:
            for binding in parse_stream(lines):
                for_us = binding.key is not None and binding.key.startswith(PREFIX)
                if binding.error or (for_us and binding.value is None):
                    text = binding.original.string
                    line = binding.original.line + text[: -len(text.lstrip()) or None].count("\n")
                    raise SettingError(
                        f"{path}, line {line},", "is no NAME=value", line="AICOST_PARSER=local"
                    )
        return {key: value for key, value in dotenv_values(path).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(str(path), f"cannot be read ({error})", line="AICOST_PARSER=local") from error


def read_toml(path: Path, known: Collection[str]) -> Mapping[str, str]:
    """The settings of an `aicost.toml`, whose keys are their names, in upper case or not; none where there is no such file.

    Raises `SettingError` for a file that is no TOML, and for a key that is no setting.
    """
    if not path.is_file():
        return {}
    import tomllib

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingError(str(path), f"is no TOML: {error}", line=_TOML_EXAMPLE) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(str(path), f"cannot be read ({error})", line=_TOML_EXAMPLE) from error
    values = {}
    for key, value in data.items():
        if key.upper() not in known:
            raise _no_setting(f"{path.name}: {key}", key.upper(), known, _TOML_EXAMPLE)
        if isinstance(value, dict):
            raise SettingError(f"{path.name}: {key}", "is a table, not a value", line=_TOML_EXAMPLE)
        values[key.upper()] = _text(value)
    return values


def check_names(names: Iterable[str], known: Collection[str], place: str = "") -> None:
    """Raise `SettingError` for a name that begins as aicost's do and is none of them, as a misspelt one."""
    for name in names:
        if not name.startswith(PREFIX) or name.startswith(_OF_KUBERNETES):
            continue
        if name not in known and name not in _NO_SETTINGS:
            raise _no_setting(f"{place}{name}", name, known, "AICOST_PARSER=local")


def _no_setting(where: str, name: str, known: Collection[str], example: str) -> SettingError:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1, cutoff=0.75)
    return SettingError(
        where, f"is no setting of aicost{f'; did you mean {near[0]}?' if near else ''}", line=example
    )


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
