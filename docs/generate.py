"""Write the pages that are made from code: python docs/generate.py"""

from __future__ import annotations

from pathlib import Path

from hindi_stt.errors import error_types
from hindi_stt.settings import Settings

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
    """docs/settings.md, from the settings class."""
    lines = [
        "# Settings",
        "",
        "Made from `hindi_stt/settings.py` by `make docs`. All are environment variables.",
        "",
        "| variable | default | meaning |",
        "| --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        default = field.default if field.default != "" else "(empty)"
        lines.append(f"| `HINDI_STT_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


PAGES = {"errors.md": errors_page, "settings.md": settings_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
