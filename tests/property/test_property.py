"""Random projects, random steps: after each, exit status, commands, files and what devtask says are what the model says.

A run is a function of its seed. By hand: DEVTASK_TEST_SEED=7 DEVTASK_TEST_STEPS=500 pytest property/test_property.py, or
many seeds with `python -m property --steps 20000` in this folder's parent.
"""

import os

import pytest

from property.play import play

SEEDS = [int(os.environ["DEVTASK_TEST_SEED"])] if "DEVTASK_TEST_SEED" in os.environ else list(range(1, 11))
STEPS = int(os.environ.get("DEVTASK_TEST_STEPS", "20"))


@pytest.mark.parametrize("seed", SEEDS)
def test_devtask_does_what_the_model_says(tmp_path, seed):
    play(tmp_path, seed, STEPS)
