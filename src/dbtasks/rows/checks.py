"""Values that a CHECK constraint or a partition's bound speaks of."""

from __future__ import annotations

import operator
import re

from dbtasks.rows.patterns import like, matching

_STRING = re.compile(r"(?:(~~\*?|~\*?)\s*|(!~+\*?)\s*)?'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w.'])")
_LENGTH = re.compile(r"length\(|bit_length|octet_length")
_TIGHT = re.compile(r"= ANY|~~|~|\w\)?(?:::[\w ]+)? = |FOR VALUES")
_LONGEST = 4000
# By type, else by category.
_FORMS = {
    "int2": r"-?(\d{1,4}|[12]\d{4})$",
    "int4": r"-?\d{1,9}$",
    "int8": r"-?\d{1,18}$",
    "uuid": r"[0-9a-fA-F-]{36}$",
    "bytea": r"\\x",
    "D": r"\d{4}-\d\d",
    "T": r".*\d",
    "R": r"[\[(]|empty",
    "A": r"\{",
    "U": r".",
}
_COMPARED = re.compile(r"\w\)*(?:::\w+)? (>=|>|<=|<) \(*'?(-?\d+(?:\.\d+)?)")
_SIDES = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


def mined(definition: str, category: str) -> tuple[str, ...]:
    """Return the values in a definition that a type of this category (pg_type.typcategory) may take."""
    strings = [(one[1] or "", one[3].replace("''", "'")) for one in _STRING.finditer(definition)]
    numbers = _NUMBER.findall(_STRING.sub(" ", definition))
    numbers += [text for _, text in strings if re.fullmatch(r"-?\d+(\.\d+)?", text)]
    if category == "N":
        return tuple(dict.fromkeys(near for one in numbers for near in _near(one)))
    found = [text for sign, one in strings for text in _texts(sign, one)]
    if category == "S" and _LENGTH.search(definition):
        found += [
            char * size
            for number in numbers
            if "." not in number
            for size in (int(number), int(number) + 1, int(number) - 1)
            if 0 < size <= _LONGEST
            for char in ("\u00fc", "a", "1")
        ]
    if category == "B":
        found += re.findall(r"\b(true|false)\b", definition)
    return tuple(dict.fromkeys(found))


def tight(definition: str) -> bool:
    """Tell whether few values can satisfy it, so that those in it are worth trying first."""
    return _TIGHT.search(definition) is not None


def breaks(definition: str, number: str) -> bool:
    """Guess whether a number is on the wrong side of a comparison with a constant.

    Only the order of attempts depends on it.
    """
    return any(
        not _SIDES[sign](float(number), float(limit))
        for sign, limit in _COMPARED.findall(definition)
    )


def readable(name: str, category: str, text: str) -> bool:
    """Tell whether a type can read a text; where that is unknown, the server will say so."""
    form = _FORMS.get(name) or _FORMS.get(category)
    return form is None or re.match(form, text) is not None


def _texts(sign: str, text: str) -> tuple[str, ...]:
    if sign.startswith("~~"):
        return like(text), like(text, -1)
    return (matching(text), matching(text, -1)) if sign else (text,)


def _near(number: str) -> tuple[str, ...]:
    if "." in number:
        return (number,)
    return number, str(int(number) + 1), str(int(number) - 1)
