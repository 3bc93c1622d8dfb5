"""Imports made while something else is waited for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from dbtasks.ahead import imported_meanwhile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)


def test_a_module_is_there_at_the_end_of_the_block(tmp_path: Path) -> None:
    (tmp_path / "needed_soon.py").write_text("import time\ntime.sleep(0.01)\ncomplete = True\n")
    with imported_meanwhile("needed_soon"):
        pass
    assert sys.modules.pop("needed_soon").complete


def test_who_needs_a_broken_module_gets_its_error(tmp_path: Path) -> None:
    (tmp_path / "broken_soon.py").write_text("import no_such_module_at_all\n")
    with imported_meanwhile("broken_soon"):
        pass
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_module_at_all'"):
        __import__("broken_soon")


def test_an_error_of_the_block_comes_when_the_import_is_over(tmp_path: Path) -> None:
    (tmp_path / "slow_to_come.py").write_text("import time\ntime.sleep(0.01)\n")
    with pytest.raises(ValueError, match="of the block"), imported_meanwhile("slow_to_come"):
        raise ValueError("of the block")
    assert "slow_to_come" in sys.modules
