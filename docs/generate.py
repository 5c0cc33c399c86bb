"""Write the pages that are made from code: python docs/generate.py"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from hindi_stt.errors import error_types
from hindi_stt.settings import GROUPS, variable

DOCS = Path(__file__).parent


def errors_page() -> str:
    """docs/errors.md, from the exception tree."""
    lines = [
        "# Errors and what to do about them",
        "",
        "Made from `hindi_stt/errors/` by `make docs`. Every error answer has this shape; `code` is stable:",
        "",
        "```json",
        '{"error": {"code": "…", "message": "…", "status": 415, "request_id": "…", "help": "…"}}',
        "```",
        "",
        "| code | HTTP status | meaning | what to do |",
        "| --- | --- | --- | --- |",
    ]
    leaves = [cls for cls in error_types() if not cls.__subclasses__()]
    for cls in sorted(leaves, key=lambda cls: (cls.status, cls.code)):
        meaning = " ".join((cls.__doc__ or "").split())
        lines.append(f"| `{cls.code}` | {cls.status} | {meaning} | {cls.help} |")
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """docs/settings.md, from the groups of settings."""
    lines = [
        "# Settings",
        "",
        "Made from `hindi_stt/settings/` by `make docs`. All are environment variables; `bentoml serve` and "
        "`hindi-stt` read the same. Lists have commas between their entries.",
    ]
    for group in GROUPS:
        lines += [
            "",
            f"## {group.title}",
            "",
            " ".join((group.__doc__ or "").split()),
            "",
            "| variable | default | unit | values | example | meaning |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for name, field in group.model_fields.items():
            default = field.default if field.default != "" else "(empty)"
            extra = field.json_schema_extra
            unit = extra["unit"] if isinstance(extra, dict) else ""
            example = f"`{field.examples[0]}`" if field.examples else ""
            values = _values(field)
            lines.append(f"| `{variable(name)}` | {default} | {unit} | {values} | {example} | {field.description} |")
    return "\n".join(lines) + "\n"


def _values(field: FieldInfo) -> str:
    """The choices of a setting, or the bounds of its number."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(str(value) or "(empty)" for value in get_args(field.annotation))
    bounds = {Gt: ("gt", ">"), Ge: ("ge", "≥"), Lt: ("lt", "<"), Le: ("le", "≤")}
    found = ((bounds[type(one)], one) for one in field.metadata if type(one) in bounds)
    return ", ".join(f"{sign} {getattr(one, name)}" for (name, sign), one in found)


PAGES = {"errors.md": errors_page, "settings.md": settings_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
