"""Random projects, random steps: after each, exit status, commands, files and what is told are what the model says.

A run is a function of its seed, but for the moment of a kill. By hand: one seed with DEVTASK_TEST_SEED=7
DEVTASK_TEST_STEPS=500 pytest property/test_property.py, many with `python -m property --steps 20000` in the parent of
this folder.
"""

import os

import pytest

from property.play import play

SEEDS = [int(os.environ["DEVTASK_TEST_SEED"])] if "DEVTASK_TEST_SEED" in os.environ else list(range(1, 11))
STEPS = int(os.environ.get("DEVTASK_TEST_STEPS", "20"))


@pytest.mark.parametrize("seed", SEEDS)
def test_devtask_does_what_the_model_says(tmp_path, seed):
    play(tmp_path, seed, STEPS)
