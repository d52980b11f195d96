"""Every error raised on purpose has its place in the tree that ``errors.py`` draws."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from qa import errors

TREE = re.findall(r"^ {4}([│ ]*)[├└]── (\w+) +(\S.*)$", errors.__doc__, re.MULTILINE)
CLASSES = {
    name: item
    for name, item in vars(errors).items()
    if isinstance(item, type) and issubclass(item, errors.QAError)
}
SOURCE = Path(errors.__file__).parent


def drawn():
    """The tree as the docstring draws it: every error with its parent."""
    parents, path = {}, ["QAError"]
    for indent, name, _ in TREE:
        path[len(indent) // 4 + 1 :] = [name]
        parents[name] = path[-2]
    return parents


def test_the_tree_holds_every_error_below_its_parent():
    assert drawn() == {n: c.__base__.__name__ for n, c in CLASSES.items() if n != "QAError"}
    assert sorted(errors.__all__) == sorted(CLASSES)


@pytest.mark.parametrize(("name", "words"), [(name, words) for _, name, words in TREE])
def test_the_tree_and_the_class_describe_an_error_alike(name, words):
    first_line = inspect.getdoc(CLASSES[name]).splitlines()[0]
    assert first_line.lower().startswith(words.lower())


def test_no_other_module_adds_a_public_error_or_raises_the_base():
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and path != Path(errors.__file__):
                bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                assert not bases & set(CLASSES) or node.name.startswith("_"), (path, node.name)
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                assert getattr(node.exc.func, "id", None) != "QAError", (path, node.lineno)
