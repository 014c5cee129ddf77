"""Which names a spec may give, and the default names it gives itself.

The name of an entry, an input or an output becomes a Python attribute or argument, a key of a
weight file and a node of a graph, so it is a plain identifier and none that `torch.nn.Module` has
already. A variable, which is a param or what a loop binds, is known to expressions alone: it need
only be an identifier.
"""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Container, Iterable
from functools import lru_cache
from itertools import chain, count, islice

MAX_LENGTH = 100

MAX_CANDIDATES = 500
"""Names looked at for a suggestion."""

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

MODULE_ATTRIBUTES = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double
    dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter
    get_submodule half ipu load_state_dict modules mtia named_buffers named_children named_modules
    named_parameters parameters register_backward_hook register_buffer register_forward_hook
    register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
    register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu
    zero_grad """.split()
)
"""The public attributes of `torch.nn.Module`; a test compares them with the installed torch."""

LANGUAGE_WORDS = frozenset({"prev", "self", "true", "false"})
"""What an expression or a reference may say and no name stands for. The other words of expressions
are keywords of Python; functions are no names, since only they are called."""


def problem_with(name: str) -> str:
    """Why `name` cannot name a part of a network; empty if it can."""
    if name in MODULE_ATTRIBUTES:
        return f"`{name}` is an attribute of every PyTorch module"
    return problem_with_variable(name)


def problem_with_variable(name: str) -> str:
    """Why `name` cannot name a param or what a loop binds; empty if it can."""
    if len(name) > MAX_LENGTH:
        return f"a name has at most {MAX_LENGTH} characters, this one has {len(name)}"
    if not IDENTIFIER.fullmatch(name):
        return "a name starts with a letter and goes on with letters, digits and _"
    if keyword.iskeyword(name):
        return f"`{name}` is a keyword of Python"
    if name in LANGUAGE_WORDS:
        return f"`{name}` has a meaning of its own in the language"
    return ""


@lru_cache(maxsize=1024)
def snake_case(name: str) -> str:
    """The default name of a layer, as Keras makes it: `MaxPooling2D` → `max_pooling2d`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def free_name(name: str, taken: Container[str]) -> str:
    """`name`, or the first of `name_1`, `name_2`, … that is not taken."""
    numbered = (f"{name}_{number}" for number in count(1))
    return next(free for free in chain([name], numbered) if free not in taken)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`; empty if none is close.

    Each of many faults looks anew: of a long name, and of many known ones, only the first are used.
    """
    candidates = {candidate.lower(): candidate for candidate in islice(known, MAX_CANDIDATES)}
    if not candidates:
        return ""
    found = difflib.get_close_matches(name[:MAX_LENGTH].lower(), candidates, n=1, cutoff=0.6)
    return candidates[found[0]] if found else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A help line that suggests the nearest known name; empty if none is close."""
    match = nearest(name, known)
    return f"did you mean `{match}`?" if match else ""
