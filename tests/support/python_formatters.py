"""black and isort of the package index, in versions that .pre-commit-config.yaml pins."""

import os

PINS = """\
repos:
- repo: https://github.com/psf/black
  rev: 24.10.0
  hooks:
  - id: black
- repo: https://github.com/pycqa/isort
  rev: 5.13.2
  hooks:
  - id: isort
    args: [--profile, black]
"""
PYTHON_TASKS = """
    [tasks.format]
    units = ["**/*.py"]
    edits = true
    tools.black = { pre-commit = "black" }
    tools.isort = { pre-commit = "isort" }
    run = [["isort", "{{isort-args}}", "{{units}}"], ["black", "{{units}}"]]
"""


def online():
    """What pip needs of the environment to reach its index."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_") or "proxy" in name.lower()}
