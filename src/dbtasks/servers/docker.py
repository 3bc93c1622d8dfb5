"""The docker kind: a container and a volume of this project's own."""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import TYPE_CHECKING

from python_on_whales.exceptions import DockerException, NoSuchContainer, NoSuchVolume

from dbtasks.errors import DbtasksError, ServerError
from dbtasks.results import ServerStatus
from dbtasks.servers import docker_address, engine, other_majors, ports
from dbtasks.servers import docker_plan as plan
from dbtasks.servers.base import Server, silence_of, wait_until_ready
from dbtasks.servers.container import (
    RECREATE,
    Seen,
    docker_errors,
    password_misfit,
    psql_inside,
    watch,
)
from dbtasks.servers.container_log import dead, log_lines
from dbtasks.servers.docker_first_start import FirstStart
from dbtasks.servers.docker_objects import (
    RETRY_AFTER,
    ChangedMeanwhileError,
    DockerObjects,
    PortRefusedError,
)
from dbtasks.servers.engine import engine_answers
from dbtasks.servers.engine_lock import engine_lock
from dbtasks.servers.replacement import Replacement
from dbtasks.servers.throwaway.client import DockerRefusedError
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dbtasks.servers.kept_data import KeptData
    from dbtasks.settings import Settings

__all__ = ["DockerServer", "engine_answers"]

_ATTEMPTS = 20


class DockerServer(Server):
    """PostgreSQL in a container, with its data in a volume, on a port of 127.0.0.1.

    Every step can be the last one of a killed process: what is made is labelled as it is made, and
    a volume counts as unfinished until its server has answered once. With `moving_from` it is the
    server that an upgrade fills, and its volume has a mark of that, too.
    """

    kind = "docker"
    takes_data = True

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None] = lambda _: None,
        *,
        moving_from: int | None = None,
    ) -> None:
        super().__init__(settings, say)
        self._objects = DockerObjects(settings, self.state, self.say, moving_from=moving_from)
        self._name = self._objects.names.container
        self._replacement = Replacement(self._objects, self.say)
        self._refused_ports: set[int] = set()
        self._first_start = FirstStart(self._objects, settings, self.state, self.say)

    def status(self) -> ServerStatus:
        """Look at the container: one question to Docker."""
        with docker_errors(f"container {self._name} cannot be looked at"):
            seen = self._objects.look()
            data = self._objects.data_of_majors() if seen is None else ()
        state = seen.state if seen else "absent"
        url = None
        if seen is not None and state in {"running", "paused"}:
            url = next(iter(self._urls(seen)), None)
        return ServerStatus(
            kind=self.kind,
            state=state,
            where=f"container {self._name}",
            url=url,
            note=other_majors.about_absent(self.settings, self.settings.postgres, data),
        )

    def start(self) -> DatabaseURL:
        """Start the container, and make it and its volume if they are missing."""
        engine.check_engine_is_here()
        with (
            engine_lock(self.state, self.settings, self._objects.secret),
            docker_errors(f"container {self._name} cannot be started"),
        ):
            self._objects.remove_leftovers()
            for _ in range(_ATTEMPTS):
                with contextlib.suppress(ChangedMeanwhileError, NoSuchContainer, NoSuchVolume):
                    return self._bring_up()
                time.sleep(RETRY_AFTER)
        raise ServerError(
            f"container {self._name} was changed by somebody else {_ATTEMPTS} times while it was started",
            remedy="see who starts or removes it (docker events), then run invoke db.start again",
            code="busy",
        )

    def stop(self) -> None:
        """Stop the container, and keep it with its volume."""
        with (
            engine_lock(self.state, self.settings, self._objects.secret),
            docker_errors(f"container {self._name} cannot be stopped"),
            contextlib.suppress(NoSuchContainer),
        ):
            seen = self._objects.look()
            if seen is not None:
                self._objects.halt(seen)

    def destroy(self) -> None:
        """Remove the container, the volume and the password."""
        objects = self._objects
        with (
            engine_lock(self.state, self.settings, objects.secret, last=True),
            docker_errors(f"container {self._name} and its volume cannot be removed"),
        ):
            seen = objects.look()
            objects.volume_labels()
            if seen is not None:
                self.say(f"removing container {self._name}")
                objects.remove_container(seen)
            self._replacement.remove()
            objects.remove_data()
            self.state.forget(objects.secret)
            docker_address.forget(self.settings)
        self._first_start.is_repeated = True

    def psql(self) -> tuple[list[str], dict[str, str]]:
        """Return the psql of this machine, else the container's."""
        if shutil.which("psql"):
            return super().psql()
        return psql_inside(self._objects.docker, self._name, self.address())

    def logs(self, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:
        """Yield the lines of the container's log."""
        with docker_errors(f"container {self._name} cannot be looked at"):
            seen = self._objects.look()
        return log_lines(self._objects.docker, seen, self._name, tail=tail, follow=follow)

    def explain(self, error: ServerError) -> ServerError:
        """Tell of a refused role or password why it does not fit the volume."""
        if error.code not in {"password", "refused"}:
            return error
        try:
            seen = self._objects.look()
        except DockerException:
            return error
        if seen is None:
            return error
        if seen.labels.get("dbtasks.user", self.settings.user) != self.settings.user:
            return self._other_user(seen.labels)
        if error.code != "password":
            return error
        return (
            self._first_start_of_another(seen)
            or self._made_anew_by_another(seen)
            or self._misfit(seen)
        )

    def _first_start_of_another(self, seen: Seen) -> ServerError | None:
        """Return the error for a password that another process is about to give, or just gave."""
        if plan.SEEDED not in seen.labels:
            return None
        if not self._objects.is_unfinished():
            try:
                if all(map(silence_of, self._urls(seen))):
                    return None
            except ServerError:
                return None
        return ServerError(
            f"container {self._name} is at its first start and does not have its password yet",
            remedy="invoke db.wait returns when it is ready; invoke db.start begins one anew that was interrupted",
            code="first-start",
        )

    def _made_anew_by_another(self, seen: Seen) -> ServerError | None:
        """Return the error for a kept password that is of before; the container knows the one of now."""
        for url in self._urls(seen)[1:]:
            with contextlib.suppress(ServerError):
                if silence_of(url) is None:
                    return ServerError(
                        f"container {self._name} has another password than the one kept here:"
                        " another checkout made it anew",
                        remedy="invoke db.start takes its password over",
                        code="password",
                    )
        return None

    def _bring_up(self) -> DatabaseURL:
        """Lead the container from whatever state it is in to one that answers."""
        objects, seen = self._objects, self._objects.look()
        if seen is not None and seen.status == "removing":
            raise ChangedMeanwhileError
        if seen is None and self._replacement.put_back():
            seen = self._present()
        unfinished = objects.is_unfinished()
        if unfinished and not (seen and objects.initialises(seen)):
            objects.volume_labels()  # refuses one that somebody else has made meanwhile
            self.say(f"the first start of {self._name} was interrupted: beginning anew")
            self._first_start.give_up_seed()
            if seen is not None:
                objects.remove_container(seen)
            self._replacement.remove()
            objects.remove_data()
            seen = None
        port = self._choose_port(seen)
        reasons = [] if seen is None else self._reasons_to_make_anew(seen, port)
        try:
            if seen is None or reasons:
                unfinished = self._make(seen, port, reasons) or unfinished
                seen = self._present()
            awake = seen.status == "running" and seen.address is not None
            self._wake(seen, port)
            if unfinished:
                self._first_start.settle(seen, self._present, self._check_alive)
            url = self._wait(seen if awake else self._present())
        except (DbtasksError, DockerException, DockerRefusedError) as error:
            if not isinstance(error, (NoSuchContainer, NoSuchVolume)):
                self._replacement.put_back()
            raise
        if unfinished:
            objects.mark_finished()
        self._replacement.finish(seen)
        self._tell_of_move()
        return url

    def _wake(self, seen: Seen, port: int) -> None:
        try:
            self._objects.wake(seen)
        except PortRefusedError:
            self._refused_ports.add(port)
            raise (
                self._objects.port_taken(port) if self.settings.port else ChangedMeanwhileError()
            ) from None

    def _make(self, old: Seen | None, port: int, reasons: list[str]) -> bool:
        """Make the container, in place of an old one; tell whether the volume is new, too."""
        objects = self._objects
        image = self._first_start.image or objects.image()
        labels = objects.volume_labels()
        if labels is not None:
            self._check_user(labels)
        if old is not None:
            self.say(f"{'; '.join(reasons)}: making container {self._name} anew, the data stays")
            self._recover_password(old)
        replaces = old is not None and self._replacement.set_aside(old)
        if labels is None:
            self._tell_of_other_majors()
            objects.create_volume()
        pours = labels is None and self._first_start.pours
        seeded = pours or (labels is None and self._first_start.fill())
        objects.create_container(image, port, replaces=replaces, seeded=seeded)
        if pours:
            self._first_start.pour(plan.data_path(image, self.settings.postgres))
        return labels is None

    def begin_with(self, data: KeptData) -> None:
        """Let the first start that comes next be on these data."""
        self._first_start.data = data

    @property
    def began_with_data(self) -> bool:
        """Tell whether the server was started on them."""
        return self._first_start.has_data

    def data_of_majors(self) -> tuple[other_majors.Data, ...]:
        """Ask Docker for the volumes."""
        with docker_errors("the volumes cannot be looked at"):
            return self._objects.data_of_majors()

    def _tell_of_other_majors(self) -> None:
        if self._objects.moving_from is None:
            data = self._objects.data_of_majors(seen=True)
            other_majors.tell_of_others(
                self.settings,
                self.settings.postgres,
                data,
                self.say,
                may_begin_empty=self.may_begin_empty,
            )

    def _tell_of_move(self) -> None:
        newer = self._objects.data_of_newer_majors()
        text = other_majors.about_moved(self.settings, self.settings.postgres, newer)
        if text:
            self.say(text)

    def _reasons_to_make_anew(self, seen: Seen, port: int) -> list[str]:
        self._check_user(seen.labels)
        reasons = plan.changes(seen.labels, self.settings, port=seen.port, wanted_port=port)
        return [*reasons, "it is dead"] if seen.status == "dead" else reasons

    def _check_user(self, labels: Mapping[str, str]) -> None:
        if labels.get("dbtasks.user", self.settings.user) != self.settings.user:
            raise self._other_user(labels)

    def _other_user(self, labels: Mapping[str, str]) -> ServerError:
        user = labels["dbtasks.user"]
        return ServerError(
            f"volume {self._objects.names.volume} was made for role {user}, and user = {self.settings.user} is set",
            remedy=f"set user = {user} again, or {RECREATE}",
            code="volume-user",
        )

    def _misfit(self, seen: Seen) -> ServerError:
        return password_misfit(seen, f"does not fit volume {self._objects.names.volume}")

    def _choose_port(self, seen: Seen | None) -> int:
        """Return the port to publish: one that is free, or the running container's own."""
        wanted, own = self.settings.port, seen.port if seen else None
        if (
            seen is not None
            and own is not None
            and seen.state != "stopped"
            and wanted in {None, own}
        ):
            return own
        if wanted is not None and not ports.is_free(wanted):
            raise self._objects.port_taken(wanted)
        return wanted or ports.find_free(self.settings.key, before=own, avoid=self._refused_ports)

    def _wait(self, seen: Seen) -> DatabaseURL:
        """Wait for an answer; a password that was lost or changed here is found in the container."""
        for url in self._urls(seen):
            try:
                wait_until_ready(
                    url,
                    timeout=self.settings.start_timeout,
                    say=self.say,
                    check_alive=watch(self._present, self._check_alive),
                )
            except ServerError as error:
                if error.code != "password":
                    raise
                continue
            if url.password != self.state.kept_password(self._objects.secret):
                self.state.keep_password(self._objects.secret, url.password)
            return url
        raise self._misfit(seen)

    def _present(self) -> Seen:
        seen = self._objects.look()
        if seen is None:
            raise ChangedMeanwhileError
        return seen

    def _check_alive(self, seen: Seen) -> None:
        if seen.state == "stopped":
            source = self.settings.sources["server_options"]
            raise dead(self._objects.docker, seen, f"server_options ({source})")

    def _recover_password(self, seen: Seen) -> None:
        given = seen.env.get("POSTGRES_PASSWORD", "")
        if given and not self.state.kept_password(self._objects.secret):
            self.state.keep_password(self._objects.secret, given)

    def _urls(self, seen: Seen) -> list[DatabaseURL]:
        """Return the addresses to try: with the password kept here, with the container's own."""
        if seen.address is None:
            return []
        kept = self.state.kept_password(self._objects.secret)
        given = seen.env.get("POSTGRES_PASSWORD", "")
        return [
            DatabaseURL(
                host=seen.address[0],
                port=seen.address[1],
                user=self.settings.user,
                password=password,
                database=self.settings.database,
            )
            for password in dict.fromkeys(filter(None, (kept, given)))
        ]
