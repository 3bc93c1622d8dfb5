"""A consumer that has never heard of dbtasks goes through the whole life, on every kind of server."""

from __future__ import annotations

import dataclasses
import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from arguments import arguments_seen
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import CopyProject
    from consumers import Project

HISTORY = ["6033360fa92f", "31540e094529", "ed7760b0e974"]  # tests/projects/plain, oldest first
HEAD = HISTORY[-1]
COMPOSE = """\
services:
  db:
    image: {image}
    environment:
      POSTGRES_PASSWORD: {password}
    ports: ["127.0.0.1::5432"]
    volumes: ["data:{folder}"]
  other:
    image: {image}
    environment:
      POSTGRES_PASSWORD: unused
    volumes: ["other:{folder}"]
volumes:
  data:
  other:
"""


@pytest.fixture(params=["docker-14", "docker-18", "compose", "local", "external"])
def consumer(
    request: pytest.FixtureRequest, copy_project: CopyProject, docker_image: str
) -> Iterator[Project]:
    """The plain project on one kind of server; whatever it made is destroyed afterwards."""
    kind, _, major = request.param.partition("-")
    if kind == "external":
        project = copy_project("plain", request.getfixturevalue("database"))
        yield dataclasses.replace(project, cold=True)  # on one kind, all as at a user's
        return
    environ = {"DBTASKS_SERVER": kind, "DBTASKS_IMAGE": docker_image}
    if kind in {"docker", "compose"}:
        request.getfixturevalue("docker_engine")
    if major:
        environ["DBTASKS_POSTGRES"] = major
    if kind == "compose":
        environ["DBTASKS_COMPOSE_SERVICE"] = "db"
        environ["COMPOSE_PROJECT_NAME"] = f"dbtasks-life-{secrets.token_hex(4)}"
    project = copy_project("plain", **environ)
    if kind == "compose":
        text = COMPOSE.format(
            image=docker_image.format(version=17),
            password=secrets.token_hex(8),
            folder="/var/lib/postgresql/data",
        )
        (project.root / "compose.yaml").write_text(text, encoding="utf-8")
    yield project
    everything = ["--all-volumes"] if kind == "compose" else []
    done = project.invoke("db.destroy", "--yes", *everything)
    assert done.code == 0, done


def document(project: Project, *arguments: str) -> Any:
    """Run a task with --json; return the one document that it printed."""
    done = project.invoke(*arguments, "--json")
    assert done.code == 0, done
    return json.loads(done.out)


def where(project: Project) -> tuple[str, list[str], int]:
    """Return the server's state, the current revisions, and how many are pending."""
    status = document(project, "db.status")
    return status["server"]["state"], status["current"], status["pending"]


def test_the_whole_life_of_a_database(consumer: Project) -> None:
    external = "DATABASE_URL" in consumer.environ
    first = document(consumer, "db.init")
    assert [one["revision"] for one in first["applied"]] == HISTORY
    assert (first["current"], first["pending"]) == ([HEAD], 0)
    status = document(consumer, "db.status")
    assert status["url"].startswith("postgresql://")
    assert status["server"]["host"] == "127.0.0.1"
    assert status["server"]["version"]
    assert (status["heads"], status["current"], status["pending"]) == ([HEAD], [HEAD], 0)

    undone = document(consumer, *consumer.named("db.rollback"))
    assert [one["revision"] for one in undone["applied"]] == [HEAD]
    assert (undone["current"], undone["pending"]) == ([HISTORY[1]], 1)
    assert document(consumer, "db.migrate")["current"] == [HEAD]
    assert document(consumer, *consumer.named("db.rollback-all", "--yes"))["current"] == []
    assert document(consumer, "db.migrate")["pending"] == 0
    assert document(consumer, "db.migrate")["applied"] == []

    history = document(consumer, "db.history")
    assert [one["revision"] for one in history] == HISTORY[::-1]
    assert [one["revision"] for one in history if one["is_current"]] == [HEAD]
    assert set(history[0]) >= {
        "revision",
        "down_revision",
        "message",
        "path",
        "is_head",
        "is_current",
    }
    assert [one["revision"] for one in document(consumer, "db.heads")] == [HEAD]
    assert document(consumer, "db.check") == {"differences": []}

    if external:
        refused = [["db.recreate", "--yes"], ["db.stop"], ["db.destroy", "--yes"]]
        assert [consumer.invoke(*task).code for task in refused] == [5, 5, 5]
        assert document(consumer, "db.start")["current"] == [HEAD]
        return
    assert document(consumer, "db.recreate", "--yes")["current"] == [HEAD]
    assert document(consumer, "db.stop")["server"]["state"] == "stopped"
    stopped = consumer.invoke("db.migrate", "--json")
    assert (stopped.code, json.loads(stopped.out)["error"]["code"]) == (3, "not-running")
    assert document(consumer, "db.start")["current"] == [HEAD]
    assert document(consumer, "db.destroy", "--yes")["server"]["state"] == "absent"
    assert document(consumer, "db.destroy", "--yes")["server"]["state"] == "absent"


def test_no_password_is_in_any_process_arguments_output_or_json(consumer: Project) -> None:
    with arguments_seen() as seen:
        done = dataclasses.replace(consumer, cold=True).invoke("db.init")
    assert done.code == 0, done
    url = DatabaseURL.parse(consumer.invoke("db.url").out.strip())
    assert url.password
    assert any("invoke db.init" in arguments for arguments in seen)
    assert [arguments for arguments in seen if url.password in arguments] == []
    tasks = [
        ["db.status"],
        ["db.status", "--json"],
        ["db.config"],
        ["db.config", "--json"],
        ["db.logs"],
    ]
    for task in (*tasks, ["--debug", "db.migrate"]):
        printed = consumer.invoke(*task)
        assert url.password not in printed.out + printed.err, task


@pytest.mark.parametrize("consumer", ["compose"], indirect=True)
def test_start_brings_up_the_whole_compose_project_and_recreate_only_the_database(
    consumer: Project,
) -> None:
    def running() -> list[str]:
        return sorted(consumer.run("docker", "compose", "ps", "--services").out.split())

    def volumes() -> dict[str, str]:
        """Return when each volume of the project was created."""
        name = consumer.environ["COMPOSE_PROJECT_NAME"]
        listed = consumer.run("docker", "volume", "ls", "--quiet", "--filter", f"name={name}")
        created = consumer.run(
            "docker",
            "volume",
            "inspect",
            "--format",
            "{{.Name}} {{.CreatedAt}}",
            *listed.out.split(),
        )
        pairs = (line.split(" ", 1) for line in created.out.splitlines())
        return {volume.removeprefix(f"{name}_"): moment for volume, moment in pairs}

    assert consumer.invoke("start").code == 0
    assert running() == ["db", "other"]
    before = volumes()
    assert document(consumer, "db.recreate", "--yes")["current"] == [HEAD]
    after = volumes()
    assert running() == ["db", "other"]
    assert (after["other"] == before["other"], after["data"] == before["data"]) == (True, False)
    assert document(consumer, "db.recreate", "--yes", "--all-volumes")["current"] == [HEAD]
    assert running() == ["db"]
    # Compose itself makes every volume of the file again, empty, as soon as one service starts.
    assert volumes()["other"] != before["other"]
