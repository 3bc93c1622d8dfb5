"""The container of before, kept under another name until the one in its place has answered."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from python_on_whales.exceptions import DockerException

from dbtasks.servers import docker_plan as plan
from dbtasks.servers.docker_objects import PortRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.servers.container import Seen
    from dbtasks.servers.docker_objects import DockerObjects


class Replacement:
    """A container's exchange for one of other settings, which a failure undoes.

    A container made in the place of another one has a label that says so: a killed process may
    leave both behind. Without the new one, the old one is put back; with both, the new one is still
    to be proven.
    """

    def __init__(self, objects: DockerObjects, say: Callable[[str], None]) -> None:
        self._objects = objects
        self._say = say
        self._ran = False

    def set_aside(self, old: Seen) -> bool:
        """Stop the container and give its name free; tell whether there is one to put back.

        A container that has not been proven itself, or is dead, is removed.
        """
        objects, before = self._objects, self._before()
        ran = old.state != "stopped"
        objects.halt(old)
        if before is not None or old.status == "dead":
            objects.remove_container(old)
            return before is not None
        self._ran = ran
        objects.docker.container.rename(old.id, objects.names.before)
        return True

    def put_back(self) -> bool:
        """Put the old container in the place of the new one; tell whether there was one."""
        objects, before = self._objects, self._before()
        if before is None:
            return False
        new = objects.look()
        if new is not None:
            objects.halt(new)
            objects.remove_container(new)
        name = objects.names.container
        objects.docker.container.rename(before.id, name)
        self._say(f"container {name} of before is put back")
        old = objects.look()
        if self._ran and old is not None:
            with contextlib.suppress(DockerException, PortRefusedError):
                objects.wake(old)
        return True

    def finish(self, new: Seen) -> None:
        """Remove the old container, if the new one was made in its place."""
        if plan.REPLACES in new.labels:
            self.remove()

    def remove(self) -> None:
        """Remove the old container."""
        before = self._before()
        if before is not None:
            self._objects.remove_container(before)

    def _before(self) -> Seen | None:
        return self._objects.look(self._objects.names.before)
