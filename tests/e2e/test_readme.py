"""What README.md and docs/ show is what happens: their ```console blocks are run in a scratch project."""

import sys
from pathlib import Path

import pytest

from support.documents import Command, File, parts_of, says_the_same
from support.project import DEVTASK, REPOSITORY

DOCUMENTS = [
    path
    for path in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
    if path.exists() and any(isinstance(part, Command) for part in parts_of(path.read_text()))
]


def play(project, text):
    """Runs a document; what went otherwise than it says, a text for each."""
    with_pytest = Path(sys.executable).parent
    project.env["PATH"] = f"{DEVTASK.parent}:{with_pytest}:{project.env['PATH']}"
    project.env["COLUMNS"] = "100"
    problems = []
    for part in parts_of(text):
        if isinstance(part, File):
            project.write(part.path, part.text)
            continue
        result = project.command("sh", "-c", "exec 2>&1\n" + part.text)
        printed = result.stdout
        if result.code != part.code:
            problems.append(f"line {part.line}: $ {part.text}\nexit status {result.code}, not {part.code}\n{printed}")
        elif part.output and not says_the_same(part.output, printed):
            problems.append(f"line {part.line}: $ {part.text}\nprints\n{printed}and not\n" + "\n".join(part.output))
    return problems


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(REPOSITORY)) for path in DOCUMENTS])
def test_a_document_tells_the_truth(project, path):
    problems = play(project, path.read_text())
    assert not problems, "\n\n".join(problems)


EXAMPLE = """\
# A document

<!-- file: tasks.toml -->
```toml
[tasks.a]
inputs = ["in.txt"]
run = "cat in.txt"
```

<!-- file: in.txt -->
```
hello
```

```console
$ devtask a
a: never ran here
hello
a: done in 9 ms
devtask: 1 ran in 12 ms
$ devtask \\
    a
…
$ devtask b
error: there is no task `b`
…
[exit status 2]
```

```sh
rm -rf everything
```
"""


def test_a_true_document(project):
    assert play(project, EXAMPLE) == []


def test_a_document_with_another_output_is_found_out(project):
    (problem,) = play(project, EXAMPLE.replace("a: never ran here", "a: always ran here"))
    assert problem.startswith("line 16: $ devtask a\nprints\na: never ran here\n")


def test_a_document_with_another_exit_status_is_found_out(project):
    (problem,) = play(project, EXAMPLE.replace("[exit status 2]\n", ""))
    assert problem.startswith("line 24: $ devtask b\nexit status 2, not 0\n")


def test_only_console_blocks_are_run(project):
    assert [part.text for part in parts_of(EXAMPLE) if isinstance(part, Command)] == [
        "devtask a",
        "devtask \\\n    a",
        "devtask b",
    ]
