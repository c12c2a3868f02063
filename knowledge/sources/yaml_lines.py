"""YAML whose every value still knows its line, so that a mistake in a data file is reported where it stands.

Numbers become exact (`int`, or `Decimal` for those with a point), never floats; dates stay text. A key that appears twice,
a number that is not finite and a tag that names a Python object are mistakes, not values.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from knowledge.errors import KnowledgeError


class LocatedMapping(dict[str, Any]):
    """A mapping; `line` is where it begins, `key_lines` where each of its keys stands."""

    line: int
    key_lines: dict[str, int]


class LocatedList(list[Any]):
    """A list; `line` is where it begins, `item_lines` where each item does."""

    line: int
    item_lines: list[int]


def mistake(path: Path, line: int, what: str, remedy: str = "") -> KnowledgeError:
    """The error for a mistake in a data file, naming file and line."""
    end = "" if what.endswith("?") else "."
    return KnowledgeError(f"{path.name}, line {line}: {what}{end}", remedy or f"Correct {path}.")


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises KnowledgeError with file and line for anything that cannot be read."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is no UTF-8 text" if isinstance(error, UnicodeError) else error.strerror
        raise KnowledgeError(f"{path} cannot be read ({why}).", "Restore the file.") from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "is no YAML"
        raise mistake(path, place.line + 1 if place else 1, str(problem)) from error
    return None if node is None else _Reader(path).value(node)


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: set[int] = set()
        self._done: dict[int, Any] = {}

    def value(self, node: Any) -> Any:
        import yaml

        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line)
        # Anchors can make a value contain itself, or a small file a huge tree: each node is read once.
        if id(node) in self._open:
            raise mistake(self._path, line, "this value contains itself")
        if id(node) not in self._done:
            self._open.add(id(node))
            self._done[id(node)] = (
                self._list(node, line) if isinstance(node, yaml.SequenceNode) else self._mapping(node, line)
            )
            self._open.discard(id(node))
        return self._done[id(node)]

    def _list(self, node: Any, line: int) -> LocatedList:
        items = LocatedList(self.value(item) for item in node.value)
        items.line = line
        items.item_lines = [item.start_mark.line + 1 for item in node.value]
        return items

    def _mapping(self, node: Any, line: int) -> LocatedMapping:
        mapping = LocatedMapping()
        mapping.line = line
        mapping.key_lines = {}
        for key_node, value_node in node.value:
            key = self.value(key_node)
            key_line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise mistake(self._path, key_line, f"the key {key!r} is no text")
            if key in mapping:
                raise mistake(self._path, key_line, f"{key!r} stands here twice")
            mapping[key] = self.value(value_node)
            mapping.key_lines[key] = key_line
        return mapping

    def _scalar(self, node: Any, line: int) -> str | int | Decimal | bool | None:
        kind = node.tag.rpartition(":")[2]
        if kind == "null":
            return None
        if kind == "bool":
            return node.value.lower() in ("true", "yes", "on")
        if kind in ("int", "float"):
            try:
                number = Decimal(node.value.replace("_", ""))
            except InvalidOperation:
                raise mistake(self._path, line, f"{node.value!r} is no plain number") from None
            if not number.is_finite():
                raise mistake(self._path, line, f"{node.value!r} is no finite number")
            return int(number) if kind == "int" else number
        if kind in ("str", "timestamp"):
            return str(node.value)
        raise mistake(self._path, line, f"the tag {node.tag} is not allowed here")
