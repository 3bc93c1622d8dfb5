"""Which tests have to run on one worker: those of a short file, and those that share a server."""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# Servers are made once for all tests of these files, of some for each kind.
_SHARED = re.compile(
    r"tests/integration/test_(?:branches|catalog|catalog_versions|server_contract)\.py"
    r"::\w+(?:\[(?P<kind>docker-\d+|compose-\d+|local))?"
)


class Spread(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out what belongs together as one, and every other test on its own."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        shared = _SHARED.match(nodeid)
        if shared:
            return f"{path} {shared['kind']}"
        return nodeid if "/integration/" in path or path.count("/") == 1 else path
