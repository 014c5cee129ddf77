"""A region lowered: the statements of its `__init__` and of its `forward`, not yet a class.

Regions of one label are compared as drafts; those that differ in literals only become one class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from specc.emit.code import join, name_tensors
from specc.emit.template import Body, Line
from specc.emit.variables import name_values
from specc.ir import Region, Value

from .names import RESERVED
from .statements import Statement, assigned, lines


@dataclass(frozen=True)
class Forward:
    """What a region computes.

    arguments: the names of the values that it takes. borrowed: those of the modules.
    """

    arguments: Mapping[Value, str]
    borrowed: tuple[str, ...]
    statements: tuple[Statement, ...]
    outputs: tuple[Value, ...]

    @property
    def ends_in_result(self) -> bool:
        """Whether the last statement makes the one result, so that it can be returned as it is."""
        if not self.statements or len(self.outputs) != 1:
            return False
        last = self.statements[-1]
        return last.loop is None and last.outputs == self.outputs

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The statements, with names for their tensors."""
        steps = [item.step for item in self.statements]
        names = name_values(self.arguments, steps, self.outputs, (*RESERVED, *self.borrowed))
        if not self.ends_in_result:
            found = [line for item in self.statements for line in lines(item, names)]
            results = ", ".join(names[value] for value in self.outputs)
            return (*found, Line(f"return {results}")) if results else tuple(found)
        *others, last = self.statements
        found = [line for item in others for line in lines(item, names)]
        return (*found, Line(join("return ", name_tensors(last.code, names)), last.comment))


@dataclass(frozen=True)
class Draft:
    """One region, with what stands in its `__init__`."""

    region: Region
    setup: tuple[Line, ...]
    forward: Forward

    @cached_property
    def body(self) -> Body:
        """What is compared, and becomes a class."""
        forward = self.forward
        tensors = [(name, "Tensor") for name in forward.arguments.values()]
        modules = [(name, "nn.Module") for name in forward.borrowed]
        return Body(
            self.region.label,
            (*tensors, *modules),
            (self.setup, forward.lines),
            len(forward.outputs),
            tuple(name for line in self.setup if (name := assigned(line))),
        )
