"""What a task does, twice: as the shell script in tasks.toml, and in Python on a dict of files. And tasks.toml itself.

A task writes down what it saw: its sources with kind and content, what its dependencies made, its environment, its
tool. It fails if a source says FAIL. The scripts use few programs, since thousands of them run.
"""

import os
import re
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from property.model import MEMBER, TOOL, File, instance_of, is_ignored

# Sourced by every script; its path is in $LIB, which is in no key.
LIBRARY = """
text= failing= skip1=- skip2=- cut= extra=
begin() {
  echo "$1" >>"$COUNT_LOG"
  text="$1 $2:"
}
behind_link() {
  folder=${1%/*}
  while [ "$folder" != "${folder%/*}" ]; do
    if [ -L "$folder" ]; then return 0; fi
    folder=${folder%/*}
  done
  return 1
}
src() {
  for f do
    case $f in *'~' | *.pyc | $skip1 | $skip2) continue ;; esac
    if ! [ -f "$f" ] || behind_link "$f"; then continue; fi
    line= kind=-
    IFS= read -r line <"$f" || :
    case $line in *FAIL*) failing=1 ;; esac
    if [ -L "$f" ]; then kind=l; elif [ -x "$f" ]; then kind=x; fi
    if [ "$cut" ]; then line=${line%"${line#?}"}; fi
    text="$text $f,$kind,$line"
    extra="$extra ${f##*/},$kind,$line"
  done
}
dep() {
  for f do
    line=none
    if [ -f "$f" ]; then IFS= read -r line <"$f" || :; fi
    text="$text ($(printf %.100s "$line"))"
  done
}
write_extra() {
  for e in $extra; do
    path=$1${e%%,*}$2 e=${e#*,}
    echo "${e#*,}" >"$path"
    if [ "${e%%,*}" = x ]; then chmod +x "$path"; fi
  done
}
"""


# ---- as a script


def loops(patterns):
    """(globs for the shell, what its `case` has to skip) for each part of the patterns."""
    found = []
    for index, pattern in enumerate(patterns):
        if pattern.startswith("!"):
            continue
        skipped = [each[1:].replace("**/", "").replace("**", "*") for each in patterns[index:] if each.startswith("!")]
        found.append((expanded(pattern), skipped))
    return found


def expanded(pattern):
    if pattern.endswith("/"):
        pattern += "**"
    braces = re.search(r"\{([^}]*)\}", pattern)
    if braces:
        return [each for word in braces[1].split(",") for each in expanded(pattern.replace(braces[0], word))]
    if "**/" in pattern:
        return [pattern.replace("**/", between) for between in ("", "*/", "*/*/")]
    if pattern.endswith("**"):
        return [pattern[:-2] + below for below in ("*", "*/*", "*/*/*")]
    return [pattern]


def read_patterns(instance):
    if instance.task.kind == "no-inputs":  # devtask knows nothing of what it reads
        return [f"{instance.task.folder}/a.txt"]
    return instance.input_patterns


def script(project, instance):
    task = instance.task
    lines = ['. "$LIB"'] + (["cd .."] if task.base else []) + [f"begin {instance.slot} v{task.version}"]
    if task.kind == "edits":
        return lines + edit_script(task)
    if task.cut:
        lines.append("cut=1")
    for globs, skipped in loops(read_patterns(instance)):
        skipped = skipped + ([instance.main] if task.in_sources else [])
        for index in range(2):
            lines.append(f"skip{index + 1}='{skipped[index]}'" if index < len(skipped) else f"skip{index + 1}=-")
        lines.append("src " + " ".join(globs))
    for path in read_of_deps(project, instance):
        lines.append(f"dep {path}")
    for name in task.reads_all:
        lines.append(f"dep {project.instances(name)[0].output_pattern}*")
    if task.takes_env:
        lines.append(f'text="$text env=${{{task.variable()}-none}}"')
    lines.append('text="$text hidden=${HIDDEN-none} const=${CONSTANT-none}"')
    if task.argument:
        lines.append('text="$text word="{{word}}')
    if task.tool:
        lines.append("tool=$(gadget)")
        lines.append('text="$text tool=$tool"')
    return lines + write_script(task, instance)


def write_script(task, instance):
    main = instance.main
    folder = main.rpartition("/")[0]
    makes_folder = [f"mkdir -p {folder}"]
    partial = ["echo partial >" + (main if task.kind != "folder" else f"{folder}/junk")] if task.partly else []
    before_failing = ["  " + each for each in makes_folder + partial if partial]
    fails = ['if [ "$failing" ]; then', *before_failing, "  exit 3", "fi"]
    if task.kind == "creates":
        start = task.place(f"notes/{task.local_name}-")
        return [
            'if [ "$failing" ]; then exit 3; fi', "n=${extra##*,}", f"mkdir -p {start.rpartition('/')[0]}",
            f'if [ ! -e "{start}${{n%\\~}}.txt" ]; then echo "$text" >"{start}${{n%\\~}}.txt"; fi',
        ]
    lines = fails + makes_folder
    if task.kind in ("folder", "glob"):
        start, _, end = instance.extra("*").partition("*")
        lines.append(f"write_extra {start} '{end}'")
    if task.slow:
        scrap = instance.extra("scrap-$$")
        lines += [f"echo scrap >{scrap}", "sleep 0.01", f"rm {scrap}"]
    lines.append(f'echo "$text" >{main}')
    if task.kind == "local":
        lines.append(f"echo witness >{instance.witness}")
    return lines


def edit_script(task):
    return [
        f"src {task.folder}/*.txt",
        'if [ "$failing" ]; then exit 3; fi',
        f"for f in {task.folder}/*.txt; do",
        '  if [ ! -f "$f" ] || [ -L "$f" ]; then continue; fi',
        '  line=; IFS= read -r line <"$f" || :',
        "  case $line in *'~') printf %s \"${line%?}\" >\"$f\" ;; esac",
        "done",
    ]


def read_of_deps(project, instance):
    """The main outputs of its dependencies."""
    task, paths = instance.task, []
    for dep in project.through_groups(instance):
        if dep.task.kind in ("edits", "creates") or dep.task.name in task.reads_all:
            continue
        paths.append(dep.main)
    return paths


def tasks_toml(project):
    """Path to text: the root's file, an included one, the member's."""
    passed = 'env-pass = ["COUNT_LOG", "LIB"]\n'
    texts = {
        "tasks.toml": f'[project]\nname = "demo"\npath = ["tools/bin"]\ninclude = ["more/*.toml"]\n{passed}'
        + ('members = ["mem*"]\n' if project.has_members() else ""),
        "more/included.toml": "",
    }
    if project.has_members():
        texts[f"{MEMBER}/tasks.toml"] = f'[project]\nname = "{MEMBER}"\n{passed}'
    for task in project.tasks.values():
        file = f"{MEMBER}/tasks.toml" if task.base else "more/included.toml" if task.included else "tasks.toml"
        texts[file] += "\n" + task_toml(project, task)
    return texts


def task_toml(project, task):
    def listed(words):
        return "[" + ", ".join(f'"{word}"' for word in words) + "]"

    def local(path):
        sign = "!" * path.startswith("!")
        path = path[len(sign):]
        return sign + (path[len(task.base) + 1:] if task.base else path)

    first = project.instances(task.name)[0]
    any_row = instance_of(task, "{{v}}") if task.matrix else first
    text = f"[tasks.{task.local_name}]\n"
    if task.deps:
        text += f"deps = {listed(dep_word(task, dep) for dep in task.deps)}\n"
    if task.is_group:
        return text
    if task.matrix:
        text += f"matrix = {{ v = {listed(task.matrix)} }}\n"
    if task.kind != "no-inputs":
        patterns = [local(each) for each in any_row.input_patterns]
        patterns += [project.instances(name)[0].output_pattern for name in task.reads_all]
        text += f"inputs = {listed(patterns)}\n"
    if task.kind == "edits":
        text += f"edits = {listed(local(each) for each in first.input_patterns)}\n"
    if task.kind == "creates":
        text += f"creates = {listed([local(first.created_pattern)])}\n"
    if first.output_pattern:
        text += f"outputs = {listed([local(any_row.output_pattern)])}\n"
    if task.kind == "local":
        text += f'cache = "local"\nwitness = "{local(first.witness)}"\n'
    if task.kind == "no-cache":
        text += 'cache = "no"\n'
    if task.takes_env:
        text += f"env-inputs = {listed([task.variable() + '*'])}\n"
    if task.constant:
        text += f'env = {{ CONSTANT = "{task.constant}" }}\n'
    if task.argument:
        text += 'args = [{ name = "word", default = "usual" }]\n'
    return text + "run = '''\n" + "\n".join(rowed_script(project, task)) + "\n'''\n"


def dep_word(task, dep):
    if not task.base:
        return dep
    return dep[len(task.base) + 1:] if dep.startswith(task.base + ":") else ":" + dep


def rowed_script(project, task):
    """One text for all rows: what differs between them is chosen by `case`."""
    instances = project.instances(task.name)
    scripts = [script(project, each) for each in instances]
    if len(instances) == 1 or all(each == scripts[0] for each in scripts):
        return scripts[0]
    lines = ["case {{v}} in"]
    for instance, each in zip(instances, scripts):
        lines += [f"{instance.row})", *each, ";;"]
    return lines + ["esac"]


# ---- in Python


@dataclass
class Done:
    ok: bool
    writes: dict = field(default_factory=dict)  # path to File
    executable: set = field(default_factory=set)


def resolved(files, path):
    """The file behind `path`, or None."""
    seen = 0
    while seen < 5:
        file = files.get(path)
        if file is None or file.target is None:
            return file
        path = os.path.normpath(os.path.join(os.path.dirname(path), file.target))
        seen += 1
    return None


def first_line(file):
    return file.text.partition("\n")[0]


def globbed(files, pattern):
    parts = pattern.split("/")
    return sorted(path for path in files
                  if path.count("/") == len(parts) - 1 and all(map(fnmatchcase, path.split("/"), parts))
                  and not path.rpartition("/")[2].startswith("."))


def execute(project, instance, files, env):
    """What the script would do to `files`."""
    task = instance.task
    text = f"{instance.slot} v{task.version}:"
    seen, failing = [], False
    for globs, skipped in loops(read_patterns(instance)):
        skipped = skipped + ([instance.main] if task.in_sources else [])
        for path in (each for glob in globs for each in globbed(files, glob)):
            file = resolved(files, path)
            if is_ignored(path) or file is None or any(fnmatchcase(path, each) for each in skipped):
                continue
            line = first_line(file)
            failing = failing or "FAIL" in line
            kind = "l" if files[path].target is not None else "x" if file.executable else "-"
            line = line[:1] if task.cut and task.kind != "edits" else line
            text += f" {path},{kind},{line}"
            seen.append((path, kind, line))
    if task.kind == "edits":
        return edited(files, task) if not failing else Done(False)
    reads = read_of_deps(project, instance)
    for name in task.reads_all:
        glob = project.instances(name)[0].output_pattern + "*"
        reads = reads + (globbed(files, glob) or [glob])
    for path in reads:
        file = resolved(files, path)
        text += f" ({first_line(file)[:100] if file else 'none'})"
    if task.takes_env:
        text += f" env={env.get(task.variable(), 'none')}"
    text += f" hidden=none const={task.constant or 'none'}"
    if task.argument:
        text += f" word={instance.word}"
    if task.tool:
        tool = resolved(files, TOOL)
        if tool is None or not tool.executable:
            return Done(False)
        text += f" tool={tool.text.split()[-1]}"
    return written(instance, text, seen, failing)


def edited(files, task):
    done = Done(True)
    for path in globbed(files, f"{task.folder}/*.txt"):
        line = first_line(files[path])
        if files[path].target is None and line.endswith("~"):
            done.writes[path] = replace(files[path], text=line[:-1])
    return done


def written(instance, text, seen, failing):
    task, main = instance.task, instance.main
    done = Done(not failing)
    if failing:
        if task.partly and task.kind != "creates":
            path = main if task.kind != "folder" else instance.output_pattern + "junk"
            done.writes[path] = File("partial\n")
        return done
    if task.kind == "creates":
        name = seen[-1][2].removesuffix("~") if seen else ""
        done.writes[instance.created_pattern.replace("*", name)] = File(text + "\n")
        return done
    if task.kind in ("folder", "glob"):
        for path, kind, line in seen:
            extra = instance.extra(os.path.basename(path))
            done.writes[extra] = File(line + "\n")
            if kind == "x":
                done.executable.add(extra)
    done.writes[main] = File(text + "\n")
    if task.kind == "local":
        done.writes[instance.witness] = File("witness\n")
    return done


def apply(done, files, is_new_only=False):
    """As the shell writes: through links, keeping the mode of what is there. Returns the paths written to."""
    written = set()
    for path, file in done.writes.items():
        if is_new_only and path in files:
            continue
        while files.get(path) is not None and files[path].target is not None:
            path = os.path.normpath(os.path.join(os.path.dirname(path), files[path].target))
        before = files.get(path)
        files[path] = File(file.text, (before.executable if before else False) or path in done.executable)
        written.add(path)
    return written


def task_facts(project, task):
    """What tasks.toml says of a task and belongs to its key."""
    return tuple(rowed_script(project, task)), task.constant, project.instances(task.name)[0].output_pattern
