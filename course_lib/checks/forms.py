"""The form of an answer: which kind of value it is, and in which way it is none that was asked for."""

import math
from typing import Any

WANTED = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a tuple",
}


def misfit(function: str, given: Any, expected: Any) -> str:
    """What is wrong with the kind of an answer that is no tensor, or an empty string."""
    kind = list if isinstance(given, list) and isinstance(expected, tuple) else type(expected)
    if kind is float and type(given) is int:
        return ""
    if type(given) is not kind:
        return f"{function} must return {WANTED[type(expected)]}, it returned {kind_of(given)}."
    if isinstance(given, tuple | list) and len(given) != len(expected):
        return f"{function} must return {len(expected)} values, it returned {len(given)}."
    for part in given if isinstance(given, tuple | list) else (given,):
        if isinstance(part, float) and not math.isfinite(part):
            return f"{function} returned {part}. Is there a division by 0?"
    return ""


def plain(value: Any) -> Any:
    """A Python number or truth value, if the value is one of NumPy's or torch's."""
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    kind = str(getattr(value, "dtype", "")).removeprefix("torch.")
    if kind.startswith(("bool", "int", "float", "uint")) and getattr(value, "ndim", 1) == 0:
        return value.item()
    return value


def kind_of(value: Any) -> str:
    """Name of a value's type, with the value itself if it is short to say."""
    return (
        f"{type(value).__name__} ({str(value)[:40]})"
        if isinstance(value, int | str)
        else type(value).__name__
    )


def sentence(text: str) -> str:
    """The text with a capital at its beginning and a stop at its end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", ")")) else ".")
