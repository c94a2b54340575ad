"""bench/RESULTS.md from the raw numbers: the rows that must be, the peers, and what else was measured."""

import dataclasses
import textwrap
from collections.abc import Callable, Iterable

import sentences
from measure import Samples
from workload import Shape

NOT_MEASURED = "–"


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of what must be: `own` against `other`, both under `case`; or a ratio made of more than two numbers."""

    what: str
    against: str
    limit: float
    case: str = ""
    own: str = "devtask"
    other: str = ""
    special: Callable[["Report"], float | None] | None = None


class Report:
    def __init__(self, data: dict):
        self.data = data
        self.samples = Samples(data["samples"])
        self.tasks = data["tasks"]
        self.shape = Shape(self.tasks)
        self.large = Shape(data["large"])
        self.independent = Shape(self.tasks, chained=False)

    # ---- numbers; None where something was not measured

    def wall(self, case: str, who: str = "devtask") -> float | None:
        return self.samples.wall(case, who) if self.samples.has(case, who) else None

    def ratio(self, case: str, own: str, other: str) -> float | None:
        return quotient(self.wall(case, own), self.wall(case, other))

    def growth(self, case: str, who: str = "devtask") -> float | None:
        return quotient(self.wall(f"growth {case}/{self.large}", who), self.wall(f"growth {case}/{self.shape}", who))

    def peak(self, case: str, who: str = "devtask") -> float | None:
        return self.samples.peak_mb(case, who) if self.samples.has(case, who) else None

    # ---- what must be

    def rows(self) -> list[Row]:
        n, large = f"{self.tasks:,}", f"{self.large.tasks:,}"
        nothing, one = f"nothing/{self.shape}", f"one/{self.shape}"
        grown = f"N={large} against N={n}"
        return [
            Row("nothing to do", "Ninja's own no-op", 0.5, nothing, other="ninja"),
            Row("nothing to do", "statx walk, two threads", 1.4, nothing, other="statx"),
            Row("one file changed", "Ninja", 0.75, one, other="ninja"),
            Row("all touched, same content", "reading and hashing all", 1.4, f"touched/{self.shape}", other="hash"),
            Row("outputs deleted, restored", "copying them", 2.0, f"restored/{self.shape}", other="copy"),
            Row("cold, in chains of 10", "Ninja", 1.2, f"cold/{self.shape}", other="ninja"),
            Row("cold, all independent", "Ninja", 1.5, f"cold/{self.independent}", other="ninja"),
            Row(f"{grown}: nothing to do", f"N={n}", 10.0, special=lambda it: it.growth("nothing")),
            Row(f"{grown}: one change", f"N={n}", 10.0, special=lambda it: it.growth("one")),
            Row(f"{grown}: cold", "the same growth of Ninja", 1.3,
                special=lambda it: quotient(it.growth("cold"), it.growth("cold", "ninja"))),
            Row(f"{grown}: restored", "the same growth of copying", 1.3,
                special=lambda it: quotient(it.growth("restored"), it.growth("restored", "copy"))),
            Row("peak memory, nothing to do", "Ninja", 0.8,
                special=lambda it: quotient(it.peak(nothing), it.peak(nothing, "ninja"))),
            Row("`devtask --version`", "`ninja --version`", 1.2, "start-up", "devtask --version", "ninja --version"),
            Row("`devtask list`, 10 tasks", "`ninja --version`", 3.0, "start-up", "devtask list", "ninja --version"),
            Row("Prefect: `build-ui`, nothing to do", "the guide's own way", 0.005, "prefect", other="guide"),
        ]  # fmt: skip

    def targets(self) -> str:
        lines = []
        for row in self.rows():
            own = other = median = None
            if row.special:
                value = row.special(self)
            else:
                own, other = self.wall(row.case, row.own), self.wall(row.case, row.other)
                value = quotient(own, other)
                if value is not None and row.case != "prefect":
                    median = self.samples.median_ratio(row.case, row.own, row.other)
            if row.what.startswith("peak"):
                case = f"nothing/{self.shape}"
                own_text, other_text = f"{number(self.peak(case))} MB", f"{number(self.peak(case, 'ninja'))} MB"
            elif row.special:
                own_text, other_text = self.growth_texts(row)
            else:
                own_text, other_text = milliseconds(own), milliseconds(other)
            digits = 4 if row.limit < 0.01 else 2
            met = NOT_MEASURED if value is None else "yes" if value <= row.limit else "**no**"
            lines.append(
                [
                    row.what,
                    own_text,
                    row.against,
                    other_text,
                    number(value, digits),
                    number(median),
                    f"≤ {row.limit:g}",
                    met,
                ]
            )
        return table(["case", "devtask", "against", "", "ratio", "median of the rounds", "must be", "met"], lines)

    def growth_texts(self, row: Row) -> tuple[str, str]:
        case = {"nothing to do": "nothing", "one change": "one"}.get(row.what.split(": ")[1], row.what.split(": ")[1])
        if case in ("nothing", "one"):
            return milliseconds(self.wall(f"growth {case}/{self.large}")), milliseconds(
                self.wall(f"growth {case}/{self.shape}")
            )
        other = {"cold": "ninja", "restored": "copy"}[case]
        return factor(self.growth(case)), factor(self.growth(case, other))

    # ---- peers

    def peers(self) -> str:
        names = ["devtask", "ninja", *self.data["peers"]]
        small = [Shape(tasks) for tasks in (10, 100) if tasks < self.tasks]
        columns = [(f"nothing, N={shape.tasks}", f"nothing/{shape}") for shape in small]
        columns += [
            (f"{what}, N={self.tasks:,}", f"{what}/{self.shape}")
            for what in ("nothing", "one", "touched", "restored", "cold")
        ]
        lines = []
        for name in names:
            cells = [f"{name} {self.data['versions'].get(name, '').split(',')[0]}"]
            for _, case in columns:
                wall, base = self.wall(case, name), self.wall(case, "ninja")
                text = milliseconds(wall, unit="")
                if (
                    wall is not None
                    and base is not None
                    and name != "ninja"
                    and not case.startswith(("touched", "restored"))
                ):
                    text += f" ({number(wall / base, 1 if wall > base * 2 else 2)} x)"
                cells.append(text)
            peak = self.peak(f"nothing/{self.shape}", name)
            lines.append([*cells, number(peak, 0 if peak and peak > 20 else 1)])
        parts = [table(["tool", *(title for title, _ in columns), "MB, nothing"], lines)]
        hows = [f"{name}: {by}" for name, by in self.data["peers"].items()]
        if hows:
            parts.append(f"How they were set up, else with their defaults: {'; '.join(hows)}.")
        parts.append(sentences.PEERS)
        if self.data["missing"]:
            missing = (f"{name} ({why})" for name, why in self.data["missing"].items())
            parts.append(f"Not measured: {'; '.join(missing)}.")
        return page(parts)

    # ---- also measured: a table or a number, and a sentence on what bounds it

    def at_once(self) -> str | None:
        shape, lines = self.shape, []
        for what, case in (
            ("nothing to do, at rest", f"nothing/{shape}"),
            ("nothing to do, right after a change", f"one, at once nothing/{shape}"),
            ("one file changed, at rest", f"one/{shape}"),
            ("one file changed, right after another change", f"one, at once again/{shape}"),
            ("one file changed, head of a chain of ten", f"one, head/{shape}"),
        ):
            own, other = self.wall(case), self.wall(case, "ninja")
            lines.append([what, milliseconds(own), milliseconds(other), number(quotient(own, other))])
        if not self.samples.has(f"one/{shape}", "devtask"):
            return None
        return page([table(["", "devtask", "ninja", "ratio"], lines), sentences.AT_ONCE])

    def cold_share(self) -> str | None:
        lines = []
        for what, case in (
            (f"chains, N={self.tasks:,}", f"cold/{self.shape}"),
            (f"independent, N={self.tasks:,}", f"cold/{self.independent}"),
            (f"chains, N={self.large.tasks:,}", f"growth cold/{self.large}"),
        ):
            if self.samples.has(case, "devtask", "ninja", "spawn"):
                own, ninja, floor = (self.wall(case, who) for who in ("devtask", "ninja", "spawn"))
                share = [f"{max(0.0, 1 - floor / wall) * 100:.0f} %" for wall in (own, ninja)]
                lines.append([what, milliseconds(floor), milliseconds(own), share[0], milliseconds(ninja), share[1]])
        if not lines:
            return None
        head = [
            "",
            "the commands alone, two at once",
            "devtask",
            "of it not the commands",
            "ninja",
            "of it not the commands",
        ]
        return page([table(head, lines), sentences.COLD])

    def per_file_and_task(self) -> str | None:
        shapes = [Shape(tasks) for tasks in (10, 100) if tasks < self.tasks] + [self.shape]
        lines = []
        for shape, prefix in [(shape, "") for shape in shapes] + [(self.large, "growth ")]:
            cells = [f"{shape.tasks:,}"]
            for what in ("nothing", "one", "touched", "restored", "cold"):
                wall = self.wall(f"{prefix}{what}/{shape}")
                each = quotient(wall, shape.tasks)
                cells.append(NOT_MEASURED if each is None else f"{milliseconds(wall)} · {each * 1000:.0f} µs a task")
            wall = self.wall(f"{prefix}nothing/{shape}")
            files = shape.tasks * shape.files
            each, floor = quotient(wall, files), quotient(self.wall(f"{prefix}nothing/{shape}", "statx"), files)
            cells.append(NOT_MEASURED if each is None or floor is None else f"{each * 1000:.2f} · {floor * 1000:.2f}")
            lines.append(cells)
        if all(cell == NOT_MEASURED for line in lines for cell in line[1:]):
            return None
        head = ["N", "nothing", "one", "touched", "restored", "cold", "nothing: µs a file · statx alone"]
        return page([table(head, lines), sentences.PER_FILE + self.split()])

    def split(self) -> str:
        """From two workloads with as many tasks and a different number of files."""
        few, said = Shape(self.tasks, files=2), []
        for what in ("nothing", "touched"):
            many_wall, few_wall = self.wall(f"{what}/{self.shape}"), self.wall(f"{what}/{few}")
            if many_wall is None or few_wall is None:
                continue
            file = (many_wall - few_wall) / (self.tasks * (self.shape.files - few.files)) * 1000
            said.append(
                f"{what} {file:.2f} µs a file and {few_wall * 1000 / self.tasks - few.files * file:.0f} µs a task"
            )
        if not said:
            return ""
        return f"Apart, from the same number of tasks with 2 files each: {'; '.join(said)}."

    def growth_table(self) -> str | None:
        lines = []
        for what, other in (
            ("nothing", "ninja"),
            ("one", ""),
            ("touched", "hash"),
            ("restored", "copy"),
            ("cold", "ninja"),
        ):
            own = self.growth(what)
            small, large = self.wall(f"growth {what}/{self.shape}"), self.wall(f"growth {what}/{self.large}")
            theirs = f"{other} {factor(self.growth(what, other))}" if other else NOT_MEASURED
            lines.append([what, milliseconds(small), milliseconds(large), factor(own), theirs])
        if all(line[1] == NOT_MEASURED for line in lines):
            return None
        head = ["", f"N={self.tasks:,}", f"N={self.large.tasks:,}", "growth", "the same of"]
        return page([table(head, lines), sentences.GROWTH])

    def calls(self) -> str | None:
        counted = self.data["more"].get("calls")
        if not counted:
            return None
        inputs = self.tasks * self.shape.files
        lines = [
            [who, f"{of['calls']:,}", f"{of['calls'] / inputs:.2f}", f"{of['programs']}"] for who, of in counted.items()
        ]
        head = ["nothing to do", "system calls", "for each input file", "programs started"]
        return page([table(head, lines), sentences.CALLS.format(inputs=inputs)])

    def big(self) -> str | None:
        if not self.samples.has("big nothing", "devtask"):
            return None
        files = self.large.tasks * self.large.files
        lines = []
        for what, floor in (("cold", "command"), ("nothing", "statx"), ("one", ""), ("touched", "hash")):
            case = f"big {what}"
            if not self.samples.has(case, "devtask"):
                continue
            other = self.wall(case, floor) if floor else None
            theirs = f"{floor} {milliseconds(other)}" if other is not None else NOT_MEASURED
            lines.append([what, milliseconds(self.wall(case)), theirs, f"{number(self.peak(case), 0)} MB"])
        head = [f"one task, {files:,} input files", "devtask", "floor", "peak memory"]
        return page([table(head, lines), sentences.BIG.format(inputs=files)])

    def start(self) -> str | None:
        whos = ("ninja --version", "devtask --version", "devtask list")
        if not self.samples.has("start-up", *whos):
            return None
        lines = [
            [f"`{who}`", milliseconds(self.wall("start-up", who), 2), f"{number(self.peak('start-up', who), 1)} MB"]
            for who in whos
        ]
        return page([table(["", "", "peak memory"], lines), sentences.START])

    def prefect(self) -> str | None:
        own, guide = self.wall("prefect"), self.wall("prefect", "guide")
        if own is None or guide is None:
            return None
        return sentences.PREFECT.format(own=milliseconds(own), guide=milliseconds(guide), times=guide / own)

    def floors(self) -> str | None:
        lines = []
        for what, case, who in (
            ("stat of all inputs, two threads", "nothing", "statx"),
            ("read and hash all inputs, two threads", "touched", "hash"),
            ("copy all outputs, one thread", "restored", "copy"),
            ("start the commands, two at once, nothing else", "cold", "spawn"),
        ):
            small, large = self.wall(f"{case}/{self.shape}", who), self.wall(f"growth {case}/{self.large}", who)
            lines.append([what, milliseconds(small), milliseconds(large)])
        return table(["floor", f"N={self.tasks:,}", f"N={self.large.tasks:,}"], lines)

    # ---- the page

    def whole(self) -> str:
        facts = [*self.data["facts"].items(), *self.data["versions"].items()]
        parts = [
            "# Results",
            sentences.INTRODUCTION.format(tasks=self.tasks, rounds=self.data["rounds"]),
            table(["", ""], facts),
            "## What must be",
            self.targets(),
            sentences.SHORT,
            "## Peers",
            "Minimum wall milliseconds, and how many times Ninja's.",
            self.peers(),
            "## Also measured",
        ]
        for title, text in (
            ("The floors", self.floors()),
            ("At rest and at once", self.at_once()),
            ("The part of a cold run that is not the commands", self.cold_share()),
            ("Cost for each file and task", self.per_file_and_task()),
            ("More tasks", self.growth_table()),
            ("System calls and processes", self.calls()),
            ("A task with very many files", self.big()),
            ("Start-up", self.start()),
            ("Prefect", self.prefect()),
        ):
            parts += [f"### {title}", text or "Not measured in this run."]
        return page(parts) + "\n"


def write(data: dict) -> str:
    return Report(data).whole()


# ---- text


def page(parts: list[str]) -> str:
    """Paragraphs, tables and parts that have been through here, with lines of a readable width."""
    lines = "\n\n".join(part.strip() for part in parts).split("\n\n")
    return "\n\n".join(part if part.startswith(("|", "#")) else filled(part) for part in lines)


def filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


def quotient(a: float | None, b: float | None) -> float | None:
    return None if a is None or not b else a / b


def number(value: float | None, digits: int = 2) -> str:
    return NOT_MEASURED if value is None else f"{value:,.{digits}f}"


def factor(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"x {value:.1f}"


def milliseconds(value: float | None, digits: int | None = None, unit: str = " ms") -> str:
    if value is None:
        return NOT_MEASURED
    if digits is None:
        digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}{unit}"


def table(head: list[str], lines: Iterable[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
