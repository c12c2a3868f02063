"""The lazy `dataclass` against the standard one: the same classes, made by both, must behave alike."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from knowledge import lazy_dataclass

Decorator = Callable[..., Any]
BOTH: list[Decorator] = [dataclasses.dataclass, lazy_dataclass.dataclass]


def points(dataclass: Decorator) -> type[Any]:
    @dataclass(frozen=True)
    class Point:
        x: int
        y: int = 2
        tags: list[str] = dataclasses.field(default_factory=list)

        @property
        def total(self) -> int:
            return self.x + self.y

    return Point


def options(dataclass: Decorator) -> type[Any]:
    @dataclass(frozen=True, kw_only=True)
    class Options:
        colour: str
        width: int | None = None

    return Options


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a call gave: its value as text, or the name of its error."""

    value: str
    error: str


def outcome(call: Callable[[], object]) -> Outcome:
    try:
        return Outcome(str(call()), "")
    except (TypeError, AttributeError) as error:
        return Outcome("", type(error).__name__)


CALLS: list[Callable[[type[Any]], object]] = [
    lambda cls: cls(1),
    lambda cls: cls(1, 5, ["a"]),
    lambda cls: cls(x=1, tags=["a"]),
    lambda cls: cls(),
    lambda cls: cls(1, z=3),
    lambda cls: cls(1, 2, [], 4),
    lambda cls: cls(1) == cls(1),
    lambda cls: cls(1) == cls(2),
    lambda cls: cls(1) == (1, 2, []),
    lambda cls: cls(1).tags is cls(1).tags,
    lambda cls: setattr(cls(1), "x", 5),
    lambda cls: delattr(cls(1), "x"),
    lambda cls: hash(cls(1)),
    lambda cls: hash(cls(1, 2, ())) == hash((1, 2, ())),
    lambda cls: cls(1).total,
    lambda cls: cls.__match_args__,
    lambda cls: cls.y,
    lambda cls: cls.x,
    lambda cls: cls.tags,
    lambda cls: dataclasses.is_dataclass(cls),
    lambda cls: [(f.name, f.default, f.type) for f in dataclasses.fields(cls)],
    lambda cls: dataclasses.replace(cls(1), y=9),
    lambda cls: dataclasses.asdict(cls(1)),
    lambda cls: copy.copy(cls(1)),
    lambda cls: copy.deepcopy(cls(1)) == cls(1),
    lambda cls: cls(1) < cls(2),
]


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_each_use_is_the_first_one_and_gives_what_the_standard_class_gives(number: int) -> None:
    standard, lazy = (outcome(partial(CALLS[number], points(dataclass))) for dataclass in BOTH)
    assert lazy == standard


def test_all_uses_one_after_the_other() -> None:
    standard, lazy = (points(dataclass) for dataclass in BOTH)
    for call in CALLS * 2:
        assert outcome(partial(call, lazy)) == outcome(partial(call, standard))


@given(st.text(max_size=3), st.none() | st.integers())
def test_keywords_only(colour: str, width: int | None) -> None:
    standard, lazy = (options(dataclass) for dataclass in BOTH)
    assert repr(lazy(colour=colour, width=width)) == repr(standard(colour=colour, width=width))
    assert outcome(lambda: lazy(colour)) == outcome(lambda: standard(colour)) == Outcome("", "TypeError")


def test_a_class_that_can_change_is_not_hashable() -> None:
    @lazy_dataclass.dataclass
    class Counter:
        count: int = 0

    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError):
        hash(counter)


def test_own_methods_stay() -> None:
    @lazy_dataclass.dataclass(frozen=True)
    class Name:
        text: str

        def __post_init__(self) -> None:
            object.__setattr__(self, "text", self.text.strip())

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Name) and self.text.lower() == other.text.lower()

        def __hash__(self) -> int:
            return hash(self.text.lower())

    assert Name(" Ann ") == Name("ann")
    assert hash(Name("A")) == hash(Name("a"))
    assert repr(Name(" Ann ")).endswith("Name(text='Ann')")
    assert dataclasses.replace(Name("a"), text="b") == Name("B")


def test_fields_that_the_init_does_not_take() -> None:
    @lazy_dataclass.dataclass(frozen=True)
    class Square:
        kind: ClassVar[str] = "square"
        side: int
        area: int = dataclasses.field(init=False, repr=False)
        notes: list[str] = dataclasses.field(init=False, default_factory=list)

        def __post_init__(self) -> None:
            object.__setattr__(self, "area", self.side**2)

    assert (Square(3).area, Square(3).notes, Square.kind) == (9, [], "square")
    assert repr(Square(3)).endswith("Square(side=3, notes=[])")


def test_fields_are_inherited() -> None:
    @lazy_dataclass.dataclass(frozen=True)
    class Base:
        a: int

    @lazy_dataclass.dataclass(frozen=True)
    class Derived(Base):
        b: int = 2

    assert Derived(1) == Derived(1, 2) != Derived(1, 3)
    assert Base(1) != Derived(1)
    assert [f.name for f in dataclasses.fields(Derived)] == ["a", "b"]


def test_replacing() -> None:
    standard, lazy = (points(dataclass) for dataclass in BOTH)
    assert lazy_dataclass.replace(lazy(1), y=9, tags=["b"]) == lazy(1, 9, ["b"])
    assert lazy_dataclass.replace(standard(1), y=9) == standard(1, 9)
    for made in (lazy, standard):
        with pytest.raises(TypeError):
            lazy_dataclass.replace(made(1), z=9)


def test_replacing_leaves_out_what_the_init_does_not_take() -> None:
    @lazy_dataclass.dataclass(frozen=True)
    class Square:
        side: int
        area: int = dataclasses.field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "area", self.side**2)

    assert lazy_dataclass.replace(Square(3), side=4).area == 16


def test_pydantic_reads_it() -> None:
    adapter = TypeAdapter(options(lazy_dataclass.dataclass))
    assert adapter.validate_python({"colour": "red", "width": "3"}).width == 3
    with pytest.raises(ValidationError):
        adapter.validate_python({"colour": "red", "width": "x"})


def test_pickling() -> None:
    source = PriceTermsLike(1)
    assert pickle.loads(pickle.dumps(source)) == source


@lazy_dataclass.dataclass(frozen=True)
class PriceTermsLike:
    x: int


def test_a_definition_compiles_nothing() -> None:
    """The reason why it exists."""
    code = (
        "import sys, knowledge.lazy_dataclass as lazy\n"
        "compiled = []\n"
        "sys.addaudithook(lambda event, args: event == 'compile' and compiled.append(args))\n"
        "class A:\n    x: int = 1\n"
        "A = lazy.dataclass(frozen=True)(A)\n"
        "before = len(compiled)\n"
        "A()\n"
        "print(before, len(compiled))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["0", "1"], done.stderr


def test_replacing_does_not_carry_over_what_was_worked_out() -> None:
    @lazy_dataclass.dataclass(frozen=True)
    class Square:
        side: int

        @cached_property
        def area(self) -> int:
            return self.side * self.side

    square = Square(2)
    assert square.area == 4
    assert lazy_dataclass.replace(square, side=3).area == 9
