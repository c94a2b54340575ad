"""A project of four tasks and a group, for the tests that need one of each kind.

    src/ ─ gen ─ pack ─ check      (pack also reads header.txt, check reads tests/)
    docs/ ─ docs                   (beside them)

`gen` makes all letters capitals, so that an edit may leave its result as it was; it reads the variable MODE.
"""

TASKS = """
[tasks.gen]
description = "Join the sources"
inputs = ["src/**"]
outputs = ["build/gen.txt"]
env-inputs = ["MODE"]
run = "RAN; mkdir -p build; grep '' src/* | tr a-z A-Z >build/gen.txt"

[tasks.pack]
description = "Put the header before it"
deps = ["gen"]
inputs = ["header.txt"]
outputs = ["build/pack/"]
run = "RAN; mkdir -p build/pack; cat header.txt build/gen.txt >build/pack/all.txt"

[tasks.check]
description = "Look at the result"
deps = ["pack"]
inputs = ["tests/**"]
run = "RAN; grep -q A build/pack/all.txt"

[tasks.docs]
description = "Copy the documentation"
inputs = ["docs/**"]
outputs = ["build/docs.txt"]
run = "RAN; mkdir -p build; cat docs/* >build/docs.txt"

[tasks.all]
description = "Everything"
deps = ["check", "docs"]
"""

FILES = {
    "src/a.txt": "a one\n",
    "src/b.txt": "b two\n",
    "header.txt": "header\n",
    "tests/t.txt": "t\n",
    "docs/d.txt": "d\n",
}

# What a first run of each task says.
FIRST_GEN = """\
gen: never ran here
gen: done in TIME
devtask: 1 ran in TIME
"""
FIRST_CHECK = """\
gen: never ran here
gen: done in TIME
pack: never ran here
pack: done in TIME
check: never ran here
check: done in TIME
devtask: 3 ran in TIME
"""
UP_TO_DATE = "devtask: everything is up to date ({} tasks)\n"


def write_sample(project):
    project.tasks(TASKS)
    for path, text in FILES.items():
        project.write(path, text)
