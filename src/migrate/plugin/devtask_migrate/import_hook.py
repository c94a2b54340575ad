"""Runs a function each time a certain module has been imported, and imports nothing itself."""

import sys


class AfterImport:
    def __init__(self, name, function):
        self.name = name
        self.function = function

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find and finder is not self else None
            if spec is not None:
                return self.extended(spec)
        return None

    def extended(self, spec):
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            self.function(module)

        spec.loader.exec_module = exec_module
        return spec


def after_import(name, function):
    sys.meta_path.insert(0, AfterImport(name, function))
