// The fields of everything a Project is made of.
#pragma once

#include "base/fields.h"
#include "config/load.h"
#include "config/project.h"

namespace devtask {

DEVTASK_FIELDS(FileStat, kind, mode, size, mtime_ns, ctime_ns, inode, device)
DEVTASK_FIELDS(Look, path, stat)
DEVTASK_FIELDS(SourceFile, path, text)
DEVTASK_FIELDS(Span, file, line, column, length)
DEVTASK_FIELDS(Step, shell, words, where)
DEVTASK_FIELDS(Patterns, written, globs, templated)
DEVTASK_FIELDS(ArgSpec, name, help, many, defaults, where)
DEVTASK_FIELDS(MatrixAxis, name, values, where)
DEVTASK_FIELDS(ToolSpec, name, where, args, distributions)
DEVTASK_FIELDS(Scope, name, base, path, ignore, secrets, env, env_inputs, env_pass)
DEVTASK_FIELDS(Task, name, local, scope, where, description, aliases, run, shell, deps, inputs, outputs,
               creates, edits, units, unit_inputs, check, family, family_units, processes, reports,
               takes_parts, witness, env, env_inputs, env_pass, dir, cache, args, matrix, timeout, commit,
               interactive, hidden, shows_distributions, makes_tools, pool, tools, path)
DEVTASK_FIELDS(Dialect, name, label, url, server, around, versions, rules_since, where)
DEVTASK_FIELDS(Migrations, name, local, scope, where, deps, models, inputs, revision, upgrade, downgrade,
               upgrade_sql, dir, url_env, env, file_name, notes, format, dialects)
DEVTASK_FIELDS(Project, root, scope, requires_version, tasks, pools, migrations, files, folders, index)

template <class T>
auto fields(Placed<T>& placed) {
  auto& [value, where] = placed;
  return std::tie(value, where);
}
template <class T>
auto fields(const Placed<T>& placed) {
  auto& [value, where] = placed;
  return std::tie(value, where);
}

}  // namespace devtask
