"""`proof_exceptions.toml`: what it says, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbtasks.errors import SettingsError
from dbtasks.proof_exceptions import KnownException, read_exceptions

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = """
[[exception]]
proof = "stairway"
revision = "aa"
code = "left-over"
object = "enum public.mood"
postgres = [14, 15]
reason = "kept on purpose"
"""


def test_an_entry_is_narrowed_down_by_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "exceptions.toml"
    path.write_text(ENTRY)
    (one,) = read_exceptions(path, ["aa"])
    assert one == KnownException(
        proof="stairway",
        revision="aa",
        code="left-over",
        object="enum public.mood",
        postgres=(14, 15),
        reason="kept on purpose",
    )
    assert one.concerns("stairway", "aa", 14)
    assert not one.concerns("stairway", "aa", 18)
    assert not one.concerns("rows", "aa", 14)
    assert not one.concerns("stairway", "bb", 14)
    assert one.covers("left-over", ["enum public.mood"])
    assert not one.covers("left-over", ["enum public.mood", "table public.a"])
    assert not one.covers("not-restored", ["enum public.mood"])


def test_without_a_file_there_is_no_exception(tmp_path: Path) -> None:
    assert read_exceptions(tmp_path / "nothing.toml", []) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[exception]]\nproof = 'x'\nreason = 'r'\n", "entry 1 is about the unknown proof x"),
        (
            "[[exception]]\nproof = 'rows'\nreason = 'r'\n",
            "entry 1 has no revision, which rows wants",
        ),
        ("[[exception]]\nproof = 'models'\n", "entry 1 has no reason"),
        ("[[exception]]\nproof = 1\nreason = 'r'\n", "entry 1 has a proof that is no text"),
        ("[[exception]]\npostgres = [9]\n", "entry 1 has a postgres that is no list of majors"),
        ("[[exception]]\nwhy = 'r'\n", "entry 1 has the unknown key why"),
        ("exception = [1]\n", "entry 1 is no table"),
        (
            "exception = 3\n",
            "has exception, which is no list of tables, where only [[exception]] may be",
        ),
        ("[other]\n", "has other where only [[exception]] may be"),
        ("[[exception", "cannot be read: "),
        (
            "[[exception]]\nproof = 'rows'\nrevision = 'zz'\nreason = 'r'\n",
            "entry 1 is about revision zz, which no file has",
        ),
    ],
)
def test_a_malformed_file_is_told_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "exceptions.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_exceptions(path, ["aa"])
    assert caught.value.message.startswith(f"{path}: {said}")
    assert caught.value.code == "proof-exceptions"
    assert caught.value.remedy.startswith("write [[exception]] with proof, revision and reason")
