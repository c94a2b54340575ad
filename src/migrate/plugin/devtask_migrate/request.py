"""A request of devtask and the result that answers it. Both are files of JSON; the one of the result appears whole.

The fields of a request:
  do           report    the operations that autogenerate finds, and the models
               revise    writes the revision with what the base's report does not have, and makes its round trip
               drift     the same comparison, nothing written
               schema    of the database as it is
               round_trip  of the revisions after `from`, see round_trip.py
               state     where the command would connect to, and at which revision that is; nothing is changed
               guard     nothing but the guard, inside any command; no result means that no database was connected to
               These are done inside the project's own `revision --autogenerate`, but for guard. By
               `python -m devtask_migrate`, without alembic:
               rules     of the revision files
               schema    the same, of the database at `url`
               compare   of two schemas
               subtract  `revise` by text: takes out of `file` what `base_file` has, too (Python 3.8 and newer)
  result       the file to write
  dialect      its name, part of a revision's id
  url          the only database that may be connected to
  name         what the revision is called
  now          when the revision is said to be made, ISO 8601: part of the file's name and header
  base_report  a file that a `report` has written, of the models and revisions that the change began with
  keep         patterns of operations that are kept although the base has them, see `Operation.label`
  keep_all     keeps all of them
  around       two SQL statements, the first and the last of upgrade and of downgrade, or none
  dry_run      the file is in the result only
  from         a revision; without it the round trip is of the head alone
  versions, since, known, file_name   see rules.py
  before, after  files that a `schema` has written
  file         a revision in Python that the project's own command has made just now; it is only read
  base_file    what the same command has made of the base's models; none if it found nothing

The fields of a result: `version`, `do`, `dialect`, and
  state        done; refused (with `message`; exit status 3: nothing was executed or written after it);
               failed (with `message` and `traceback`; the command's own exit status)
  report       see operations.report_of; it is what `base_report` takes, as the whole file
  compared     whether autogenerate has compared models and database
  operations   labels of what is the user's, and of the rest of what was found:
  left_out     in the base, too
  needed       in the base, too, but kept, since the user's operations need them
  kept_on_request   likewise, for `keep`
  gone         in the base only
  coincides    those left out whose name is in what has changed in the models since the base: maybe meant
  models_changed    table -> parts of its model that only one of both has; null without a base
  path, text, revision   of the file; `path` is null where there is nothing to write (`subtract`: `text`)
  mended       names that alembic left undefined, and what they are now
  round_trip   `problems` ({revision, path, line, step, message}), `revisions` that were tried, `branches` that could
               not be
  schema       see schema.py
  findings     see rules.py
  revisions    of `rules`: file, revision and parents of each
  problems     of `compare`: a line for each difference
Where there is no file to write, the process ends with status 0 as soon as the result is there. No result at all means
that alembic was not reached: the models do not import, say, and the command's output tells why.
"""

import json
import os
import re
import sys
import traceback
import urllib.parse

VERSION = 1
ON_FILES = ("rules", "compare", "subtract")  # no database is connected to
DONE, FAILED, REFUSED = 0, 1, 3  # exit statuses


class Refusal(Exception):
    """Something in the request cannot be done; the message says what to do instead."""


def earlier(path, field):
    """What an earlier request has found."""
    with open(path, encoding="utf-8") as stream:
        result = json.load(stream)
    if result.get("version") != VERSION or field not in result:
        raise Refusal("%s has no %s of this version of devtask: make it once more" % (path, field))
    return result[field]


class Request:
    def __init__(self, fields):
        self.do = fields["do"]
        self.result = fields["result"]
        self.dialect = fields.get("dialect", "")
        self.url = fields.get("url", "")
        self.name = fields.get("name", "")
        self.now = fields.get("now", "")
        self.base_report = fields.get("base_report", "")
        self.keep = fields.get("keep", [])
        self.keep_all = fields.get("keep_all", False)
        self.around = fields.get("around", [])
        self.dry_run = fields.get("dry_run", False)
        self.start = fields.get("from", "")
        self.versions = fields.get("versions", "")
        self.since = fields.get("since", "")
        self.known = fields.get("known", [])
        self.file_name = fields.get("file_name", "")
        self.before = fields.get("before", "")
        self.after = fields.get("after", "")
        self.file = fields.get("file", "")
        self.base_file = fields.get("base_file", "")

    @classmethod
    def read(cls, path):
        with open(path, encoding="utf-8") as stream:
            return cls(json.load(stream))

    def base(self):
        """The base's report, or None."""
        return earlier(self.base_report, "report") if self.base_report else None

    def masked(self, text):
        found = re.search("://[^:/@]*:([^@]+)@", self.url)  # as SQLAlchemy reads it
        for secret in (found.group(1), urllib.parse.unquote(found.group(1))) if found else ():
            text = text.replace(secret, "***")
        return text

    def without_password(self, value, key=None):
        """In messages; what alembic found in the database and the models holds none."""
        if isinstance(value, dict):
            return {key: self.without_password(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.without_password(inner, key) for inner in value]
        return self.masked(value) if key in ("message", "traceback") and isinstance(value, str) else value

    def write(self, state, **fields):
        whole = {"version": VERSION, "do": self.do, "dialect": self.dialect, "state": state}
        whole.update(self.without_password(fields))
        draft = "%s.%d.tmp" % (self.result, os.getpid())
        with open(draft, "w", encoding="utf-8") as stream:
            json.dump(whole, stream, indent=1, sort_keys=True)
            stream.write("\n")
        os.replace(draft, self.result)

    def end(self, **fields):
        """What the project's command would do without a new file is its own affair, so it ends here."""
        self.write("done", **fields)
        leave(DONE)

    def refuse(self, message):
        """Ends the process at once: whoever is in between could catch an exception and go on."""
        self.write("refused", message=message)
        print("devtask: " + self.masked(message), file=sys.stderr)
        leave(REFUSED)

    def fail(self, error):
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        self.write("failed", message=str(error), traceback=text)


class Failing:
    """Whatever goes wrong inside is in the result, and the project's command hears of it, too."""

    def __init__(self, request):
        self.request = request

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, Refusal):
            self.request.refuse(str(error))
        elif isinstance(error, Exception):
            self.request.fail(error)
        return False


def leave(status):
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
