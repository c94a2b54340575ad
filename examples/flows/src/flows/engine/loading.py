"""From the text `package.module:flow` or `path/to/file.py:flow` to the flow."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from flows.engine.decorators import Flow


class EntrypointError(ValueError):
    pass


def load_flow(entrypoint: str) -> Flow:
    place, separator, name = entrypoint.rpartition(":")
    if not separator or not place or not name:
        raise EntrypointError(f"`{entrypoint}` is not of the form MODULE:FLOW or FILE.py:FLOW")
    try:
        module = _load_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except (ImportError, OSError) as error:
        raise EntrypointError(f"cannot load `{place}`: {error}") from error
    found = getattr(module, name, None)
    if not isinstance(found, Flow):
        raise EntrypointError(f"`{place}` has no flow `{name}`")
    return found


def _load_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"flows_entrypoint_{path.stem}", path.resolve())
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
