"""The first start of a development server on data that are there already, so that no initdb has to run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.servers import docker_plan as plan
from dbtasks.servers.base import wait_until_ready
from dbtasks.servers.container import watch
from dbtasks.servers.docker_objects import ChangedMeanwhileError
from dbtasks.servers.kept_data import put
from dbtasks.servers.throwaway import docker as throwaway
from dbtasks.servers.throwaway.client import DockerRefusedError, docker
from dbtasks.servers.throwaway.image import DockerImage
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.servers.container import Seen
    from dbtasks.servers.docker_objects import DockerObjects
    from dbtasks.servers.kept_data import KeptData
    from dbtasks.servers.throwaway.seed import Seed
    from dbtasks.settings import Settings
    from dbtasks.state import State

_POLL = 0.02


class FirstStart:
    """Fills an empty data volume from a file of data, or else from the seed of throwaway servers.

    The seed holds what the image's first start makes; both come with a password of their own that
    ends with `settle`. Until then the volume has its mark of an unfinished one, and whoever finds such a
    volume begins anew with initdb: so two checkouts that disturb each other come to an end.
    """

    def __init__(
        self,
        objects: DockerObjects,
        settings: Settings,
        state: State,
        say: Callable[[str], None],
    ) -> None:
        self._objects, self._settings, self._state, self._say = objects, settings, state, say
        self._seed: Seed | None = None
        self.data: KeptData | None = None
        """What to begin with; not believed any more once it was of no use."""
        self.has_data = False
        """Whether the server runs on these data."""
        self._poured = False
        self._may_use_seed = objects.moving_from is None
        self.is_repeated = False
        """Whether the data of before were just removed: who begins anew once does so again, and
        then a missing seed is made."""

    def give_up_seed(self) -> None:
        """Let the image make the data itself."""
        self._may_use_seed = False
        self.data = None

    @property
    def image(self) -> plan.Image | None:
        """The image that the data are of, which has been looked at just now."""
        return self.data.image if self.data is not None else None

    @property
    def pours(self) -> bool:
        """Tell whether a new container is to get data before it is started."""
        return self.data is not None

    def pour(self, folder: str) -> None:
        """Write the data to the data volume of the container, which is new and does not run yet.

        Raises:
            ChangedMeanwhileError: that was not possible, and the data are not believed any more.
        """
        assert self.data is not None
        self._may_use_seed = False
        try:
            if not put(self.data, self._objects.names.container, folder):
                raise self._useless("it is damaged")
        except (DockerRefusedError, OSError) as error:
            raise self._useless(str(error)) from None
        self._poured = True

    def fill(self) -> bool:
        """Fill the data volume, which is new, and tell whether there is something in it now."""
        if not self._may_use_seed:
            return False
        self._may_use_seed = False  # once: whatever goes wrong, the second attempt works without
        image = DockerImage.get(self._settings, self._say)
        seed = throwaway.seed_of(image, self._settings)
        if seed is None or not (self.is_repeated or seed.is_known):
            return False
        if self._run(image, seed) != "filled":
            return False
        self._seed = seed
        return True

    def settle(
        self, seen: Seen, look: Callable[[], Seen], check_alive: Callable[[Seen], None]
    ) -> None:
        """Make the database, and end the password that the data came with, once the server answers.

        Raises:
            ChangedMeanwhileError: seed or data were of no use; a seed is gone.
        """
        if self._poured and self.data is not None and seen.address is not None:
            self._poured = False
            self._settle_data(self.data, seen.address, watch(self._ours(seen, look), check_alive))
            return
        seed, self._seed = self._seed, None
        if seed is None or seen.address is None:
            return
        from dbtasks import maintenance

        try:
            url = self._answering(
                seen.address, seed.password, watch(self._ours(seen, look), check_alive)
            )
        except ServerError as error:
            if error.code not in {"died", "password"}:
                raise
            self._say(f"what was kept of the image's first start is of no use: {error.message}")
            throwaway.discard(seed.name)
            raise ChangedMeanwhileError from None
        maintenance.create(url.with_database(self._settings.database))
        maintenance.change_password(url, self._state.password(self._objects.secret))
        seed.mark_used()
        throwaway.forget_unused_seeds()

    def _settle_data(
        self, data: KeptData, address: tuple[str, int], check_alive: Callable[[], None]
    ) -> None:
        """Look whose data these are, have them on the disk, and end their password."""
        from dbtasks import maintenance
        from dbtasks.servers import cluster_data

        try:
            url = self._answering(address, data.password, check_alive)
            if cluster_data.synced_identifier(url) != data.identifier:
                raise self._useless("it is of another cluster")
        except ServerError as error:
            if error.code not in {"died", "password", "cluster-data"}:
                raise
            raise self._useless(error.message) from None
        maintenance.change_password(url, self._state.password(self._objects.secret))
        self.has_data = True

    def _useless(self, reason: str) -> ChangedMeanwhileError:
        self._say(f"the template of the server is of no use: {reason}")
        self.data = None
        return ChangedMeanwhileError()

    def _ours(self, seen: Seen, look: Callable[[], Seen]) -> Callable[[], Seen]:
        def ours() -> Seen:
            found = look()
            if found.id != seen.id:
                raise ChangedMeanwhileError
            return found

        return ours

    def _answering(
        self, address: tuple[str, int], password: str, check_alive: Callable[[], None]
    ) -> DatabaseURL:
        """Wait for the server with the password that its data came with."""
        url = DatabaseURL(
            host=address[0],
            port=address[1],
            user=self._settings.user,
            password=password,
            database="postgres",
        )
        wait_until_ready(
            url,
            timeout=self._settings.start_timeout,
            say=self._say,
            check_alive=check_alive,
            poll=_POLL,
        )
        return url

    def _run(self, image: DockerImage, seed: Seed) -> str:
        name, settings = self._objects.names.filling, self._settings
        arguments = ["run", "--rm", "--pull", "never", "--name", name]
        arguments += ["--network", "none", "--log-driver", "none", "--no-healthcheck"]
        for label, value in plan.container_labels(settings).items():
            arguments += ["--label", f"{label}={value}"]
        path = plan.data_path(image.about, settings.postgres)
        arguments += ["--volume", f"{self._objects.names.volume}:{path}"]
        environment = {
            **image.environment,
            "POSTGRES_USER": settings.user,
            "POSTGRES_PASSWORD": seed.password,
        }
        done = False
        try:
            printed = docker(*arguments, *image.filling(seed), environment=environment)
            done = True
        except DockerRefusedError:
            return ""
        finally:
            if not done:
                with contextlib.suppress(DockerRefusedError, ServerError):
                    throwaway.remove(name)
        return (printed.split() or [""])[-1]
