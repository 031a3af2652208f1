"""Apps of the package that the project has left out, as the tests see them.

Their models cannot be imported, but a file of tests may need them for some of its tests only. So while tests are
collected an import of them gives names that skip whichever test uses one. The package itself never imports them; once
the tests run, an import fails as it does on such a site.

A thread or a task cannot skip the test that started it: a test that uses such a name there has to be marked ``needs``.
"""

import sys
from types import ModuleType

import pytest


class Absent:
    """A name of an app that is left out."""

    collecting = False
    missed: list = []  # what the test that runs has used

    def __init__(self, app):
        self._app = app

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)  # inspection, by pytest itself
        return self.used()

    def __call__(self, *args, **kwargs):
        return self.used()

    def __mro_entries__(self, bases):
        return ()

    def used(self):
        if not Absent.collecting:
            self.missed.append(self._app)
            pytest.skip(f"needs {self._app}")
        return self  # a value made while a file is read, such as a parameter


class AbsentModule(ModuleType):
    """A module, and each module below it, of an app that is left out."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(".".join(self.__name__.split(".")[:2]))


class Finder:
    """Finds the modules of the apps that are left out; one that is not there at all stays unknown."""

    def __init__(self, names):
        self.names = names

    def find_spec(self, fullname, path=None, target=None):
        from importlib.machinery import ModuleSpec

        if any(fullname == name or fullname.startswith(f"{name}.") for name in self.names):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        return AbsentModule(spec.name)

    def exec_module(self, module):
        pass

    def install(self):
        Absent.collecting = True
        sys.meta_path.insert(0, self)

    def remove(self):
        Absent.collecting = False
        sys.meta_path.remove(self)
        for name in [name for name, module in sys.modules.items() if isinstance(module, AbsentModule)]:
            del sys.modules[name]
