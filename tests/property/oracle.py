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
    "literal outputs can be foreign",  # an output that was there before with the same content is no part of the result
    "the cache is not asked after an attempt",
    "a witness has no mode",
    "--only does not look at dependencies",  # damaged, unrecorded, always run, or requested themselves
    "plain Ninja does not order edits",
    "clearing takes away folders that others are about to write to",
    "outputs of a former pattern stay",  # when a task's `outputs` have changed and it runs
}


def digest(*facts):
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Success:
    """The last success of a task: its outputs, or of a local one the witness."""

    key: str
    outputs: tuple  # sorted (path, File)
    witness: tuple = ()

    @property
    def paths(self):
        return {path for path, _ in self.outputs}

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
        self.begun_keys, self.kept, self.overwritten, self.shared = {}, set(), set(), set()
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
            made[maker] = last.paths if last else set()
        whole = [maker.output_pattern for maker in made]
        for path in sorted(files):
            if is_ignored(path) or not matches(path, instance.input_patterns + whole) or instance.owns(path):
                continue
            if any(maker.owns(path) and path in paths for maker, paths in made.items()):
                continue
            facts.append((path, content_fact(files, path)))
        return facts

    def key(self, instance, seen_of):
        task = instance.task
        tool = commands.resolved(self.checkout.files, TOOL) if task.tool else None
        seen = task.takes_env and sorted(each for each in self.env.items() if each[0].startswith(task.variable()))
        return digest(
            instance.local_name, commands.task_facts(self.checkout.project, task), instance.word, seen,
            tool.text if tool and tool.executable else "", self.inputs(instance),
            sorted((dep.label if not task.base or not dep.task.base else dep.local_name, seen_of(dep))
                   for dep in self.plan.read_deps(instance)),
        )

    def judge(self, instance):
        task, checkout = instance.task, self.checkout
        only = self.request.only
        waiting = not only and any(self.states[dep].seen is None
                                   for dep in self.plan.read_deps(instance) + self.plan.after.get(instance, []))
        if task.is_group:
            seen = [self.states[dep].seen for dep in self.plan.project.dependencies(instance)]
            return State(Verdict.WAITING) if waiting else State(Verdict.FRESH, seen=digest(*filter(None, seen)))
        if task.always_runs:
            return State(Verdict.STALE)
        last, attempt = checkout.successes.get(instance.label), checkout.attempts.get(instance.label)
        was_here = last is not None
        if waiting:
            return State(Verdict.WAITING, was_here=was_here)

        def seen_of(dep):
            before = checkout.successes.get(dep.label)
            known = self.states[dep].seen
            return known or (before.seen if before and dep.task.kind != "local" else "nothing")

        key = self.key(instance, seen_of)
        local = task.kind == "local"
        state = State(Verdict.STALE, key, key if local else None, was_here=was_here)
        if self.request.force and instance in self.plan.requested:
            return state
        tried = attempt is not None and (attempt.key == key or local)
        if tried and (local or "the cache is not asked after an attempt" in KNOWN):
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
        if not self.request.only and any(self.is_blocked(dep) for dep in self.plan.before(instance)):
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
        if self.request.only:
            return
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

    def clear(self, paths):
        for path in paths:
            self.checkout.files.pop(path, None)

    def restore(self, instance):
        checkout, state = self.checkout, self.states[instance]
        last, attempt = checkout.successes.get(instance.label), checkout.attempts.get(instance.label)
        gone = (last.paths if last else set()) | (attempt.made if attempt else set())
        if attempt and attempt.killed:
            gone |= {path for path in checkout.files if instance.owns(path)} - attempt.foreign
        self.clear(gone)
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
        foreign = {}
        if task.kind in OWNED_KINDS:
            last, attempt = checkout.successes.get(instance.label), checkout.attempts.get(instance.label)
            owned = (last.paths if last else set()) | (attempt.made if attempt else set())
            if attempt and attempt.killed:
                owned |= {path for path in files if instance.owns(path)} - attempt.foreign
            if "outputs of a former pattern stay" in KNOWN:
                owned = {path for path in owned if instance.owns(path)}
            foreign = {path: file for path, file in files.items() if instance.owns(path) and path not in owned}
            self.clear(owned)
        done = commands.execute(checkout.project, instance, files, self.env)
        commands.apply(done, files, is_new_only=task.kind == "creates")
        if not done.ok:
            self.failed.append(instance)
            if not task.always_runs:
                made = {path for path in files if instance.owns(path)} - set(foreign)
                checkout.attempts[instance.label] = Attempt(state.key) if task.kind == "local" else Attempt(
                    state.key, frozenset(foreign), frozenset(made))
            return
        self.take_in(instance, foreign)

    def take_in(self, instance, foreign):
        task, files = instance.task, self.checkout.files
        # What was there before with the same content is somebody else's.
        kept = {path for path, file in foreign.items()
                if files[path].text == file.text and files[path].target == file.target
                and (task.kind != "literal" or "literal outputs can be foreign" in KNOWN)}
        self.kept |= kept
        self.overwritten |= set(foreign) - kept
        made = () if task.kind == "local" else tuple(
            sorted((path, file) for path, file in files.items() if instance.owns(path) and path not in kept))
        if task.always_runs:
            self.states[instance].seen = Success("", made).seen
            return
        key = self.states[instance].key
        if task.kind == "edits":
            key = self.judge(instance).key
        witness = ((instance.witness, files[instance.witness]),) if task.kind == "local" else ()
        success = Success(key, made, witness)
        self.states[instance] = State(Verdict.FRESH, key, key if task.kind == "local" else success.seen, success)
        self.commit(instance, success)
        shared = task.kind in (*OWNED_KINDS, "edits") and not any(foreign[path].text for path in kept)
        if shared and (not self.request.only or self.deps_are_as_recorded(instance)):
            self.cache[key] = made
            self.shared.add(key)

    def deps_are_as_recorded(self, instance):
        """With --only: whether what it read is what its key says."""
        for dep in self.plan.project.through_groups(instance):
            last = self.checkout.successes.get(dep.label)
            if last is None or self.damage(dep, last, None):
                return False
        return True

    # ---- told

    def exit_status(self):
        return 1 if self.failed else 0

    def counts(self):
        return len(self.ran) - len(self.failed), len(self.restored), len(self.fresh) + len(self.spared)


def text_at(files, path):
    file = commands.resolved(files, path)
    return file.text if file else None


def content_fact(files, path):
    file = files[path]
    if file.target is None:
        return ("x" if file.executable else "-", file.text)
    return ("->", file.target, text_at(files, path))


def outputs_of(checkout, instances):
    """Every output of these, as it lies in the checkout."""
    return {path: file for path, file in checkout.files.items() if any(each.owns(path) for each in instances)}

