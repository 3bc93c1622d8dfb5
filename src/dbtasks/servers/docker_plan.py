"""What dbtasks wants of a container: names, labels, image, port; decided before anything is changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbtasks.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dbtasks.settings import Settings

REPLACES = "dbtasks.replaces"
# On a data volume that an upgrade of the server made: the major that the data come from.
MOVED_FROM = "dbtasks.moved-from"
# On a container whose data come from a seed: its first start is done when we have changed the password.
SEEDED = "dbtasks.seeded"


@dataclass(frozen=True, kw_only=True)
class Image:
    """What an image says about itself."""

    name: str
    env: Mapping[str, str] = field(repr=False)
    volumes: Collection[str]
    command: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of one server's container and volumes.

    The volume `unfinished` exists from before the data volume is made until the server answered for
    the first time, so that every checkout that shares the engine can tell a half-made volume. It is
    the absence that says finished: a mark that gets lost must never cost data.

    `before` is the container of before while the one in its place has not answered yet. The volume
    `moving` exists while data of another major are being moved into the data volume. The container
    `filling` fills the data volume from a seed, and removes itself.
    """

    container: str
    volume: str
    unfinished: str
    before: str
    moving: str
    filling: str

    @classmethod
    def of(cls, settings: Settings) -> Names:
        """Return the names that these settings lead to."""
        name = f"dbtasks-{settings.key}"
        return cls(
            container=name,
            volume=name,
            unfinished=f"{name}-unfinished",
            before=f"{name}-before",
            moving=f"{name}-moving",
            filling=f"{name}-filling",
        )


def image_name(settings: Settings) -> str:
    """Return the image with its version filled in."""
    return settings.image.replace("{version}", str(settings.postgres))


def volume_labels(settings: Settings) -> dict[str, str]:
    """Return the labels of a server's volume: whose it is, and what it can never change."""
    return {
        "dbtasks.key": settings.key,
        "dbtasks.project": settings.name,
        "dbtasks.database": settings.database,
        "dbtasks.postgres": str(settings.postgres),
        "dbtasks.user": settings.user,
    }


def container_labels(settings: Settings) -> dict[str, str]:
    """Return the labels of a server's container: those of its volume, and what can be changed."""
    return {
        **volume_labels(settings),
        "dbtasks.image": image_name(settings),
        "dbtasks.options": json.dumps(settings.server_options, sort_keys=True),
    }


def is_ours(labels: Mapping[str, str], settings: Settings) -> bool:
    """Tell whether a container or volume of our name was made by dbtasks for this database."""
    wanted = volume_labels(settings)
    return all(
        labels.get(name) == wanted[name]
        for name in ("dbtasks.key", "dbtasks.project", "dbtasks.database")
    )


def changes(
    labels: Mapping[str, str], settings: Settings, *, port: int | None, wanted_port: int
) -> list[str]:
    """Say what a container with these labels has otherwise than the settings want it."""
    wanted = container_labels(settings)
    found = []
    if labels.get("dbtasks.image") != wanted["dbtasks.image"]:
        found.append(f"the image is now {wanted['dbtasks.image']}")
    if labels.get("dbtasks.options") != wanted["dbtasks.options"]:
        found.append("server_options have changed")
    if port != wanted_port:
        found.append(f"the port is now {wanted_port}")
    return found


def check_major(image: Image, settings: Settings, *, moving: bool = False) -> None:
    """Refuse an image of another major than the one that is set, or `moving`, that data are moved to.

    Raises:
        SettingsError: the image says that it is another one.
    """
    major = image.env.get("PG_MAJOR", "").partition(".")[0]
    if major and major != str(settings.postgres):
        if moving:
            raise SettingsError(
                f"image {image.name} ({settings.sources['image']}) is PostgreSQL {major}, and the data"
                f" are to be moved to {settings.postgres}",
                remedy=f"let image (DBTASKS_IMAGE) name one of PostgreSQL {settings.postgres}, or have"
                " {version} in its tag, then run this again; the old server stays on its own",
                code="image-major",
            )
        raise SettingsError(
            f"image {image.name} is PostgreSQL {major}, and postgres = {settings.postgres} is set",
            remedy=f"set postgres = {major} (DBTASKS_POSTGRES), or an image with {{version}} in its tag",
            code="image-major",
        )


def data_path(image: Image, major: int) -> str:
    """Return where the data volume belongs.

    The image knows best: the volume it declares around its PGDATA. Else the official image's rule:
    up to 17 /var/lib/postgresql/data; since 18 its parent, and a mount below it is refused.
    """
    pgdata = image.env.get("PGDATA", "")
    around = [path for path in image.volumes if pgdata == path or pgdata.startswith(f"{path}/")]
    if len(around) == 1:
        return around[0]
    return "/var/lib/postgresql" if major >= 18 else "/var/lib/postgresql/data"


def command(image: Image, options: Mapping[str, str]) -> list[str]:
    """Return the image's own command with the server parameters added."""
    parts = list(image.command or ("postgres",))
    for name, value in options.items():
        parts += ["-c", f"{name}={value}"]
    return parts
