"""A project with the example product in examples/flows, whose packages come from where the machine has them."""

import os
import shutil

from support.project import REPOSITORY, Project

EXAMPLE = REPOSITORY / "examples/flows"
MADE = (".devtask", ".venv", "node_modules", "ui_build", "build", "__pycache__", "*.egg-info", "*.db")


def make_project(folder, name="flows"):
    """Empty yet."""
    project = Project(folder, name)
    # Where packages come from, and which certificates to trust, is the machine's business.
    passed = ("PIP_", "UV_", "npm_config_", "NPM_CONFIG_", "SSL_", "PYENV")
    exact = ("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")
    for variable, value in os.environ.items():
        is_proxy = variable.lower().endswith("_proxy")
        if is_proxy or variable in exact or variable.startswith(passed):
            project.env[variable] = value
    # The configuration files of pip and npm, likewise; their caches make a second run of the tests quick.
    home = os.path.expanduser("~")
    for variable, path in (
        ("PIP_CACHE_DIR", ".cache/pip"),
        ("npm_config_cache", ".npm"),
        ("PIP_CONFIG_FILE", ".config/pip/pip.conf"),
        ("npm_config_userconfig", ".npmrc"),
    ):
        if variable not in project.env and os.path.exists(os.path.join(home, path)):
            project.env[variable] = os.path.join(home, path)
    return project


def copy_example(project):
    shutil.copytree(EXAMPLE, project.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*MADE))
