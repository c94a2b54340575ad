"""A PostgreSQL server of the tests' own, on a Unix socket: it ends with its `end`, or with the process that began it."""

import glob
import os
import pathlib
import shutil
import subprocess
import tempfile

UNPRIVILEGED = "postgres"
# The server gets SIGQUIT as soon as nobody holds the other end of the input.
UNTIL_INPUT_ENDS = 'server=; "$@" <&- & server=$!; cat > /dev/null; kill -QUIT $server; wait $server'


def folder_of_programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    program = found[-1] if found else shutil.which("postgres")
    return pathlib.Path(program).parent if program else None


def driver():
    for name, url in (("psycopg", "postgresql+psycopg"), ("psycopg2", "postgresql+psycopg2")):
        try:
            __import__(name)
            return url
        except ImportError:
            continue
    return None


class Server:
    def __init__(self, programs):
        self.programs = programs
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="devtask-pg-"))  # a socket's path is short
        self.options = {"cwd": "/"}
        if os.geteuid() == 0:  # with which the server does not start
            shutil.chown(self.folder, UNPRIVILEGED)
            self.options.update(user=UNPRIVILEGED, group=UNPRIVILEGED, extra_groups=[])
        data = self.folder / "data"
        self.call("initdb", "-A", "trust", "-U", "postgres", "-N", "-D", data)
        settings = {"listen_addresses": "", "fsync": "off", "unix_socket_directories": self.folder}
        command = [self.programs / "postgres", "-D", data]
        command += [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", UNTIL_INPUT_ENDS, "sh", *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                **self.options,
            )
        self.call("psql", *self.place(), "-c", "select 1", until_ready=True)

    def place(self):
        return ["-h", self.folder, "-U", "postgres", "-qtA"]

    def call(self, program, *arguments, until_ready=False):
        command = [str(self.programs / program), *map(str, arguments)]
        while True:
            done = subprocess.run(command, capture_output=True, text=True, **self.options)
            if done.returncode == 0:
                return done.stdout
            running = until_ready and self.process.poll() is None
            assert running, done.stderr + (self.folder / "log").read_text() * until_ready

    def database(self, name, template="template0"):
        statements = [f'drop database if exists "{name}"', f'create database "{name}" template "{template}"']
        self.call("psql", *self.place(), *(word for statement in statements for word in ("-c", statement)))
        return f"{driver()}://postgres:sec%23ret@/{name}?host={self.folder}"

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.folder)
