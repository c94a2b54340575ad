"""What needs no alembic: `python -m devtask_migrate` with DEVTASK_MIGRATE in the environment."""

import os
import sys

from devtask_migrate import database, rules, schema
from devtask_migrate.request import Failing, Request, earlier


def of_rules(request):
    findings = rules.check(request.versions, request.around, request.since, request.known, request.file_name)
    return {"findings": findings}


def of_schema(request):
    return {"schema": schema.read(database.backend_of(request.url), database.connect(request.url))}


def of_comparison(request):
    before, after = (earlier(path, "schema") for path in (request.before, request.after))
    return {"problems": schema.differences(before, after)}


JOBS = {"rules": of_rules, "schema": of_schema, "compare": of_comparison}


def main():
    request = Request.read(os.environ["DEVTASK_MIGRATE"])
    if request.do not in JOBS:
        sys.exit("devtask: `%s` is done inside the project's own alembic command" % request.do)
    with Failing(request):
        request.write("done", **JOBS[request.do](request))


main()
