"""What devtask promises, as a model: from what is remembered and what lies in the checkout to the commands that have to
run, and no others; to what is restored, the exit status, and every file afterwards.

`Checkout` is one folder with its journal, `Cache` what all checkouts share. A `Run` works on copies of both. It knows
nothing of times, of Ninja and of how devtask stores anything.
"""

import enum
import hashlib
from dataclasses import dataclass, field

from property import commands
from property.model import OWNED_KINDS, TOOL, File, is_ignored, matches

# Where devtask falls short of what it promises (test_found.py). The model and the steps allow for it: take a name away
# when it is mended.
KNOWN = {
    "plain Ninja does not order edits",
    "nobody looks behind a link",  # that is an output, and leads to what is none
}
UNKEYED = ""  # of what ran without a key: it is never up to date, but what it made is known


def digest(*facts):
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Success:
    """The last success of a task: its outputs, or of a local one the witness."""

    key: str
    outputs: tuple  # sorted (path, File)
    witness: tuple = ()
    kept: frozenset = frozenset()  # outputs that were there before and were not written to

    @property
    def paths(self):
        return {path for path, _ in self.outputs}

    @property
    def owned(self):
        """What is devtask's to remove."""
        return self.paths - self.kept

    @property
    def seen(self):
        return digest(self.outputs)


@dataclass(frozen=True)
class Attempt:
    """A run after the last success that did not succeed."""

    key: str
    foreign: frozenset = frozenset()
    made: frozenset = frozenset()
    killed: bool = False


@dataclass
class Checkout:
    files: dict = field(default_factory=dict)
    project: object = None
    successes: dict = field(default_factory=dict)  # by label
    attempts: dict = field(default_factory=dict)

    def copy(self):
        return Checkout(dict(self.files), self.project, dict(self.successes), dict(self.attempts))


class Verdict(enum.Enum):
    FRESH, CACHED, STALE, WAITING = range(4)


@dataclass
class State:
    verdict: Verdict
    key: str = None
    seen: str = None
    result: Success = None
    was_here: bool = False


@dataclass
class Request:
    """`names` as typed; the word after a task that takes an argument is its argument."""

    names: tuple
    force: bool = False
    only: bool = False
    keep_going: bool = False
    jobs: int = 2
    ninja: bool = False

    def words(self):
        options = [f"-j{self.jobs}"] if self.jobs else []
        options += ["-f"] * self.force + ["--only"] * self.only + ["-k"] * self.keep_going
        return options + [word for name in self.names for word in name.split(" ")]


class Plan:
    """The instances that a request reaches, dependencies first."""

    def __init__(self, project, request):
        self.project, self.request = project, request
        self.order, self.requested = [], []
        for name in request.names:
            self.requested += [each for each in self.named(name) if each not in self.requested]
        everything = list(self.requested)
        for instance in everything:
            everything += [each for each in project.dependencies(instance) if each not in everything]
        self.after = {} if request.ninja else self.order_edits(everything)
        for instance in everything:
            self.add(instance)

    def named(self, name):
        name, *words = name.split(" ")
        found = self.project.instances(name)
        return [commands.instance_of(found[0].task, "", tuple(words))] if words else found

    def order_edits(self, instances):
        after = {}
        for editor in (each for each in instances if each.task.kind == "edits"):
            for reader in instances:
                reads = reader.task.shared == editor.task.folder and reader.task.kind in OWNED_KINDS
                if reads and reader not in self.project.below(editor):
                    after.setdefault(reader, []).append(editor)
        return after

    def add(self, instance):
        if instance in self.order:
            return
        for each in self.before(instance):
            self.add(each)
        self.order.append(instance)

    def before(self, instance):
        return self.project.dependencies(instance) + self.after.get(instance, [])

    def read_deps(self, instance):
        found = self.project.dependencies(instance)
        return found + [each for each in self.read_whole(instance) if each not in found]

    def read_whole(self, instance):
        return [self.project.instances(name)[0] for name in instance.task.reads_all]

    def has_twins(self):
        makers = [each.slot for each in self.order if each.output_pattern]
        return len(makers) != len(set(makers))

    def always_runs(self):
        return any(each.task.always_runs for each in self.order)


class Run:
    """One invocation, carried out on copies.

    `observed`: labels of what really ran, for the cases in which the promise leaves a choice (what still starts after a
    failure, how far a killed run came); None where it does not. `restored`: the same of what was restored.
    """

    def __init__(self, checkout, cache, env, request, observed=None, restored=None):
        self.checkout, self.cache, self.env, self.request = checkout.copy(), dict(cache), env, request
        self.observed, self.observed_restored = observed, restored
        self.plan = Plan(checkout.project, request)
        self.states = {}
        self.begun_keys, self.stocks = {}, {}
        self.kept, self.overwritten, self.shared = set(), set(), set()
        self.ran, self.restored, self.spared, self.failed, self.skipped, self.missed = [], [], [], [], [], []

    # ---- looking

    def evaluate(self):
        for instance in self.plan.order:
            self.states[instance] = self.judge(instance)

    def inputs(self, instance):
        """Facts of the files that it reads; what its dependencies are known to have made is left out."""
        files, facts = self.checkout.files, []
        made = {}
        for maker in self.plan.read_whole(instance):
            last = self.checkout.successes.get(maker.label)
            made[maker] = last.owned if last else set()
        whole = [maker.output_pattern for maker in made]
        for path in sorted(files):
            if is_ignored(path) or not matches(path, instance.input_patterns + whole) or instance.owns(path):
                continue
            if any(maker.owns(path) and path in paths for maker, paths in made.items()):
                continue
            facts.append((path, content_fact(files, path)))
        return facts

    def key(self, instance):
        """None if not all of its dependencies are known."""
        task, deps = instance.task, self.plan.read_deps(instance)
        if any(self.states[dep].seen is None for dep in deps):
            return None
        tool = commands.resolved(self.checkout.files, TOOL) if task.tool else None
        seen = task.takes_env and sorted(each for each in self.env.items() if each[0].startswith(task.variable()))
        return digest(
            instance.local_name, commands.task_facts(self.checkout.project, task), instance.word, seen,
            tool.text if tool and tool.executable else "", self.inputs(instance),
            sorted((dep.label if not task.base or not dep.task.base else dep.local_name, self.states[dep].seen)
                   for dep in deps),
        )

    def is_brought_up_to_date(self, instance):
        """Not with --only, if it was not asked for: then it is taken as it was last."""
        return not self.request.only or instance in self.plan.requested

    def is_pending(self, dep):
        if dep.task.is_group:
            return self.states[dep].verdict is Verdict.WAITING
        return self.states[dep].seen is None and self.is_brought_up_to_date(dep)

    def judge(self, instance):
        task, checkout = instance.task, self.checkout
        waiting = any(map(self.is_pending, self.plan.read_deps(instance) + self.plan.after.get(instance, [])))
        if task.is_group:
            seen = [self.states[dep].seen for dep in self.plan.project.dependencies(instance)]
            if waiting:
                return State(Verdict.WAITING)
            return State(Verdict.FRESH, seen=None if None in seen else digest(*seen))
        last, attempt = checkout.successes.get(instance.label), checkout.attempts.get(instance.label)
        local = task.kind == "local"
        if not self.is_brought_up_to_date(instance):
            if last is None or attempt or local and last.key == UNKEYED or self.damage(instance, last, None):
                return State(Verdict.STALE)
            return State(Verdict.FRESH, seen=last.key if local else last.seen, result=last)
        if task.always_runs:
            return State(Verdict.STALE)
        was_here = last is not None
        if waiting:
            return State(Verdict.WAITING, was_here=was_here)
        key = self.key(instance)
        state = State(Verdict.STALE, key, key if local else None, was_here=was_here)
        if key is None or self.request.force and instance in self.plan.requested:
            return state
        tried = attempt is not None and (attempt.key == key or local)
        if tried and not attempt.killed:
            return state
        if last and last.key == key and not tried and not self.damage(instance, last, attempt):
            state.verdict, state.result = Verdict.FRESH, last
        elif key in self.cache and not local and task.kind != "creates":
            state.verdict, state.result = Verdict.CACHED, Success(key, self.cache[key])
        if state.result and not local:
            state.seen = state.result.seen
        return state

    def damage(self, instance, last, attempt):
        files = self.checkout.files
        if any(files.get(path) != file for path, file in last.outputs):
            return True
        # Of a witness the content counts.
        if any(text_at(files, path) != file.text for path, file in last.witness):
            return True
        if attempt is None:
            return False
        left = set(attempt.made)
        if attempt.killed and instance.task.kind != "local":
            left |= {path for path in files if instance.owns(path)} - attempt.foreign
        return bool(left - last.paths)

    # ---- what follows

    def schedule(self):
        """Instances to restore, and those that run or may have to."""
        needs = dict.fromkeys(self.plan.requested, 2)
        self.to_restore, self.to_run, self.fresh = [], [], []
        for instance in reversed(self.plan.order):
            need, state, of_deps = needs.get(instance, 0), self.states[instance], 1
            if need == 0:
                continue
            if instance.task.is_group:
                of_deps = need
            elif state.verdict is Verdict.FRESH:
                self.fresh.insert(0, instance)
            elif state.verdict is Verdict.CACHED:
                if need == 2 or state.was_here:
                    self.to_restore.insert(0, instance)
            elif need == 2:
                self.to_run.insert(0, instance)
                of_deps = 2
            if not self.request.only:
                for dep in self.plan.before(instance):
                    needs[dep] = max(needs.get(dep, 0), of_deps)

    def carry_out(self):
        self.evaluate()
        if self.request.ninja:  # brings everything on the way in place
            self.to_restore, self.fresh = [], []
            self.to_run = [each for each in self.plan.order if not each.task.is_group]
            for instance in self.plan.order:
                self.states[instance] = State(Verdict.WAITING)
        else:
            self.schedule()
        for instance in self.to_restore:
            if self.observed_restored is None or instance.label in self.observed_restored:
                self.restore(instance)
        for instance in self.to_run:
            self.bring_up_to_date(instance)
        return self

    def bring_up_to_date(self, instance):
        if any(self.is_blocked(dep) for dep in self.plan.before(instance)):
            self.skipped.append(instance)
            return
        self.settle_groups(instance)
        state = self.states[instance] = self.judge(instance)
        if state.verdict is Verdict.FRESH:
            self.spared.append(instance)
        elif state.verdict is Verdict.CACHED:
            if self.observed_restored is None or instance.label in self.observed_restored:
                self.restore(instance)
            else:
                self.miss(instance)
        elif self.observed is None or instance.slot in self.observed:
            self.run(instance)
        else:
            self.miss(instance)

    def settle_groups(self, instance):
        for dep in self.plan.project.dependencies(instance):
            if dep.task.is_group:
                self.settle_groups(dep)
                self.states[dep] = self.judge(dep)

    def is_blocked(self, dep):
        if dep.task.is_group:
            return any(self.is_blocked(each) for each in self.plan.project.dependencies(dep))
        return dep in self.failed or dep in self.skipped or dep in self.missed

    def miss(self, instance):
        """It would have had its turn, but something else failed before, or the run was killed."""
        self.missed.append(instance)

    def take_stock(self, instance):
        self.stocks[instance] = take_stock(self.checkout, instance)
        return self.stocks[instance]

    def clear(self, paths):
        for path in paths:
            self.checkout.files.pop(path, None)

    def restore(self, instance):
        checkout, state = self.checkout, self.states[instance]
        self.clear(self.take_stock(instance)[0])
        checkout.files.update(state.result.outputs)
        self.commit(instance, state.result)
        self.restored.append(instance)

    def commit(self, instance, success):
        self.checkout.successes[instance.label] = success
        self.checkout.attempts.pop(instance.label, None)

    def run(self, instance):
        checkout, state, task = self.checkout, self.states[instance], instance.task
        files = checkout.files
        self.ran.append(instance)
        self.begun_keys[instance] = state.key
        foreign, local = set(), task.kind == "local"
        if not local:
            owned, foreign = self.take_stock(instance)
            self.clear(owned)
        added_to = any(not is_placeholder(path, files[path]) for path in foreign) or self.has_company(instance)
        done = commands.execute(checkout.project, instance, files, self.env)
        written = commands.apply(done, files, is_new_only=task.kind == "creates")
        literal = files.get(instance.output_pattern)  # None for a pattern, whatever it matches
        is_refused = instance.output_pattern in foreign and literal is not None and literal.target is not None
        if done.ok and not is_refused:  # what is written through a link is not seen
            self.take_in(instance, foreign, written, added_to)
            return
        self.failed.append(instance)
        if local:
            checkout.attempts[instance.label] = Attempt(state.key or UNKEYED)
        elif self.is_noted(instance, state.key):
            made = {path for path in files if instance.owns(path)} - foreign
            checkout.attempts[instance.label] = Attempt(state.key or UNKEYED, frozenset(foreign), frozenset(made))

    def has_company(self, instance):
        """Something lies among the outputs of a dependency and is none."""
        files = self.checkout.files
        for dep in self.plan.read_deps(instance):
            result = self.states[dep].result
            if dep.task.is_group or dep.task.kind not in ("folder", "glob") or result is None:
                continue
            if any(dep.owns(path) and path not in result.paths and not is_ignored(path) and not is_placeholder(path, file)
                   for path, file in files.items()):
                return True
        return False

    def is_noted(self, instance, key):
        return key is not None or bool(instance.output_pattern)

    def take_in(self, instance, foreign, written, added_to):
        """`added_to`: something was in its outputs that may have gone into the result."""
        task, files = instance.task, self.checkout.files
        local, key = task.kind == "local", self.states[instance].key
        if task.kind == "edits":
            key = self.judge(instance).key
        kept = foreign - written
        self.overwritten |= foreign & written
        placeholders = {path for path in kept if is_placeholder(path, files[path])}
        kept -= placeholders
        self.kept |= kept
        made = () if local else tuple(sorted(
            (path, file) for path, file in files.items() if instance.owns(path) and path not in placeholders))
        witness = ((instance.witness, files[instance.witness]),) if local else ()
        success = Success(key or UNKEYED, made, witness, frozenset(kept))
        self.states[instance] = State(Verdict.FRESH, key, key if local else success.seen, success)
        if self.is_noted(instance, key):
            self.commit(instance, success)
        if key is not None and task.kind in (*OWNED_KINDS, "edits") and not added_to:
            self.cache[key] = made
            self.shared.add(key)

    # ---- told

    def exit_status(self):
        return 1 if self.failed else 0

    def counts(self):
        return len(self.ran) - len(self.failed), len(self.restored), len(self.fresh) + len(self.spared)


def take_stock(checkout, instance):
    """Of what lies in its outputs, what is devtask's, and what is somebody else's.

    What a killed attempt may have left is moved away, and so is neither.
    """
    files = checkout.files
    last, attempt = checkout.successes.get(instance.label), checkout.attempts.get(instance.label)
    known = (last.owned if last else set()) | (attempt.made if attempt else set())
    # The same with other arguments, or a task that is no more.
    known = known | {path for label, each in checkout.successes.items() if label != instance.label
                     for path, file in each.outputs
                     if path in each.owned and instance.owns(path) and files.get(path) == file}
    found = {path for path in files if instance.owns(path)}
    foreign = found - known
    if attempt and attempt.killed:
        for path in foreign - attempt.foreign:
            del files[path]
        foreign &= attempt.foreign
    others = set().union(*(each.paths for label, each in checkout.successes.items() if label != instance.label))
    former = {path for path, file in last.outputs if not instance.owns(path) and path in last.owned - others
              and files.get(path) == file} if last else set()
    return found & known | former, foreign


def text_at(files, path):
    file = commands.resolved(files, path)
    return file.text if file else None


def is_placeholder(path, file):
    return path.rpartition("/")[2].startswith(".") and file.target is None and not file.text


def content_fact(files, path):
    file = files[path]
    if file.target is None:
        return ("x" if file.executable else "-", file.text)
    return ("->", file.target, text_at(files, path))


def outputs_of(checkout, instances):
    """Every output of these, as it lies in the checkout."""
    return {path: file for path, file in checkout.files.items() if any(each.owns(path) for each in instances)}

