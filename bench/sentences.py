"""What bounds each thing that is measured: the words of the report. The numbers are filled in by report.py."""

INTRODUCTION = """
Made by `bench/run.py --all`; do not edit. {tasks:,} tasks with 20 input files of 2 KB each and one `cat`, in chains
of ten and one target over all; minima of {rounds} rounds (fewer for the peers and for what takes long), all
contestants in turn in each round, each with its own default of parallel jobs. Times are of the whole process, taken
by a small launcher in C. The ratio is that of the minima; where the median of the ratios of each round is far from
it, the machine was noisy. Machines differ: trust the ratios only, and only of one run.
"""

SHORT = """
What bounds those that are not met. *One file changed*: the comparison of everything with what was looked at last
(nothing to do), then a single thread that reads the project (3 ms), plans (4 ms) and evaluates (3 ms), then the start
of Ninja, its shell, the shim and the command (8 ms). *Restored*: for each task one read of the index under its lock,
a lock file, two records in the journal and a new file, two threads taking turns at the index. *Cold*: the commands
are 60 % of the processor's time; the rest is, for each task, a hundred looks at files (its inputs and programs must
be as they were before and after), hashing and compressing the output (a third of what devtask computes there), and two
records; and in a chain a tenth, otherwise a whole, edge of Ninja with its shell and shim.
"""

PEERS = """
Ninja and make, which go by timestamps, run everything again after a touch. A dash: not measured, or the tool does not
bring deleted outputs back without running the commands.
"""

AT_ONCE = """
Within two seconds of a change a file's time proves nothing, so what changed is read and hashed again and the outcome
is not sealed: bound by the full evaluation of all tasks instead of one comparison of what was looked at. After a
change at the head of a chain its followers are spared because its output does not reach theirs; Ninja runs all ten.
"""

COLD = """
Bound by starting processes: the commands alone start a shell and a `cat` for each task. What devtask adds is reading
and hashing the inputs, storing each output in the cache, a step of its shim before each command, and, for each edge
of the graph, Ninja's shell and the shim; a chain is one edge, so it pays the last two once for ten tasks.
"""

PER_FILE = """
Nothing to do is bound by one `statx` for each file and folder, on all cores; a touch by opening and reading each
file; a restore by writing the outputs; a cold run by starting the commands. One change costs what nothing to do
costs, plus the evaluation of all tasks and one start of Ninja.
"""

GROWTH = """
Both sizes in the same rounds. More files than the processor's caches hold cost more each, for the floors, too: the
large one is bound by memory where the small one is bound by instructions.
"""

CALLS = """
Bound by the number of files: {inputs:,} inputs have to be looked at, one `statx` each; folders and outputs come on
top. The program itself counts as one.
"""

BIG = """
Bound by the files, not by the task: a cold run reads and hashes {inputs:,} files, the others look at as many. Memory
is bound by one record for each file (its path, what it looked like, its digest) and one line of the fingerprint.
"""

START = """
Bound by the kernel loading the program and the dynamic linker its libraries; `list` also reads and checks
`tasks.toml`.
"""

PREFECT = """
`devtask build-ui` with nothing to do: {own}. The guide's way (`npm ci`, `npm run build`, replace the folder; without
the start of `prefect dev build-ui` itself): {guide}, {times:,.0f} times as long. Bound by one look at the files of
`ui/`.
"""
