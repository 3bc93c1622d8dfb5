"""A real browser that shows a file: as a picture, or as what a script finds in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

DARK, LIGHT = 0, 1  # Blink's numbers of the colour schemes
_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--hide-scrollbars", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--enable-logging=stderr"),
)


def show(chromium: str, shown: Path, *options: str, scheme: int = LIGHT) -> tuple[str, list[str]]:
    """Open a file with a profile of its own; return stdout, and what the page's console says."""
    done = subprocess.run(
        [
            *(chromium, *_QUIET, f"--user-data-dir={shown.with_name(f'profile {scheme}')}"),
            *(f"--blink-settings=preferredColorScheme={scheme}", *options, shown.as_uri()),
        ],
        env={**os.environ, "HOME": str(shown.parent)},
        capture_output=True,
        timeout=120,
        check=True,
    )
    console = [line for line in done.stderr.decode().splitlines() if ":CONSOLE:" in line]
    return done.stdout.decode(), console


def ask(
    chromium: str, page: str, script: str, folder: Path, *, width: int, scheme: int
) -> tuple[Any, list[str]]:
    """Return what a script returns in a page shown so many pixels wide, and what the console says.

    The page is in a frame, as a headless Chromium makes no window narrower than 500 pixels.
    """
    probe = f"<script>parent.document.body.dataset.found = JSON.stringify((() => {{{script}}})())</script>"
    frame = escape(page.replace("</body>", f"{probe}</body>"))
    outer = folder / f"outer {width} {scheme}.html"
    outer.write_text(
        '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f'<link rel="icon" href="data:,"><body><iframe width="{width}" height="900" style="border:0" srcdoc="{frame}"></iframe>',
        encoding="utf-8",
    )
    dumped, console = show(chromium, outer, "--window-size=1600,1000", "--dump-dom", scheme=scheme)
    found = re.search(r'data-found="([^"]*)"', dumped)
    assert found is not None, (dumped[-500:], console)
    return json.loads(unescape(found[1])), console
