"""What the declared tasks have in common, on which `invoke_task` relies."""

from __future__ import annotations

import copy
import inspect

import pytest

import dbtasks
from dbtasks.invoke_task import LightArgument, OptionalPositional
from dbtasks.tasks.declare import TASKS, Declaration

pytestmark = pytest.mark.parametrize("declared", TASKS, ids=lambda one: one.options["name"])


def test_every_parameter_may_be_left_out(declared: Declaration) -> None:
    _, *parameters = inspect.signature(declared.body).parameters.values()
    assert all(one.default is not inspect.Parameter.empty for one in parameters)


def test_arguments_are_copied_whole_and_share_nothing_that_changes(declared: Declaration) -> None:
    task = dbtasks.collection().tasks[declared.options["name"]]
    for argument in task.get_arguments():
        copied = copy.deepcopy(argument)
        assert type(copied) is type(argument) in {LightArgument, OptionalPositional}
        assert vars(copied) == vars(argument)
        assert not any(isinstance(value, (list, dict, set)) for value in vars(argument).values())
        copied.set_value("x", cast=False)
        assert argument.raw_value is None
