"""The cases of migrations on the real Prefect: one command of devtask beside the commands of its guide, which a person
types one after the other."""

import os
import pathlib
import shutil
import subprocess
import sys

from unit_cases import IDLE, Row, UnitCases

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from support import postgresql  # noqa: E402

NAME = "add_flow_run_new_column"
DATABASE = "src/prefect/server/database"
MODELS = f"{DATABASE}/orm_models.py"
BEFORE = "    flow_version = sa.Column(sa.String, index=True)\n"
COLUMN = "    new_column = sa.Column(sa.String(), nullable=True)\n"
MIGRATE, CHECK = ["migrate", "--all-dialects"], ["migrate", "check", "--all-dialects"]
GUIDE = "the guide's four"


class MigrationCases(UnitCases):
    def migrations(self) -> None:
        """The guide's own example for both dialects, on all cores and on one; and nothing to do."""
        self.devtask(None, ["venv"], self.prefect_folder)
        server = postgresql.Server(postgresql.folder_of_programs())
        try:
            self.measure_migrations(self.prefect_folder, server)
        finally:
            server.end()
        self.rows += [
            Row("`devtask migrate -m`, two dialects", "migrate", "devtask", GUIDE, 0.6),
            Row("`devtask migrate -m`, two dialects, one core", "migrate", "devtask, one core", GUIDE, 0.75),
            Row("`devtask migrate`, nothing to do", "migrate", "devtask, nothing to do", GUIDE, 0.005),
            Row("`devtask migrate check`, nothing to do", "migrate", "devtask check, nothing to do", GUIDE, 0.005),
        ]
        self.notes.append(
            "Migrations: a column more in Prefect's models, for SQLite and PostgreSQL, with the databases at head and the "
            "report of the base cached. By hand `prefect server database revision` and `upgrade` for each dialect, one "
            "after the other, on databases that are at head; taking out what is not one's own, the PRAGMA lines, the notes "
            "and formatting are not in it, and are in devtask's."
        )

    def measure_migrations(self, folder: pathlib.Path, server) -> None:
        clean, copy = self.scratch / "clean.db", self.scratch / "guide.db"
        prefect = f"{folder}/.venv/bin/prefect server database"
        home = {"PREFECT_HOME": str(self.home / "guide")}

        def on(database: pathlib.Path, name: str, *commands: str) -> str:
            """A script that runs them on both."""
            urls = [
                f"sqlite+aiosqlite:///{database}",
                f"postgresql+asyncpg://postgres@/{name}?host={server.folder}",
            ]
            lines = [f"PREFECT_API_DATABASE_CONNECTION_URL='{url}' {prefect} {each}" for url in urls for each in commands]
            return " && ".join(lines)

        def put_back() -> None:
            for words in (["checkout", "--quiet"], ["clean", "-fdq"]):
                subprocess.run(["git", *words, "--", f"{DATABASE}/migrations"], cwd=folder, check=True)

        def by_hand(case: str | None) -> None:
            put_back()
            shutil.copyfile(clean, copy)
            server.database("guide", template="clean")
            script = on(copy, "guide", f"revision --autogenerate -m {NAME}", "upgrade -y")
            self.run(case, GUIDE, ["sh", "-c", script], folder, **home)

        def with_devtask(case: str | None, who: str, *before: str) -> None:
            put_back()
            words = [*before, self.bench.devtask.program, *MIGRATE, "-m", NAME]
            self.run(case, who, words, folder, "add_column flow_run.new_column")

        server.database("clean")
        self.run(None, GUIDE, ["sh", "-c", on(clean, "clean", "upgrade -y")], folder, **home)
        text = (folder / MODELS).read_text()
        (folder / MODELS).write_text(text.replace(BEFORE, BEFORE + COLUMN, 1))
        core = str(min(os.sched_getaffinity(0)))
        for case, rounds in ((None, 1), ("migrate", self.rounds)):
            steps = [
                lambda case=case: by_hand(case),
                lambda case=case: with_devtask(case, "devtask"),
                lambda case=case: with_devtask(case, "devtask, one core", "taskset", "-c", core),
            ]
            for number in range(rounds):
                self.bench.in_turn(number, steps)
        with_devtask(None, "devtask")
        self.devtask(None, CHECK, folder)
        for words, who in ((MIGRATE, "devtask, nothing to do"), (CHECK, "devtask check, nothing to do")):
            self.at_rest(words, folder)
            for _ in range(4 * self.rounds):
                self.devtask("migrate", words, folder, IDLE, who)
        put_back()
        (folder / MODELS).write_text(text)
