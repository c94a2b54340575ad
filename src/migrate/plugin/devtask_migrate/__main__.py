"""What needs no alembic: `python -m devtask_migrate` with DEVTASK_MIGRATE in the environment."""

import importlib
import os
import sys

from devtask_migrate import database, rules, schema, source, text_subtraction
from devtask_migrate.request import Failing, Refusal, Request, earlier


def of_rules(request):
    findings = rules.check(request.versions, request.around, request.since, request.known, request.file_name)
    revisions = [
        {"file": one.path, "revision": one.revision, "parents": one.parents}
        for one in rules.read_folder(request.versions)
        if one.revision
    ]
    return {"findings": findings, "revisions": revisions}


def of_schema(request):
    return {"schema": schema.read(database.backend_of(request.url), database.connect(request.url))}


def of_comparison(request):
    before, after = (earlier(path, "schema") for path in (request.before, request.after))
    return {"problems": schema.differences(before, after)}


def of_subtraction(request):
    if sys.version_info < (3, 8):
        raise Refusal("taking operations out of a file needs Python 3.8 or newer")
    file = revision_file(request.file, request)
    base = revision_file(request.base_file, request) if request.base_file else None
    text, choice = text_subtraction.subtract(file, base, request.around, request.keep, request.keep_all)
    mended = []
    if text and source.undefined_names(text):
        text, mended = source.mend(text, modules_with_types(request.dialect))
    return dict(choice.labels(), text=text, mended=mended, revision=file.revision.revision)


def revision_file(path, request):
    with open(path, encoding="utf-8", newline="") as stream:
        return text_subtraction.File(path, stream.read(), request.around)


def modules_with_types(dialect):
    found = {}
    for name in ("sqlalchemy", "sqlalchemy.dialects.%s" % dialect):
        try:
            found[name] = importlib.import_module(name)
        except ImportError:
            continue
    return found


JOBS = {"rules": of_rules, "schema": of_schema, "compare": of_comparison, "subtract": of_subtraction}


def main():
    request = Request.read(os.environ["DEVTASK_MIGRATE"])
    if request.do not in JOBS:
        sys.exit("devtask: `%s` is done inside the project's own alembic command" % request.do)
    with Failing(request):
        request.write("done", **JOBS[request.do](request))


main()
