"""Steps carried out on real checkouts and on the model at once, and everything compared after each.

A step is a plain tuple (steps.py), so that a run can be written down and repeated without some of its steps.
"""

import contextlib
import itertools
import os
import random
import re
import shlex
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import replace

from property import commands
from property.model import MEMBER, File, matches
from property.oracle import UNKEYED, Attempt, Checkout, Plan, Request, Run, Verdict, outputs_of, take_stock
from support.project import DEVTASK
from support.project import Project as Folder
from support.waiting import wait_for

STATE = ".devtask"
TEMPORARY = re.compile(r"(^|/)\.devtask-[^/]*~$")
RESTORED = re.compile(r"^(.+): restored from the cache", re.MULTILINE)
PLANNED = re.compile(r"^(run|restore|maybe) ([^\n:]+(?::[^\n: ][^\n:]*)?)(?:: .*)?$", re.MULTILINE)
SUMMARY = {word: re.compile(rf"^devtask: .*?(\d+) {word}", re.MULTILINE) for word in ("ran", "restored", "up to date")}


class Wrong(AssertionError):
    """devtask did not do what the model says."""


class Session:
    """Two checkouts, one cache, one environment. The second checkout comes to be when it is first switched to."""

    def __init__(self, folder, project, scratch_every=0):
        self.folder = Folder(folder, "one")
        self.folder.env["LIB"] = str(self.folder.folder / "library.sh")
        (self.folder.folder / "library.sh").write_text(commands.LIBRARY)
        self.cache, self.variables = {}, {}
        self.doubtful = set()  # keys of the cache that a killed devtask may not have shared in time
        self.checkouts = {"one": Checkout(project=project)}
        self.name = "one"
        self.scratch_every, self.since_scratch, self.scratches = scratch_every, 0, 0
        self.stats = Counter()
        self.overwritten = set()  # outputs that once were made over somebody's file, and so have its mode
        self.rested = None  # the request that was asked for last after a rest
        self.script = []
        self.write_project(project)

    @property
    def here(self):
        return self.checkouts[self.name]

    @property
    def root(self):
        return self.folder.folder / self.name

    def apply(self, step):
        self.stats[step[0]] += 1
        self.script.append(step)
        getattr(self, "do_" + step[0])(*step[1:])

    # ---- files

    def clear_way(self, path, also=True):
        """Whatever lies at `path`, below it, or is no folder above it."""
        files = self.here.files
        parts = path.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        for each in [each for each in files if each == path or each.startswith(path + "/") or each in above]:
            if each != path or also:
                del files[each]
                (self.root / each).unlink()
        real = self.root / path
        if real.is_dir() and not real.is_symlink():
            shutil.rmtree(real)
        real.parent.mkdir(parents=True, exist_ok=True)

    def do_write(self, path, text, how="in place"):
        files = self.here.files
        before = files.get(path)
        keep = before is not None and before.target is None
        executable = keep and before.executable
        self.clear_way(path, also=not keep)
        real = self.root / path
        times = os.lstat(real) if how == "same time" and keep else None
        if how != "in place":
            new = self.folder.folder / "new"
            new.write_text(text)
            new.chmod(0o755 if executable else 0o644)
            new.rename(real)
        else:
            real.write_text(text)
            real.chmod(0o755 if executable else 0o644)
        if times is not None:
            os.utime(real, ns=(times.st_atime_ns, times.st_mtime_ns))
        files[path] = File(text, executable)

    def do_delete(self, path):
        if any(each == path or each.startswith(path + "/") for each in self.here.files):
            self.clear_way(path)

    def do_rename(self, path, new):
        file = self.here.files.get(path)
        if file is None or file.target is not None or path == new or new.startswith(path + "/"):
            return
        if any(path.startswith(f"{each}/") for each in (new,)):
            return
        self.clear_way(new)
        if path not in self.here.files:
            return
        (self.root / path).rename(self.root / new)
        self.here.files[new] = self.here.files.pop(path)

    def do_chmod(self, path, executable):
        file = self.here.files.get(path)
        if file is not None and file.target is None:
            (self.root / path).chmod(0o755 if executable else 0o644)
            self.here.files[path] = File(file.text, executable)

    def do_link(self, path, target):
        self.clear_way(path)
        (self.root / path).symlink_to(target)
        self.here.files[path] = File(target=target)

    def do_touch(self, seconds):
        """Everything gets another time: now, the past, the future."""
        when = None if seconds is None else (time.time() + seconds,) * 2
        for path in self.here.files:
            os.utime(self.root / path, when, follow_symlinks=False)

    def do_forget(self):
        shutil.rmtree(self.root / STATE, ignore_errors=True)
        self.here.successes.clear()
        self.here.attempts.clear()

    def do_empty_cache(self):
        shutil.rmtree(self.folder.cache, ignore_errors=True)
        self.cache.clear()

    def do_variable(self, name, value):
        self.variables.pop(name, None)
        if value is not None:
            self.variables[name] = value

    def do_switch(self, name):
        if name not in self.checkouts:
            here = self.here
            self.checkouts[name] = Checkout(project=here.project)
            owned = set(outputs_of(here, here.project.all_instances()))
            there = self.folder.folder / name
            for path, file in here.files.items():
                if path not in owned:
                    place(there / path, file)
                    self.checkouts[name].files[path] = file
        self.name = name

    def do_project(self, project):
        self.write_project(project)

    def write_project(self, project):
        self.here.project = project
        texts = commands.tasks_toml(project)
        for path in ("tasks.toml", "more/included.toml", f"{MEMBER}/tasks.toml"):
            if path in texts:
                self.do_write(path, texts[path], "renamed")
            else:
                self.do_delete(path)

    # ---- running

    def environment(self):
        return {**self.folder.env, **self.variables}

    def devtask(self, *words, command=(DEVTASK,), root=None, env=None):
        done = subprocess.run(
            [*command, *words], cwd=root or self.root, env=env or self.environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60)
        self.stats["processes"] += 1
        return done

    def ran(self):
        names = self.folder.log.read_text().split("\n")[:-1]
        if names:
            self.folder.log.write_text("")
        return names

    def simulate(self, request, **observed):
        return Run(self.here, self.cache, self.variables, request, **observed)

    def simulate_seen(self, request, names, **observed):
        """The whole run, of which `names` really ran. What is doubtful is missing from the cache if it ran."""
        while True:
            run = self.simulate(request, **observed).carry_out()
            if not self.lose(run, {each for each in run.states if each.slot in names and each not in run.ran}):
                return run

    def lose(self, run, instances):
        """Whether the results of these, which should have been there, were doubtful; then they are missing."""
        lost = {run.states[each].key for each in instances} & self.doubtful
        self.cache = {key: made for key, made in self.cache.items() if key not in lost}
        self.doubtful -= lost
        return bool(lost)

    def is_possible(self, request):
        names = {name.split(" ")[0].partition("@")[0] for name in request.names}
        return names <= set(self.here.project.tasks)

    def do_run(self, request):
        if not self.is_possible(request):
            return
        if Plan(self.here.project, request).has_twins():
            done = self.devtask(*request.words())
            self.expect(done.returncode == 2 and not self.ran(), "twins were not refused", done)
            return
        done = self.start(request)
        names = self.ran()
        run = self.simulate_seen(request, names)
        if run.failed and not request.keep_going:
            restored = set(RESTORED.findall(done.stdout + done.stderr))
            run = self.simulate_seen(request, names, observed=set(names), restored=restored)
            self.expect(run.failed, "nothing that fails was run", done, run, names)
            most = 1 if request.jobs == 1 and not request.ninja else request.jobs + 2 * request.ninja
            self.expect(len(run.failed) <= most, "something was started after a failure", done, run, names)
        self.compare(done, run, names)
        self.adopt(run)
        if run.failed:
            self.stats["failed runs"] += 1
            return
        if not request.ninja:
            self.compare_counts(done, run)
        self.run_again(request)
        self.since_scratch += 1
        if self.scratch_every and self.since_scratch >= self.scratch_every and not request.only:
            self.compare_with_scratch(request)

    def start(self, request):
        if not request.ninja:
            return self.devtask(*request.words())
        if not (self.root / STATE / "build.ninja").exists():
            return self.devtask("ninja", "--", *ninja_words(request))
        return self.devtask("-f", f"{STATE}/build.ninja", *ninja_words(request), command=("ninja",))

    def do_rest(self, request):
        """More than two seconds pass, after which devtask trusts times, and seals what it looked at."""
        self.do_run(request)
        if not self.is_possible(request) or Plan(self.here.project, request).has_twins():
            return
        run = self.simulate(request).carry_out()
        if run.failed or run.ran or "warning" in self.run_again(request).stderr:
            return  # nothing that could be sealed
        time.sleep(2.1)
        for _ in range(2):
            self.run_again(request)
        self.stats["sealed"] += any((self.root / STATE / "seals").glob("*"))

    def run_again(self, request):
        """The same once more: nothing runs but what always does."""
        again = replace(request, force=False, ninja=False)
        done = self.devtask(*again.words())
        names = self.ran()
        run = self.simulate_seen(again, names)
        self.compare(done, run, names)
        if not run.plan.always_runs() and None not in run.begun_keys.values():
            told = "everything is up to date" in done.stderr or run.restored or not (run.fresh or run.spared)
            self.expect(not run.ran and told, "the second time was not up to date", done, run)
        self.adopt(run)
        return done

    def compare(self, done, run, names):
        expected = sorted(each.slot for each in run.ran)
        self.expect(sorted(names) == expected, f"ran {sorted(names)}, the model says {expected}", done, run)
        self.expect((done.returncode != 0) == (run.exit_status() != 0), "exit status", done, run)
        if not run.request.ninja:
            self.expect(done.returncode == run.exit_status(), "exit status", done, run)
        self.compare_files(run.checkout.files, done, run)
        self.stats["commands"] += len(names)
        for word in ("restored", "spared", "failed", "skipped", "missed", "kept"):
            self.stats[word] += len(getattr(run, word))
        for word in ("ninja", "only", "force"):
            self.stats[word] += getattr(run.request, word)

    def compare_files(self, expected, done=None, run=None):
        found = read_tree(self.root)
        if found != expected:
            lines = [f"{path}: found {found.get(path)}, the model says {expected.get(path)}"
                     for path in sorted({*found, *expected}) if found.get(path) != expected.get(path)]
            self.expect(False, "files differ:\n  " + "\n  ".join(lines), done, run)

    def compare_counts(self, done, run):
        said = tuple(int(match[1]) if (match := each.search(done.stderr)) else 0 for each in SUMMARY.values())
        if "everything is up to date" in done.stderr:
            said = run.counts() if not run.ran and not run.restored else (-1, -1, -1)
        self.expect(said == run.counts(), f"told {said}, the model says {run.counts()}", done, run)

    def adopt(self, run):
        self.checkouts[self.name], self.cache = run.checkout, run.cache
        self.doubtful -= run.shared | {run.states[each].key for each in run.restored}
        self.overwritten |= run.overwritten

    def expect(self, truth, what, done=None, run=None, names=None):
        if truth:
            return
        text = what
        if done is not None:
            text += f"\n$ {shlex.join(map(str, done.args))} -> {done.returncode}\n{done.stdout}{done.stderr}"
        if run is not None:
            text += "\nmodel: " + "; ".join(
                f"{word} {[each.label for each in found]}" for word, found in
                (("ran", run.ran), ("failed", run.failed), ("restored", run.restored), ("spared", run.spared),
                 ("skipped", run.skipped), ("missed", run.missed)))
        raise Wrong(text + (f"\nlog: {names}" if names is not None else ""))

    # ---- looking

    def do_look(self, request):
        """-n, --status and why: what they say is what the model says, and they change nothing."""
        if not self.is_possible(request) or Plan(self.here.project, request).has_twins():
            return
        before = (stamps(self.root), stamps(self.folder.cache))
        done = self.devtask("-n", *request.words())
        said = {label: word for word, label in PLANNED.findall(done.stdout)}
        while True:
            run = self.simulate(request)
            expected = self.planned(run)
            ran = {each for each in run.states if said.get(each.label) in ("run", "maybe")}
            if not self.lose(run, ran - set(run.to_run)):
                break
        self.expect(done.returncode == 0 and said == expected, f"-n says {said}, the model {expected}", done)
        status = self.devtask("--status", *request.words())
        self.expect(status.returncode == (1 if expected else 0), "--status", status)
        if len(request.names) == 1 and " " not in request.names[0] and not request.force and not request.only:
            self.look_why(request, run)
        self.expect(not self.ran(), "looking ran something")
        self.expect(before == (stamps(self.root), stamps(self.folder.cache)), "looking changed something")

    def planned(self, run):
        """What -n says."""
        run.evaluate()
        run.schedule()
        expected = {each.label: "restore" for each in run.to_restore}
        for each in run.to_run:
            waits = run.states[each].verdict is Verdict.WAITING and not run.request.only
            expected[each.label] = "maybe" if waits else "run"
        return expected

    def likeliest(self, possible):
        """Of states that look the same, the one in which -n says what devtask's says."""
        request = Request(tuple(name for name in sorted(self.here.project.tasks)))
        if len(possible) == 1 or not self.is_possible(request):
            return possible[0]
        said = {label: word for word, label in PLANNED.findall(self.devtask("-n", *request.words()).stdout)}
        for cache, run in possible:
            if self.planned(Run(run.checkout.copy(), dict(run.cache), self.variables, request)) == said:
                return cache, run
        return possible[0]

    def look_why(self, request, run):
        done = self.devtask("why", request.names[0])
        words = {Verdict.FRESH: ": up to date", Verdict.CACHED: ": would be restored", Verdict.STALE: ": would run",
                 Verdict.WAITING: ": depends on"}
        for each in run.plan.requested:
            line = each.label + words[run.states[each].verdict]
            is_said = any(said.startswith(line) for said in done.stdout.splitlines())
            self.expect(is_said, f"why does not say {line!r}", done)

    # ---- from scratch

    def compare_with_scratch(self, request):
        """The same request in a clean folder with an empty cache makes the same outputs."""
        here, top = self.here, self.folder.folder / "scratch"
        plan = Plan(here.project, request)
        self.since_scratch, self.scratches = 0, self.scratches + 1
        shutil.rmtree(top, ignore_errors=True)
        owned = outputs_of(here, here.project.all_instances())
        strays = set(owned) - self.made_paths()
        for path, file in here.files.items():
            if path not in owned or path in strays:
                place(top / "project" / path, file)
        env = {**self.environment(), "XDG_CACHE_HOME": str(top / "cache"), "COUNT_LOG": str(top / "log")}
        done = self.devtask(*Request(request.names).words(), root=top / "project", env=env)
        self.expect(done.returncode == 0, "from scratch", done)
        wanted = [each for asked in plan.requested for each in
                  (here.project.through_groups(asked) if asked.task.is_group else [asked])]
        found = read_tree(top / "project")
        clean = {path: file for path, file in found.items() if any(each.owns(path) for each in wanted)}
        ours = outputs_of(here, wanted)
        # What is written over keeps its mode.
        in_place = self.overwritten | {each.witness for each in wanted if each.task.kind == "local"}
        for path in in_place & clean.keys() & ours.keys():
            clean[path] = replace(clean[path], executable=ours[path].executable)
        self.expect(clean == ours, f"from scratch {clean}\nhere {ours}", done)

    def made_paths(self):
        here = self.here
        made = {path for success in here.successes.values() for path in success.owned}
        made |= {path for attempt in here.attempts.values() for path in attempt.made}
        unrecorded = [each for each in here.project.all_instances() if each.task.kind == "local"]
        return made | set(outputs_of(here, unrecorded))

    # ---- killed

    def do_kill(self, request, delay):
        """devtask is killed after a while; the same request then goes to its end with no more commands than it must."""
        if not self.is_possible(request) or Plan(self.here.project, request).has_twins():
            return
        process = subprocess.Popen([DEVTASK, *request.words()], cwd=self.root, env=self.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(delay)
        process.kill()
        process.wait()
        wait_for(lambda: not self.folder.processes(), "processes of a killed devtask to end")
        self.stats["killed" if process.returncode == -9 else "too late to kill"] += 1
        begun = self.ran()
        full = self.simulate_seen(request, begun, observed=set(begun))
        self.expect(sorted(begun) == sorted(each.slot for each in full.ran), f"begun {begun}", run=full)
        left = self.left_by_kill(full)
        again = Request(request.names, keep_going=True, jobs=request.jobs)
        done = self.devtask(*again.words())
        names, found = self.ran(), read_tree(self.root)
        wrongs, possible = [], []
        # What an earlier killed devtask may not have shared in time may be missing.
        states = list(self.states_after_kill(full, left))
        states += [(checkout.copy(), {key: made for key, made in cache.items() if key not in self.doubtful})
                   for checkout, cache in (states if self.doubtful else [])]
        for checkout, cache in states:
            run = Run(checkout, cache, self.variables, again).carry_out()
            same = sorted(names) == sorted(each.slot for each in run.ran) and done.returncode == run.exit_status()
            if same and found == run.checkout.files:
                possible.append((cache, run))
                continue
            wrongs.append(f"ran {sorted(each.slot for each in run.ran)} exit {run.exit_status()} "
                          + str({path: (found.get(path), run.checkout.files.get(path))
                                 for path in sorted({*found, *run.checkout.files})
                                 if found.get(path) != run.checkout.files.get(path)}))
        self.expect(possible, f"after a kill in {begun}: ran {sorted(names)}, none of the possible states leads there:\n  "
                    + "\n  ".join(wrongs[:5]), done)
        cache, run = self.likeliest(possible)
        # Results are shared a little later than they are recorded (docs/decisions/011-group-commit.md).
        self.doubtful |= cache.keys() - self.cache.keys()
        self.adopt(run)
        # And who looks the same may not have shared the same.
        self.doubtful |= self.cache.keys() - set.intersection(*({*other.cache} for _, other in possible))
        if not run.failed:
            self.run_again(again)

    def left_by_kill(self, full):
        """The files, of which only what the tasks on the way write may differ. Temporary ones go with the next run."""
        found = {path: file for path, file in read_tree(self.root).items() if not TEMPORARY.search(path)}
        tasks = [each for each in full.plan.order if not each.task.is_group]
        records = self.here.successes
        former = set().union(*(records[each.label].owned for each in tasks if each.label in records))
        for path in {*found, *self.here.files}:
            free = path in former or any(each.owns(path) or each.task.kind == "edits" and path.startswith(each.task.folder + "/")
                       or each.task.kind == "creates" and matches(path, [each.created_pattern]) for each in tasks)
            self.expect(free or found.get(path) == self.here.files.get(path), f"a killed run changed {path}")
        return found

    def states_after_kill(self, full, left):
        """(checkout, cache) for all that a killed run may have come to.

        `full`: the run as if all that was begun and could be restored had been. What a begun task depends on is done.
        """
        sure = {dep for each in full.ran for dep in full.plan.project.through_groups(each)}
        open_ = [each for each in full.ran if each not in sure]
        ends = [("committed", "begun") if each.task.always_runs else ("committed", "stored", "begun")
                for each in open_]
        restored = [each for each in full.restored if each not in sure and not (full.ran and each in full.to_restore)]
        ends += [("committed", "half", "not begun")] * len(restored)
        for chosen in itertools.islice(itertools.product(*ends), 2000):
            checkout, cache = full.checkout.copy(), dict(full.cache)
            checkout.files = dict(left)
            for each, end in zip(open_ + restored, chosen):
                if end != "committed":
                    self.take_back(full, checkout, cache, each, end)
            yield checkout, cache

    def take_back(self, full, checkout, cache, each, end):
        before, label = self.here, each.label
        success = full.checkout.successes.get(label)
        last, attempt = before.successes.get(label), before.attempts.get(label)
        checkout.successes.pop(label, None)
        checkout.attempts.pop(label, None)
        if last:
            checkout.successes[label] = last
        if end == "not begun":
            if attempt:
                checkout.attempts[label] = attempt
        elif end == "half":  # restored
            checkout.attempts[label] = Attempt(UNKEYED, made=frozenset(success.paths | full.stocks[each][0]))
        else:
            if end == "begun" and success is not None and success.key not in self.cache:
                cache.pop(success.key, None)
            foreign = frozenset(full.stocks[each][1]) if each in full.stocks else frozenset()
            checkout.attempts[label] = Attempt(full.begun_keys[each] or UNKEYED, foreign, killed=True)

    def do_clean(self, names):
        """devtask clean: what the next run would clear away goes and is forgotten; what stays is not."""
        if not all(name in self.here.project.tasks for name in names):
            return
        here = self.here
        done = self.devtask("clean", *names)
        for each in [each for name in names or here.project.tasks for each in here.project.instances(name)]:
            local = each.task.kind == "local"
            last, attempt = here.successes.get(each.label), here.attempts.get(each.label)
            made_nothing = not (each.output_pattern or last and last.owned or attempt and attempt.made)
            if each.task.is_group or local and not names or made_nothing:
                continue
            if not local and last is None and attempt is None:
                continue
            gone = [path for path in here.files if each.owns(path)] if local else take_stock(here, each)[0]
            for path in gone:
                here.files.pop(path, None)
            here.successes.pop(each.label, None)
            here.attempts.pop(each.label, None)
        self.expect(done.returncode == 0, "clean", done)
        self.compare_files(here.files, done)


def ninja_words(request):
    return [*request.names, f"-j{request.jobs}"] + ["-k0"] * request.keep_going


def place(path, file):
    path.parent.mkdir(parents=True, exist_ok=True)
    if file.target is not None:
        path.symlink_to(file.target)
    else:
        path.write_text(file.text)
        path.chmod(0o755 if file.executable else 0o644)


def read_tree(top):
    """Path to File, without devtask's own."""
    found, open_ = {}, [""]
    while open_:
        below = open_.pop()
        for entry in os.scandir(os.path.join(top, below)):
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.is_symlink():
                found[path] = File(target=os.readlink(entry.path))
            elif entry.is_dir():
                if entry.name != STATE:
                    open_.append(path)
            else:
                with open(entry.path, encoding="utf-8") as text:
                    found[path] = File(text.read(), bool(entry.stat().st_mode & 0o100))
    return found


def stamps(top):
    """What looking must not change: name, size and time of everything."""
    found = {}
    for folder, folders, names in os.walk(top):
        for name in [*folders, *names]:
            path = os.path.join(folder, name)
            entry = os.lstat(path)
            found[path] = (entry.st_size, entry.st_mtime_ns, entry.st_mode)
    return found


def random_for(*seed):
    return random.Random("/".join(map(str, seed)))
