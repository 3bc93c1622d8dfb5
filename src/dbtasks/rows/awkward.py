r"""Values of every type, as the text that the server reads, from awkward to plain.

Boundary values stay where any client can read them: Python knows no infinite date, no year 0 and
no 24:00, so dates run from 0001 to 9999.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbtasks.rows.tables import Type

_LONGEST = 4000
_TEXTS = (
    "",
    "e\u0301\u0323 A\u030angstro\u0308m",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1fa\U0001f1f3",
    'O\'Brien "quoted" \\back\\slash; -- /*',
    "\u202e\u05e9\u05dc\u05d5\u05dd \u0639\u0631\u0628\u064a\u202c",
    "  leading, trailing\t",
    "line\nbreak\r\n",
    "100% %s %(x)s {0} $1 :name",
    "NULL",
    "\u0130\u0131\u00df\u01c5\ufb01",
    "\u00a0\u200b\ufeff",
)
_INTEGERS = {"int2": 15, "int4": 31, "int8": 63}


@dataclass(frozen=True, kw_only=True)
class Values:
    """Values of one type; `plain` ones differ from row to row."""

    awkward: tuple[str, ...]
    plain: tuple[str, ...]


def values(oid: int, modifier: int, types: Mapping[int, Type], row: int) -> Values:
    """Return the values of a type for the row of this number."""
    type_ = types[oid]
    if type_.kind == "d" and type_.base is not None:
        return values(type_.base, type_.modifier, types, row)
    if type_.kind == "e":
        ends = dict.fromkeys((*type_.labels[:1], *type_.labels[-1:]))
        return Values(awkward=tuple(ends), plain=type_.labels)
    if type_.kind == "c":
        return _composite(type_, types, row)
    if type_.kind == "r" and type_.base is not None:
        return _range(values(type_.base, -1, types, row).plain)
    if type_.kind == "m" and type_.base is not None:
        inner = values(type_.base, -1, types, row)
        return Values(awkward=("{}", "{(,)}"), plain=tuple(f"{{{one}}}" for one in inner.plain))
    if type_.name in ("int2vector", "oidvector"):
        return Values(awkward=("",), plain=(f"{row} 1",))
    if type_.category == "A" and type_.base is not None:
        return _array(values(type_.base, modifier, types, row), types[type_.base].delimiter)
    return _scalar(type_.name, modifier, row)


def length(name: str, modifier: int) -> int | None:
    """Return how many characters a text type takes, None when it does not say."""
    if name in ("varchar", "bpchar") and modifier >= 4:
        return modifier - 4
    return {"char": 1, "name": 31}.get(name)


def _scalar(name: str, modifier: int, row: int) -> Values:
    if name in ("text", "varchar", "bpchar", "name", "char", "citext"):
        found = _text(length(name, modifier), row)
        if name == "char":  # one byte, of which half a letter is no text
            return Values(awkward=("", " ", "'"), plain=found.plain)
        return found
    if name in _INTEGERS:
        limit = 2 ** _INTEGERS[name]
        plain = tuple(str(41 + row + 101 * step) for step in range(4))
        return Values(
            awkward=(str(-limit), str(limit - 1), "0", "-1"), plain=(*plain, str(row + 1), "1")
        )
    if name == "numeric":
        return _numeric(modifier, row)
    if name in ("bit", "varbit"):
        size = modifier if modifier > 0 else 8
        return Values(
            awkward=("0" * size, "1" * size, *([""] if name == "varbit" else [])),
            plain=(format(row % 2 ** min(size, 30), f"0{size}b"),),
        )
    if name in ("vector", "halfvec"):
        size = modifier if modifier > 0 else 3
        return Values(
            awkward=(f"[{','.join('0' * size)}]",), plain=(f"[{','.join([str(row + 1)] * size)}]",)
        )
    return _listed(name, row)


def _listed(name: str, row: int) -> Values:
    minute, day = f"{row % 60:02}", f"{row % 27 + 1:02}"
    plain = {
        "float4": (f"{row}.5", "1"),
        "float8": (f"{row}.5", "1"),
        "money": (str(row + 1), "0"),
        "oid": (str(20000 + row), "1"),
        "bool": ("true", "false"),
        "bytea": (f"\\x{row % 256:02x}ff", "\\x61"),
        "date": (f"2024-02-{day}",),
        "timestamp": (f"2024-02-29 12:{minute}:00",),
        "timestamptz": (f"2024-02-29 12:{minute}:00+00",),
        "time": (f"12:{minute}:00",),
        "timetz": (f"12:{minute}:00+00",),
        "interval": (f"{row + 1} days", "0"),
        "json": (f'{{"row": {row}}}', "{}", "[]", '"text"', "1"),
        "jsonb": (f'{{"row": {row}}}', "{}", "[]", '"text"', "1"),
        "jsonpath": (f"$.a{row}",),
        "uuid": (f"00000000-0000-4000-8000-{row:012x}",),
        "inet": (f"192.0.2.{row % 256}",),
        "cidr": (f"192.0.2.{row % 256}/32",),
        "macaddr": (f"08:00:2b:01:02:{row % 256:02x}",),
        "macaddr8": (f"08:00:2b:01:02:03:04:{row % 256:02x}",),
        "xml": (f"<row>{row}</row>",),
        "tsvector": (f"'row':1 '{row}':2",),
        "tsquery": (f"'row{row}'",),
        "point": (f"({row},1)",),
        "line": (f"{{1,1,{row}}}",),
        "lseg": (f"[({row},0),(1,1)]",),
        "box": (f"({row},1),(0,0)",),
        "path": (f"[({row},0),(1,1)]",),
        "polygon": (f"(({row},0),(1,1),(0,1))",),
        "circle": (f"<({row},0),1>",),
        "pg_lsn": (f"0/{row + 1:X}",),
        "hstore": (f'"row"=>"{row}"',),
        "ltree": (f"top.row{row}",),
        "lquery": (f"top.row{row}",),
        "cube": (f"({row})",),
        "seg": (f"{row}",),
        "geometry": (f"POINT({row} 0)",),
        "geography": (f"POINT({row % 180} 0)",),
        "regclass": ("pg_class",),
        "regtype": ("integer",),
    }.get(name, ("0", "1", "a", "()", "{}", "[]", ""))
    return Values(awkward=_AWKWARD.get(name, ()), plain=plain)


_JSON = (
    "null",
    '{"": [null, {"a": {"b": [[], {}, "\\u00e9 \\\\ \\" \'"]}}], "n": -1e-7}',
    "[]",
    '"text"',
)
_AWKWARD: Mapping[str, tuple[str, ...]] = {
    "float4": ("NaN", "3.4028235e38", "-Infinity", "-0", "1.1754944e-38"),
    "float8": ("NaN", "1.7976931348623157e308", "-Infinity", "-0", "2.2250738585072014e-308"),
    "money": ("-92233720368547758", "92233720368547758", "0"),
    "oid": ("0", "4294967295"),
    "bool": ("false", "true"),
    "bytea": ("\\x00ff00", "\\x", "\\x5c27220a00"),
    "date": ("0001-01-01", "9999-12-31", "1900-02-28", "2000-02-29"),
    "timestamp": ("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "1970-01-01 00:00:00"),
    # Two days from the ends, so that no session's zone moves them out of what Python can hold.
    "timestamptz": (
        "0001-01-03 00:00:00+13:45",
        "9999-12-29 23:59:59.999999-09:30",
        "1883-11-18 12:03:57-04:56:02",
        "2024-10-27 02:30:00+01",
    ),
    "time": ("00:00:00", "23:59:59.999999"),
    "timetz": ("00:00:00+13:45", "23:59:59.999999-12:00"),
    "interval": ("-1 mons +15 days -00:00:00.000001", "999999 days 23:59:59.999999", "0"),
    "json": _JSON,
    "jsonb": _JSON,
    "uuid": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "inet": ("0.0.0.0/0", "::ffff:192.0.2.1/128", "10.1.2.3/8"),
    "cidr": ("0.0.0.0/0", "2001:db8::/32"),
    "macaddr": ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"),
    "macaddr8": ("00:00:00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff:ff:ff"),
    "xml": ('<a b="&lt;&amp;">\u00e9<!-- c --></a>', "text &#38; no element"),
    "tsvector": ("", "'O''Brien':1A,2B 'a b':3"),
    "tsquery": ("", "'a' & !'b' <-> 'c':*"),
    "point": ("(-1e308,1e-308)", "(NaN,Infinity)"),
    "box": ("(0,0),(0,0)",),
    "polygon": ("((0,0))",),
    "circle": ("<(0,0),0>",),
    "pg_lsn": ("0/0", "FFFFFFFF/FFFFFFFF"),
    "hstore": ("", '"a"=>NULL, ""=>"", "b c"=>"\\"q\\" \\\\"'),
    "ltree": ("", "Top.A_1.b"),
    "cube": ("(0),(1)", "()"),
    "geometry": ("POINT EMPTY",),
    "geography": ("POINT EMPTY",),
}


def _text(limit: int | None, row: int) -> Values:
    fitting = [one for one in _TEXTS if limit is None or len(one) <= limit]
    if limit is not None and limit <= _LONGEST:
        fitting.insert(2, "\u00fc" * limit)
    plain = (
        f"row {row}", f"a{row}", f"A{row}", str(row + 1), f"user{row}@example.org",
        f"https://example.org/{row}", f"+49151234560{row}", chr(97 + row % 26), "A",
    )  # fmt: skip
    return Values(
        awkward=tuple(dict.fromkeys(fitting)),
        plain=tuple(one for one in plain if limit is None or len(one) <= limit),
    )


def _numeric(modifier: int, row: int) -> Values:
    if modifier < 4:
        return Values(
            awkward=("-0.00000000000000000001", "123456789012345678901234567890.0123456789", "0"),
            plain=(f"{row}.5", str(41 + row), "1"),
        )
    precision = (modifier - 4) >> 16 & 0xFFFF
    scale = ((modifier - 4 & 0x7FF) ^ 1024) - 1024  # negative scales since PostgreSQL 15
    most, step = f"{'9' * precision}e{-scale}", f"1e{-scale}"
    return Values(
        awkward=(f"-{most}", most, step, "0"),
        plain=(f"{row % 10 ** min(precision, 4) + 1}e{-scale}", str(row % 9 + 1), "0"),
    )


def _range(plain: tuple[str, ...]) -> Values:
    quoted = [_quoted(one) for one in plain]
    bounded = tuple(f"[{one},{one}]" for one in quoted)
    return Values(awkward=("empty", "(,)", *(f"[{one},)" for one in quoted[:1])), plain=bounded)


def _array(of: Values, delimiter: str) -> Values:
    every = [_quoted(one) for one in (*of.awkward[:3], *of.plain[:1])]
    return Values(
        awkward=("{}", "{NULL}", f"{{{delimiter.join([*every, 'NULL'])}}}"),
        plain=tuple(f"{{{_quoted(one)}}}" for one in of.plain),
    )


def _composite(type_: Type, types: Mapping[int, Type], row: int) -> Values:
    of = [values(oid, modifier, types, row) for oid, modifier in type_.attributes]
    nothing = f"({',' * (len(of) - 1)})"
    return Values(
        awkward=(_record([(*one.awkward, *one.plain) for one in of]), nothing),
        plain=(_record([one.plain for one in of]), nothing),
    )


def _record(of: Sequence[Sequence[str]]) -> str:
    """Return a composite of the first value of each attribute; NULL where there is none."""
    return f"({','.join(_quoted(one[0]) if one else '' for one in of)})"


def _quoted(text: str) -> str:
    """Quote an element of an array, a composite or a range, which all read this form."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
