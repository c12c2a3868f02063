"""`dataclass` and `replace`: the standard library's, with methods made when they are first used instead of when a class is defined.

The standard decorator writes and compiles every method of every class at import, half a millisecond a class. A command that answers
in a tenth of a second imports a hundred classes and uses a third of them. Here a definition takes microseconds: `__init__` is
compiled for the first instance, and all else (`==`, `hash`, `repr`, `fields`, what pydantic looks for) is the standard decorator's
work at the moment when it is first asked for. To a type checker these are the standard functions.

Left out are `slots`, `order`, and unpickling where no instance has been made before; use the standard decorator for those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import replace as replace
else:
    import dataclasses
    from dataclasses import MISSING, Field, FrozenInstanceError

    _NEW, _SET = object.__new__, object.__setattr__

    _UNUSUAL = ("ClassVar", "InitVar", "KW_ONLY")
    """Annotations that are no plain fields; a class that has one takes the standard `__init__` too."""

    def dataclass(cls=None, /, *, frozen=False, kw_only=False, eq=True):
        """As `dataclasses.dataclass`."""

        def define(cls):
            return _Definition(cls, frozen=frozen, kw_only=kw_only, eq=eq).cls

        return define if cls is None else define(cls)

    def replace(instance, /, **changes):
        """As `dataclasses.replace`, which it leaves classes to that are not made here."""
        cls = type(instance)
        names = vars(cls).get("__init_names__")
        if names is None:
            return dataclasses.replace(instance, **changes)
        values = vars(instance)
        if (
            len(values) == cls.__copied_whole__
        ):  # nothing but the fields is kept in it, such as a cached property
            merged = {**values, **changes}
            if len(merged) == len(values):
                copy = _NEW(cls)
                _SET(copy, "__dict__", merged)
                return copy
        return cls(**{**{name: values[name] for name in names}, **changes})

    class _Definition:
        """A class as it was written, which now has stand-ins that are replaced by the real methods when they are called."""

        def __init__(self, cls, **options):
            self.cls = cls
            self.options = options
            self.written = {k: v for k, v in vars(cls).items() if k not in ("__dict__", "__weakref__")}
            self.names = tuple(self.written.get("__annotations__", ()))
            for name in self.names:
                if isinstance(self.written.get(name), Field):
                    delattr(cls, name)
            cls.__dataclass_fields__ = _Fields(self)
            cls.__match_args__ = () if options["kw_only"] else self.names
            self._stand_in("__init__", self.make_init)
            self._stand_in("__repr__", self.make_all)
            if options["eq"]:
                self._stand_in("__eq__", self.make_all)
                if options["frozen"]:
                    self._stand_in("__hash__", self.make_all)
                elif "__hash__" not in self.written:
                    cls.__hash__ = None
            if options["frozen"]:
                cls.__setattr__ = cls.__delattr__ = _refuse

        def _stand_in(self, name, make):
            if name in self.written:
                return
            cls = self.cls

            def stand_in(self, /, *args, **kwargs):
                make()
                return getattr(cls, name)(self, *args, **kwargs)

            setattr(cls, name, stand_in)

        def make_all(self, *others):
            """Take over what the standard decorator makes, for a twin: no thread ever sees this class without its methods."""
            twin = type(self.cls)(self.cls.__name__, self.cls.__bases__, self.written)
            made = vars(dataclasses.dataclass(**self.options)(twin))
            for name in ("__repr__", "__eq__", "__hash__", *others):
                if name in made:
                    setattr(self.cls, name, made[name])
            self.cls.__dataclass_params__ = made["__dataclass_params__"]
            self.cls.__dataclass_fields__ = made["__dataclass_fields__"]

        def make_init(self):
            """Compile `__init__`, which most classes of a run need alone. It writes past the barrier of a frozen class, in half of
            the time that the standard one takes to climb over it."""
            if self._is_unusual():
                self.make_all("__init__", "__match_args__")
                return
            scope = {"_MISSING": MISSING}
            taken, parameters, lines = [], [], ["_values = self.__dict__"]
            for name in self.names:
                field = self.written.get(name, MISSING)
                if not isinstance(field, Field):
                    field = dataclasses.field(default=field)
                parameter = value = name
                if field.default is not MISSING:
                    scope[f"_default_{name}"] = field.default
                    parameter = f"{name}=_default_{name}"
                elif field.default_factory is not MISSING:
                    scope[f"_make_{name}"] = field.default_factory
                    parameter = f"{name}=_MISSING"
                    value = f"_make_{name}() if {name} is _MISSING else {name}"
                if field.init:
                    taken.append(name)
                    parameters.append(parameter)
                    lines.append(f"_values[{name!r}] = {value}")
            if hasattr(self.cls, "__post_init__"):
                lines.append("self.__post_init__()")
            star = ["*"] if self.options["kw_only"] and parameters else []
            text = f"def __init__({', '.join(['self', *star, *parameters])}):\n " + "\n ".join(lines)
            exec(text, scope)
            is_plain = len(taken) == len(self.names) and not hasattr(self.cls, "__post_init__")
            self.cls.__copied_whole__ = len(taken) if is_plain else -1
            self.cls.__init_names__ = tuple(taken)
            self.cls.__init__ = scope["__init__"]

        def _is_unusual(self):
            """Whether the standard `__init__` does more than to set each field or its default."""
            annotations = map(str, self.written.get("__annotations__", {}).values())
            specified = [f for f in map(self.written.get, self.names) if isinstance(f, Field)]
            return (
                any(hasattr(base, "__dataclass_fields__") for base in self.cls.__bases__)
                or any(word in annotation for annotation in annotations for word in _UNUSUAL)
                or any(f.kw_only is not MISSING for f in specified)
                or any(not f.init and f.default_factory is not MISSING for f in specified)
            )

    class _Fields:
        """`__dataclass_fields__` until somebody looks."""

        def __init__(self, definition):
            self.definition = definition

        def __get__(self, instance, owner):
            self.definition.make_all()
            return owner.__dataclass_fields__

    def _refuse(self, name, value=None):
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
