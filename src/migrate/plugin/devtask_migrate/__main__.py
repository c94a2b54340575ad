"""What needs no alembic: `python -m devtask_migrate` with DEVTASK_MIGRATE in the environment."""

import os
import sys

from devtask_migrate import rules
from devtask_migrate.request import Request


def main():
    request = Request.read(os.environ["DEVTASK_MIGRATE"])
    if request.do != "rules":
        sys.exit("devtask: `%s` is done inside the project's own alembic command" % request.do)
    findings = rules.check(request.versions, request.around, request.since, request.known, request.file_name)
    request.write("done", findings=findings)


main()
