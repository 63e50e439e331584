"""The keys that rules give their findings, read from their code: what is not fixed in a key stands in braces."""

import ast
import inspect
import re
import sys
from functools import cache
from itertools import chain
from types import ModuleType
from typing import Any

from sseprobe import dialects
from sseprobe.rules import Rule, all_rules

FORM = re.compile(r"[A-Z]+[0-9]{3}/[A-Za-z][A-Za-z0-9]*([-_.][A-Za-z0-9]+)*")
"""The rule's id, a slash, words with hyphens; names of fields, headers and events as their specification spells them."""
_FREE = re.compile(r"\{[^{}]*\}")
_ROOM = "sseprobe.rules"


@cache
def patterns_of(rule: Rule) -> tuple[str, ...]:
    """The keys of a rule's findings, those of findings that it only looks at among them."""
    functions = _reached(rule.check)
    modules = {sys.modules[each.__module__] for each in functions}
    found = {key for each in functions if inspect.isfunction(each) for key in _keys_in(each, modules)}
    return tuple(sorted(f"{rule.id}/{key}" for key in found))


def all_patterns() -> str:
    """The keys of all rules, one a line, as tests/rules/keys.txt lists them."""
    return "".join(f"{key}\n" for rule in all_rules() for key in patterns_of(rule))


def what_is_wrong(rule: Rule, key: str) -> str:
    """What is wrong with a key that a finding had; empty if nothing is."""
    full = f"{rule.id}/{key}"
    if not FORM.fullmatch(full):
        return f"{full} is not of the form of a key"
    matches = [match for pattern in patterns_of(rule) if (match := _regex(pattern).fullmatch(full))]
    if not matches:
        return f"{full} is none of {patterns_of(rule)}"
    free = [text for text in matches[0].groups() if re.search("[0-9]", text) and text not in _fields()]
    return f"{full} holds a number of the stream's" if free else ""


def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile("(.+)".join(re.escape(part) for part in _FREE.split(pattern)))


@cache
def _fields() -> frozenset[str]:
    """The names of fields that the vendors' types have, some with digits."""
    shapes = [dialects.by_name(name).shapes for name in dialects.NAMES]
    fields = chain.from_iterable(each.table.values() for each in shapes if each is not None)
    return frozenset(path.replace("[]", "") for path in chain.from_iterable(fields))


def _reached(start: Any) -> set[Any]:
    """A function, and the functions and classes of the rules that it leads to."""
    found, waiting = set(), [start]
    while waiting:
        each = waiting.pop()
        if each in found:
            continue
        found.add(each)
        home = vars(sys.modules[each.__module__])
        named = [home.get(node.id) for node in ast.walk(_tree_of(each)) if isinstance(node, ast.Name)]
        waiting += [one for one in named if _is_of_rules(one)]
    return found


def _is_of_rules(one: Any) -> bool:
    return (inspect.isfunction(one) or inspect.isclass(one)) and one.__module__.startswith(_ROOM)


@cache
def _tree_of(one: Any) -> ast.AST:
    return ast.parse(inspect.cleandoc("\n" + inspect.getsource(one)))


def _keys_in(function: Any, modules: set[ModuleType]) -> set[str]:
    tree = _tree_of(function)
    calls = [node for node in ast.walk(tree) if _calls(node, "Finding")]
    return {key for call in calls for key in _texts(_first(call), tree, modules)}


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _first(call: Any) -> ast.expr:
    argument: ast.expr = call.args[0]
    return argument


def _texts(key: ast.expr, tree: ast.AST, modules: set[ModuleType]) -> set[str]:
    """What an expression may come to."""
    if isinstance(key, ast.Constant):
        return {str(key.value)}
    if isinstance(key, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else _braced(part) for part in key.values]
        return {"".join(parts)}
    if isinstance(key, ast.IfExp):
        return _texts(key.body, tree, modules) | _texts(key.orelse, tree, modules)
    if isinstance(key, ast.Name):
        return {text for value in _assigned(key.id, tree) for text in _texts(value, tree, modules)}
    if isinstance(key, ast.Attribute) and key.attr == "key":
        return set(chain.from_iterable(_keys_of_tables(module) for module in modules))
    return {_braced(key)}


def _braced(part: ast.expr) -> str:
    return "{" + ast.unparse(part.value if isinstance(part, ast.FormattedValue) else part) + "}"


def _assigned(name: str, tree: ast.AST) -> list[ast.expr]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=True))
            found += [one for to, one in pairs if isinstance(to, ast.Name) and to.id == name]
    return found


@cache
def _keys_of_tables(module: ModuleType) -> frozenset[str]:
    """The keys in the records of a module, other than findings, that begin with one."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            fields = getattr(vars(module).get(node.func.id), "_fields", ("",))
            if fields[0] == "key" and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return frozenset(found)
