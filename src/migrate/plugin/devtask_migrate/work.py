"""Where alembic's own steps are extended: after the comparison with the project's hooks, and when files are made."""

import datetime
import hashlib
import itertools
import json
import os
import tempfile

from devtask_migrate import operations, round_trip, source, subtraction
from devtask_migrate.request import Failing, Refusal

# What alter_column changes -> attributes of the operation: what it becomes, the value for "not changed", what it was.
CHANGES = {
    "nullable": ("modify_nullable", None, "existing_nullable"),
    "type_": ("modify_type", None, "existing_type"),
    "server_default": ("modify_server_default", False, "existing_server_default"),
    "comment": ("modify_comment", False, "existing_comment"),
    "new_column_name": ("modify_name", None, None),
}


def hook_revisions(api, job):
    compare, generate = api.RevisionContext._run_environment, api.RevisionContext.generate_scripts

    def run_environment(context, rev, migration_context, autogenerate):
        with job.failing():
            job.compare(context, rev, migration_context, autogenerate, compare)

    def generate_scripts(context):
        with job.failing():
            yield from job.generate(context, generate)

    api.RevisionContext._run_environment = run_environment
    api.RevisionContext.generate_scripts = generate_scripts


def hook_files(base, job):
    if job.request.do != "revise":
        return
    date_of, write = base.ScriptDirectory._generate_create_date, base.util.template_to_file

    def generate_create_date(script):
        return job.create_date(date_of(script).tzinfo)

    def template_to_file(template, destination, encoding="utf-8", **values):
        job.write_file(write, template, os.fspath(destination), encoding or "utf-8", values)

    base.ScriptDirectory._generate_create_date = generate_create_date
    base.util.template_to_file = template_to_file


class Work:
    def __init__(self, request):
        self.request = request
        self.report = None  # of what was found, once models and database have been compared
        self.findings = {}
        self.mended = []
        self.config = None
        self.dialect_module = None

    def failing(self):
        return Failing(self.request)

    # ---- the comparison

    def compare(self, context, rev, migration_context, autogenerate, run):
        if self.request.do in ("schema", "round_trip"):
            return  # wherever the database is, alembic would refuse to compare it below the head
        if autogenerate and context.command_args["head"] in (None, "head"):
            require_head(context.script_directory.get_heads(), rev)
        first_id = context.generated_revisions[-1].rev_id
        run(context, rev, migration_context, autogenerate)
        if not autogenerate:
            return
        scripts = context.generated_revisions
        self.dialect_module = type(migration_context.dialect).__module__
        self.report = operations.report_of(scripts, context._last_autogen_context)
        if self.request.do in ("revise", "drift"):
            self.keep_own(scripts, rev, first_id, context._last_autogen_context)

    def keep_own(self, scripts, rev, first_id, context):
        base = self.request.base()
        choice = subtraction.subtract(self.report, base, self.request.keep, self.request.keep_all)
        changed = subtraction.changed_models(self.report["models"], base["models"]) if base else None
        self.findings = dict(choice.labels(), models_changed=changed)
        if self.request.do == "drift":
            return
        self.check_name()
        apply_choice(choice, scripts)
        scripts[:] = [script for script in scripts if not is_empty(script)]
        for number, script in enumerate(scripts):
            script.message = self.request.name
            if script.rev_id == first_id:  # else the project has names of its own
                found = operations.report_of([script], context)
                script.rev_id = self.revision_id(rev, [found["upgrade"], found["downgrade"], number])
            add_around(script, self.request.around)

    def check_name(self):
        reason = source.reason_against(self.request.name) if any(self.findings["operations"]) else None
        if reason:
            raise Refusal(reason)

    def revision_id(self, parents, found):
        whole = [sorted(parents), found, self.request.name, self.request.dialect]
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]

    # ---- files

    def create_date(self, timezone):
        """As given, in the project's time zone; a project without one means UTC."""
        if not self.request.now:
            return datetime.datetime.now(timezone)
        parsed = datetime.datetime.strptime(self.request.now, "%Y-%m-%dT%H:%M:%S%z")
        moment = parsed.astimezone(timezone or datetime.timezone.utc)
        return moment if timezone else moment.replace(tzinfo=None)

    def write_file(self, write, template, destination, encoding, values):
        name = values.get("message") or ""
        with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(self.request.result))) as folder:

            def made(message):
                draft = os.path.join(folder, "revision.py")
                write(template, draft, encoding, **dict(values, message=message))
                with open(draft, encoding=encoding, newline="") as stream:
                    return stream.read()

            plain, text = made("name"), made(source.as_docstring(name))
        reason = source.reason_against_text(text, name, plain)
        if reason:
            raise Refusal(reason)
        text, self.mended = source.mend(text, self.modules())
        if self.request.dry_run:
            self.request.end(path=destination, text=text, revision=values["up_revision"], **self.facts())
        create(destination, text.encode(encoding))

    def modules(self):
        import importlib

        names = ["sqlalchemy"]
        if self.dialect_module:
            names.append(".".join(self.dialect_module.split(".")[:3]))
        return {name: importlib.import_module(name) for name in names}

    # ---- the end

    def facts(self):
        return dict(self.findings, compared=self.report is not None, mended=self.mended)

    def generate(self, context, run):
        self.config = context.config
        do = self.request.do
        if do == "schema":
            self.request.end(schema=round_trip.snapshot(self.config))
        if do == "round_trip":
            self.request.end(round_trip=round_trip.check(self.config, context.script_directory, self.request.start))
        if self.report is None:
            raise Refusal("the models were not compared: the command must be alembic's `revision --autogenerate`")
        if do == "report":
            self.request.end(report=self.report, compared=True)
        if do == "drift" or not context.generated_revisions:
            self.request.end(path=None, **self.facts())
        for script in run(context):
            yield script
            self.finish_file(script)

    def finish_file(self, script):
        trip = round_trip.of_new(self.config, script)
        with open(script.path, encoding="utf-8") as stream:
            text = stream.read()
        self.request.write(
            "done", path=script.path, text=text, revision=script.revision, round_trip=trip, **self.facts()
        )


def require_head(heads, found):
    if len(heads) > 1:
        names = " and ".join(sorted(heads))
        raise Refusal("there is more than one head, %s: one of these revisions must follow the other" % names)
    if set(heads) != set(found):
        at, newest = (", ".join(sorted(names)) or "none" for names in (found, heads))
        raise Refusal("the database is at revision %s, the newest is %s: upgrade it first" % (at, newest))


def apply_choice(choice, scripts):
    ups = [op for script in scripts for part in script.upgrade_ops_list for op in operations.flat(part)]
    downs = [op for script in scripts for part in script.downgrade_ops_list for op in operations.flat(part)]
    stays = set()
    for op, kept in list(zip(ups, choice.upgrade)) + list(zip(downs, choice.downgrade)):
        if kept is not False:
            stays.add(id(op))
            for name in kept if kept is not True else ():
                leave_as_it_is(op, name, is_downgrade=op in downs)
    for script in scripts:
        for part in list(script.upgrade_ops_list) + list(script.downgrade_ops_list):
            prune(part, stays)
            settle(part)


def leave_as_it_is(op, name, is_downgrade):
    attribute, unchanged, existing = CHANGES[name]
    if is_downgrade and existing:  # the upgrade has left it, too
        setattr(op, existing, getattr(op, attribute))
    setattr(op, attribute, unchanged)


def prune(container, stays):
    for op in container.ops:
        if hasattr(op, "ops"):
            prune(op, stays)
    container.ops = [op for op in container.ops if (op.ops if hasattr(op, "ops") else id(op) in stays)]


def settle(container):
    """alembic finds foreign keys in no particular order, and the same change is to give the same file."""

    def kind(op):
        return type(op).__name__ if type(op).__name__ in ("CreateForeignKeyOp", "DropConstraintOp") else id(op)

    def name(op):
        return "%s" % op.constraint_name, "%s" % getattr(op, "local_cols", "")

    settled = []
    for group, together in itertools.groupby(container.ops, kind):
        settled.extend(sorted(together, key=name) if isinstance(group, str) else together)
    container.ops = settled
    for op in container.ops:
        if hasattr(op, "ops"):
            settle(op)


def is_empty(script):
    return not any(part.ops for part in list(script.upgrade_ops_list) + list(script.downgrade_ops_list))


def add_around(script, around):
    from alembic.operations.ops import ExecuteSQLOp

    if around:
        first, last = around
        for part in list(script.upgrade_ops_list) + list(script.downgrade_ops_list):
            part.ops = [ExecuteSQLOp(first)] + list(part.ops) + [ExecuteSQLOp(last)]


def create(path, content):
    """Appears whole or not at all, and never in place of something."""
    folder, name = os.path.split(path)
    draft = os.path.join(folder, ".%s.%d" % (name, os.getpid()))
    try:
        with open(draft, "wb") as stream:
            stream.write(content)
        os.link(draft, path)
    except FileExistsError:
        raise Refusal("%s is there already" % path)
    finally:
        if os.path.exists(draft):
            os.unlink(draft)
