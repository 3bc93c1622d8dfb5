"""Settings worth a word before they bite."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.doctor.finding import Finding
from dbtasks.revisions.locations import read_locations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.doctor.files import Files
    from dbtasks.settings import Settings

_EACH = re.compile(
    r"\btransaction_per_migration\s*=\s*(?!False\b)|[\"']transaction_per_migration[\"']\s*:"
)
_OURS = re.compile(r"^\s*(?:from|import)\s+dbtasks\b", re.MULTILINE)  # run_migrations() sets it
_BLOCK = re.compile(rb"^[^#\n]*\bautocommit_block\s*\(", re.MULTILINE)


def findings(settings: Settings, files: Files) -> Iterator[Finding]:
    """Yield what env.py configures that does not go with the revisions."""
    history = files.history
    if history is None:
        return
    env_file = read_locations(settings).script / "env.py"
    text = env_file.read_text(encoding="utf-8", errors="replace") if env_file.is_file() else ""
    if not text or settings.commit_each or _EACH.search(text) or _OURS.search(text):
        return
    blocks = [one for one in history.files if _BLOCK.search(Path(one.path).read_bytes())]
    if blocks:
        names = ", ".join(one.revision for one in blocks[:3])
        more = f" and {len(blocks) - 3} more" if len(blocks) > 3 else ""
        verb = "commits" if len(blocks) == 1 else "commit"
        yield Finding(
            code="one-transaction",
            message=f"{env_file} runs all revisions in one transaction, and {names}{more}"
            f" {verb} it with autocommit_block(): a failure later leaves changes that the version table does not show",
            remedy=f"pass transaction_per_migration=True to context.configure() in {env_file}",
            note=True,
        )
