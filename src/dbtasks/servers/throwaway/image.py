"""The image of a throwaway container: what it says about itself, and how it is run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.servers import docker_plan as plan
from dbtasks.servers.throwaway.client import DockerRefusedError, docker
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dbtasks.servers.throwaway.seed import Seed
    from dbtasks.settings import Settings

SEED_LABEL = "dbtasks.seed"
_MISSING = "no such image"
_INITDB = "POSTGRES_INITDB_ARGS"
# Runs the image's entrypoint and command, which are its arguments, on data from the seed; without
# one the entrypoint first makes the data, as on every first start, and they are kept when that
# server, on a port that nobody knows, has ended in order. Whatever fails here, the server starts.
# Only root may enter the seed's folder, so that no later server can change it.
_FILL = """
seed=/dbtasks-seed
if [ -f "$seed/data.tar" ]; then
    mkdir -p "$PGDATA"
    if ! tar -xf "$seed/data.tar" -C "$PGDATA"; then
        rm -f "$seed/data.tar"
        find "$PGDATA" -mindepth 1 -delete
    fi
elif [ -w "$seed" ] && chmod 700 "$seed"; then
    PGPORT=5433 "$@" &
    server=$!
    while kill -0 "$server" 2>/dev/null; do
        if [ "$(head -n 1 "$PGDATA/postmaster.pid" 2>/dev/null)" = "$server" ]; then
            kill -INT "$server"
            break
        fi
        sleep 0.05
    done
    wait "$server" || exit
    find "$seed" -name '*.draft' -mmin +60 -delete
    draft=$seed/$(cat /proc/sys/kernel/random/uuid).draft
    if tar -cf "$draft" -C "$PGDATA" .; then
        ln "$draft" "$seed/data.tar"
    fi
    rm -f "$draft"
fi
"""
_FROM_SEED = f'{_FILL}exec "$@"\n'
# Fills the data of a server that is to stay, and says so once they are on the disk. What scripts of
# the image do is for the database of the first start, which a seed does not know.
_ONLY_FILL = f"""
[ -z "$(ls -A /docker-entrypoint-initdb.d 2>/dev/null)" ] || exit 0
{_FILL}
[ -f "$PGDATA/PG_VERSION" ] || exit 0
sync -f "$PGDATA" 2>/dev/null || sync
echo filled
"""


@dataclass(frozen=True, kw_only=True)
class DockerImage:
    """An image on this machine."""

    id: str
    about: plan.Image
    entrypoint: tuple[str, ...]

    @classmethod
    def get(cls, settings: Settings, say: Callable[[str], None]) -> DockerImage:
        """Return the image of the settings, pulled if it is missing.

        Raises:
            ServerError: code `image`; it cannot be had.
            SettingsError: it is of another major.
        """
        name = plan.image_name(settings)
        try:
            text = docker("image", "inspect", name)
        except DockerRefusedError as error:
            if _MISSING not in error.output.lower():
                raise ServerError(
                    f"image {name} cannot be looked at: {error}",
                    remedy="check the image's name (DBTASKS_IMAGE)",
                    code="image",
                ) from None
            _pull(settings, name, say)
            text = docker("image", "inspect", name)
        found = json.loads(text)[0]
        config = found["Config"]
        pairs = (item.partition("=") for item in config.get("Env") or ())
        about = plan.Image(
            name=name,
            env={variable: value for variable, _, value in pairs},
            volumes=tuple(config.get("Volumes") or ()),
            command=tuple(config.get("Cmd") or ()),
        )
        plan.check_major(about, settings)
        return cls(id=found["Id"], about=about, entrypoint=tuple(config.get("Entrypoint") or ()))

    @property
    def environment(self) -> dict[str, str]:
        """The variables that every container of it gets; options of initdb in the image stay."""
        options = f"{self.about.env.get(_INITDB, '')} --no-sync".strip()
        return {"POSTGRES_DB": "postgres", _INITDB: options}

    def arguments(self, parameters: Mapping[str, str], seed: Seed | None) -> list[str]:
        """Return the arguments of `docker run` from the entrypoint on."""
        command = plan.command(self.about, parameters)
        if seed is None:
            return [self.id, *command]
        return self._with_seed(seed, _FROM_SEED, command)

    def filling(self, seed: Seed) -> list[str]:
        """Return the arguments of `docker run` that only fill the data folder; it prints `filled` then."""
        return self._with_seed(seed, _ONLY_FILL, plan.command(self.about, {}))

    def _with_seed(self, seed: Seed, script: str, command: Iterable[str]) -> list[str]:
        volume = f"type=volume,src={seed.name},dst=/dbtasks-seed,volume-label={SEED_LABEL}=1"
        options = ["--mount", volume, "--entrypoint", "sh"]
        return [*options, self.id, "-c", script, "sh", *self.entrypoint, *command]


def _pull(settings: Settings, name: str, say: Callable[[str], None]) -> None:
    # Imported late: they need python-on-whales.
    from dbtasks.servers.container import docker_errors
    from dbtasks.servers.docker_objects import DockerObjects

    with docker_errors(f"image {name} cannot be had"):
        DockerObjects(settings, State(settings), say).image()
