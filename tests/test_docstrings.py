"""Public functions say what each parameter is, and no docstring names a parameter or an error that does not exist."""

from __future__ import annotations

import ast
import builtins
import functools
import re
from collections.abc import Container, Iterator
from pathlib import Path

import pytest

from hindi_stt import errors

PACKAGE = Path(__file__).parents[1] / "hindi_stt"
SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises|Example|Examples|Note):$", re.MULTILINE)
SEE = re.compile(r"See `(\w+\.\w+)`[.;]")
ENTRY = re.compile(r"^    (\*{0,2}\w+(?:\.\w+)*)(?: \(.*?\))?: \S", re.MULTILINE)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def section(docstring: str, name: str) -> list[str] | None:
    """The names that a section of a docstring explains, in its order; None without such a section."""
    parts = SECTION.split(docstring)
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        if title == name:
            return ENTRY.findall(text)
    return None


def parameters(function: Function, *, method: bool) -> list[str]:
    """The names as a docstring spells them, without self or cls; underscores mark what a caller never passes."""
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if names[:1] == ["self"] or (method and "staticmethod" not in decorators(function)):
        names = names[1:]
    if arguments.vararg:
        names.append(f"*{arguments.vararg.arg}")
    names += [argument.arg for argument in arguments.kwonlyargs]
    if arguments.kwarg:
        names.append(f"**{arguments.kwarg.arg}")
    return [name for name in names if not name.startswith("_")]


def decorators(function: Function) -> set[str]:
    """The last names of its decorators: `override` for `typing.override`."""
    return {ast.unparse(decorator).split("(")[0].rpartition(".")[2] for decorator in function.decorator_list}


def public(tree: ast.AST, *, owner: str = "") -> Iterator[tuple[str, Function, str]]:
    """Public functions and methods with their docstrings; a constructor's is that of its class."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public(node, owner=node.name)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{owner}.{node.name}" if owner else node.name
            if node.name == "__init__" and isinstance(tree, ast.ClassDef):
                yield name, node, ast.get_docstring(tree) or ""
            elif not node.name.startswith("_") and not decorators(node) & {"overload", "override"}:
                yield name, node, ast.get_docstring(node) or ""


@functools.cache
def explained() -> set[str]:
    """The methods of the package that explain their parameters, to which other docstrings may refer."""
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in PACKAGE.rglob("*.py"))
    return {name for tree in trees for name, _, docstring in public(tree) if section(docstring, "Args")}


def wrong(source: str, elsewhere: Container[str] = ()) -> list[str]:
    """What is wrong with the docstrings of a module, a sentence for each.

    A method that implements an interface may refer to the interface's method, one of `elsewhere`.
    """
    tree = ast.parse(source)
    found = []
    for name, function, docstring in public(tree):
        have = parameters(function, method="." in name)
        named = section(docstring, "Args")
        if (see := SEE.match(docstring)) is not None and see[1] in elsewhere:
            continue
        if len(have) >= 2 and named is None:
            found.append(f"{name} has no Args section")
        elif named is not None and sorted(named) != sorted(have):
            found.append(f"{name} has the parameters {have}, and its docstring explains {named}")
    known = {*dir(builtins), *dir(errors), *names(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            raised = section(ast.get_docstring(node) or "", "Raises") or []
            found += [
                f"{node.name} raises {error}, which is no name here"
                for error in raised
                if not known & {error.split(".")[0]}
            ]
    return found


def names(tree: ast.Module) -> set[str]:
    """What a module imports, and the classes that it defines."""
    imported = {
        alias.asname or alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    modules = {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return imported | modules | {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("folder", sorted({str(file.parent.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py")}))
def test_public_functions_explain_each_parameter(folder: str) -> None:
    elsewhere = explained()
    found = [
        f"{file.relative_to(PACKAGE.parent)}: {sentence}"
        for file in sorted((PACKAGE / folder).glob("*.py"))
        for sentence in wrong(file.read_text(encoding="utf-8"), elsewhere)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ('def f(a, b):\n    """Do."""', "f has no Args section"),
        ('def f(a, b):\n    """Do.\n\n    Args:\n        a: one.\n    """', "f has the parameters ['a', 'b']"),
        ('def f(a):\n    """Do.\n\n    Args:\n        a: one.\n        c: gone.\n    """', "explains ['a', 'c']"),
        ('def f(a, *, b):\n    """Do.\n\n    Args:\n        a: one.\n        b:\n    """', "explains ['a']"),
        ('class C:\n    """Be."""\n    def __init__(self, a, b): ...', "C.__init__ has no Args section"),
        ('class C:\n    """Be."""\n    async def m(self, a, **b):\n        """Do."""', "C.m has no Args section"),
        ('def f():\n    """Do.\n\n    Raises:\n        GoneError: never.\n    """', "f raises GoneError"),
        ('class C:\n    """Be."""\n    def m(self, a, b):\n        """See `D.m`."""', "C.m has no Args section"),
    ],
)
def test_the_check_finds(source: str, sentence: str) -> None:
    assert any(sentence in found for found in wrong(source))


@pytest.mark.parametrize(
    "source",
    [
        'def f(a):\n    """Do."""',
        "def _f(a, b): ...",
        'class C:\n    """Be."""\n    def m(self, a, b):\n        """See `P.m`."""',
        'class C:\n    """Be."""\n    def m(self, a):\n        """Do."""',
        'def f(*a, **b):\n    """Do.\n\n    Args:\n        *a: all.\n        **b: more.\n    """',
        'def f():\n    """Do.\n\n    Raises:\n        ValueError: no.\n    """',
    ],
)
def test_the_check_accepts(source: str) -> None:
    assert wrong(source, {"P.m"}) == []
