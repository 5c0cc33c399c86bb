"""Operations of the OpenAPI document: parameters and responses from pydantic models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hindi_stt.api.schemas import EXAMPLE_ERROR, ErrorBody

__all__ = [
    "BINARY",
    "ERROR",
    "OBJECT",
    "STRING",
    "Content",
    "Json",
    "Operation",
    "described",
    "inlined",
    "json_content",
    "parameters",
    "reference",
    "schemas",
    "text_content",
]

Json = dict[str, Any]
Content = Mapping[str, Json]
"""OpenAPI's content object: media type → schema and examples."""

STRING: Final[Json] = {"type": "string"}
OBJECT: Final[Json] = {"type": "object"}
BINARY: Final[Json] = {"type": "string", "format": "binary"}
_REFERENCE: Final = "#/components/schemas/{model}"


def reference(model: type[BaseModel]) -> Json:
    """Refer to the schema of a model among the document's components."""
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def json_content(example: Mapping[str, Any], *models: type[BaseModel]) -> Content:
    """Describe a response in JSON.

    Args:
        example: An example.
        *models: The models that it may be; without any, it is an arbitrary object.

    Returns:
        OpenAPI's content object.
    """
    references = [reference(model) for model in models]
    schema = OBJECT if not references else references[0] if len(references) == 1 else {"anyOf": references}
    return {"application/json": {"schema": schema, "example": example}}


def text_content(media_type: str, example: str | None = None, **examples: str) -> Content:
    """Describe a response that is text.

    Args:
        media_type: Its media type.
        example: An example.
        **examples: Several examples instead, by name.

    Returns:
        OpenAPI's content object.
    """
    shown: Json = {} if example is None else {"example": example}
    if examples:
        shown["examples"] = {name: {"value": text} for name, text in examples.items()}
    return {media_type: {"schema": STRING, **shown}}


ERROR: Final[Json] = {"description": "An error", "content": json_content(EXAMPLE_ERROR, ErrorBody)}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        method: HTTP method in lower case.
        path: Path with parameters in braces; they are strings unless `path_schemas` gives another schema.
        name: The operationId, from which generators make the names of functions.
        summary: Its summary, in the imperative.
        tag: The group that it belongs to.
        content: The content of a successful response.
        status: The status of success; None where no request succeeds as an ordinary answer.
        responses: Further responses by status; errors have a common form.
        query: Parameters of the address.
        headers: Headers of the request; the fields' aliases are their names.
        more_parameters: Parameters that no model has.
        path_schemas: Schemas of path parameters.
        path_examples: Examples of path parameters.
        body: The OpenAPI request body.
        needs_key: Whether a server with API keys asks for one.
        extensions: Further members: a description, or what begins with x-.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    _: KW_ONLY
    content: Content | None = None
    status: str | None = "200"
    responses: Json = field(default_factory=dict)
    query: type[BaseModel] | None = None
    headers: type[BaseModel] | None = None
    more_parameters: Iterable[Json] = ()
    path_schemas: Json = field(default_factory=dict)
    path_examples: Json = field(default_factory=dict)
    body: Json | None = None
    needs_key: bool = True
    extensions: Json = field(default_factory=dict)

    def described(self) -> Json:
        """Describe it as an OpenAPI operation object."""
        success: Json = {"description": "Success"} | ({"content": self.content} if self.content else {})
        answers = {} if self.status is None else {self.status: success}
        found: Json = {
            "operationId": self.name,
            "summary": self.summary,
            "tags": [self.tag],
            "responses": {**answers, **self.responses, "default": ERROR},
            **self.extensions,
        }
        shown = [self._path_parameter(name) for name in re.findall(r"{(\w+)}", self.path)]
        shown += [*parameters(self.headers, "header"), *parameters(self.query, "query"), *self.more_parameters]
        if shown:
            found["parameters"] = shown
        if self.body is not None:
            found["requestBody"] = self.body
        return found if self.needs_key else {**found, "security": []}

    def _path_parameter(self, name: str) -> Json:
        example = {"example": self.path_examples[name]} if name in self.path_examples else {}
        return {"name": name, "in": "path", "required": True, "schema": self.path_schemas.get(name, STRING), **example}


def described(operations: Iterable[Operation]) -> Json:
    """Describe operations as the `paths` of an OpenAPI document."""
    paths: Json = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = operation.described()
    return paths


def parameters(model: type[BaseModel] | None, where: str) -> list[Json]:
    """Describe the fields of a model as parameters.

    Args:
        model: The fields; None for none. Those without a default are required.
        where: OpenAPI's `in`: query or header.

    Returns:
        OpenAPI's parameter objects.
    """
    if model is None:
        return []
    found: list[Json] = []
    schema = inlined(model)
    for name, own in schema["properties"].items():
        parameter: Json = {"name": name, "in": where}
        if name in schema.get("required", ()):
            parameter["required"] = True
        if "description" in own:
            parameter["description"] = own.pop("description")
        found.append({**parameter, "schema": own})
    return found


def inlined(model: type[BaseModel]) -> Json:
    """Describe a model in one piece, for a place where generators are to find no class of its own.

    Args:
        model: The model that a client sends; it does not contain itself.

    Returns:
        Its schema, without titles, and without defaults that are null; a constant is an enumeration of one value.
    """
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def copy(node: Any) -> Any:
        if isinstance(node, list):
            return [copy(part) for part in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            node = definitions[node["$ref"].rpartition("/")[2]] | {k: v for k, v in node.items() if k != "$ref"}
        copied = {name: copy(part) for name, part in node.items() if not _is_left_out(name, part)}
        if "const" in copied:  # which openapi-python-client takes for a schema that no parameter can have
            copied["enum"] = [copied.pop("const")]
        return copied

    found: Json = copy(schema)
    return found


def _is_left_out(name: str, part: Any) -> bool:
    """Recognise what only repeats names, and what refers to definitions; a property may have the same name."""
    return (
        (name == "title" and isinstance(part, str))
        or (name == "discriminator" and "mapping" in part)
        or (name == "default" and part is None)
    )


def schemas(models: Iterable[type[BaseModel]]) -> Json:
    """Describe models that the server sends, and all that they consist of, by name."""
    _, found = models_json_schema([(model, "serialization") for model in models], ref_template=_REFERENCE)
    definitions: Json = found.get("$defs", {})
    return definitions
