"""Restricts the models in the API's descriptions to those of this server."""

from __future__ import annotations

from typing import Any, Final

from hindi_stt.bundle.registry import Registry
from hindi_stt.transcription.options import offered

__all__ = [
    "EXAMPLE_ALIAS",
    "EXAMPLE_LANGUAGE",
    "EXAMPLE_LICENCE",
    "EXAMPLE_MODEL",
    "EXAMPLE_NAME",
    "of_these_models",
]

# Examples are written with these, and shown with the server's own.
EXAMPLE_NAME: Final = "hindi-model"
EXAMPLE_MODEL: Final = "hindi-model:0123456789ab"
EXAMPLE_LICENCE: Final = "licence-of-the-model"
EXAMPLE_ALIAS: Final = "whisper-1"
EXAMPLE_LANGUAGE: Final = "hi"


def of_these_models(document: Any, registry: Registry) -> Any:
    """Fit an OpenAPI document, or a part of it, to the models of a server.

    Args:
        document: JSON of any kind; it is left as it is.
        registry: The models.

    Returns:
        A copy. Where this module's EXAMPLE_… stand, it has the tag, the plain name, the language, the licence and an
        alias of the server's first model; fields of options have no value that none of the models can honour.
    """
    default = registry.default
    examples = {
        EXAMPLE_NAME: default.manifest.name,
        EXAMPLE_MODEL: default.tag,
        EXAMPLE_LICENCE: default.manifest.licence,
        EXAMPLE_LANGUAGE: default.manifest.language,
        EXAMPLE_ALIAS: EXAMPLE_ALIAS if EXAMPLE_ALIAS in registry.names else default.manifest.name,
    }
    return _copy(document, examples, {"punctuation": list(offered(registry)["punctuation"])})


def _copy(node: Any, examples: dict[str, str], values: dict[str, list[str]]) -> Any:
    if isinstance(node, str):
        return examples.get(node, node).replace(EXAMPLE_MODEL, examples[EXAMPLE_MODEL])  # also within lines of JSON
    if isinstance(node, list):
        return [_copy(part, examples, values) for part in node]
    if not isinstance(node, dict):
        return node
    copy = {name: _copy(part, examples, values) for name, part in node.items()}
    for field, offered_values in values.items():
        # As a property of a schema, or as a parameter, whose name is a sibling of its schema.
        for schema in (copy.get(field), copy.get("schema") if copy.get("name") == field else None):
            if isinstance(schema, dict) and "enum" in schema:
                schema["enum"] = offered_values
    return copy
