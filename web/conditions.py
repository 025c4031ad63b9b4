"""Conditions of the catalogue and findings about a form, in words."""

import re
from collections.abc import Mapping

from web.context import context
from web.language import texts

_TOKEN = re.compile(r"jurisdiction\.([a-z_]+)|[a-z_]+|>=|<=|!=|==|'[^']*'|.", re.DOTALL)
_SIGNS = {">=": "≥", "<=": "≤", "!=": "≠", "==": "="}
_WORDS = ("age", "len", "in", "and", "or", "not")


def condition_text(source: str) -> str:
    """A condition with the labels of its fields, `年龄(出生日期) ≥ 80` for one on `birth`."""
    return "".join(_shown(match) for match in _TOKEN.finditer(source))


def finding_text(code: str, params: Mapping[str, str]) -> str:
    """What is wrong with a field, in words; a newer code is shown as it is."""
    words = dict(params)
    if "check" in words:
        words["check"] = condition_text(words["check"])
    return texts().find(f"finding.{code}", **words) or code


def field_name(name: str) -> str:
    """The label of a field of this node's catalogue, or its own name."""
    field = context().casebook.catalogue.fields.get(name)
    if field is None:
        return name
    return field.label.zh if texts().language == "zh" else field.label.en


def _shown(match: re.Match[str]) -> str:
    token = match[0]
    if match[1]:
        return texts().text("condition.local")
    if token in _WORDS:
        return texts().text(f"condition.{token}")
    if token[0].isalpha():
        return field_name(token)
    return _SIGNS.get(token, token)
