"""Gathers the weights that an ONNX graph keeps in files of their own into one file.

Exporters write one file for each large tensor, and name them after tensors. One file, with each tensor at a page of its
own, is an asset with a checksum that ONNX Runtime maps into memory. Weights of a node's attribute become initialisers:
few tools look for external data anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from hindi_stt.catalogue.file_kinds import refuse_page_file
from hindi_stt.errors import CorruptModel

__all__ = ["gather_weights", "has_external_weights"]

_EXTERNAL: Final = 1  # TensorProto.EXTERNAL
_GRAPH: Final = 5  # AttributeProto.GRAPH
# ONNX Runtime maps whole pages.
_ALIGNMENT: Final = 4096
_CHUNK: Final = 2**20


def has_external_weights(model: Any) -> bool:
    """Tell whether a graph keeps weights in other files.

    Args:
        model: An onnx.ModelProto, loaded without external data.

    Returns:
        Whether it does.
    """
    return any(_is_external(tensor) for graph in _graphs(model.graph) for tensor in _tensors(graph))


def gather_weights(model: Any, folder: Path, target: Path) -> None:
    """Write all weights that lie in other files into one, which the graph then names.

    Args:
        model: An onnx.ModelProto, loaded without external data; changed in place.
        folder: Where the files lie that it names.
        target: The file of weights to write, in the folder where the graph will be saved.

    Raises:
        CorruptModel: A file is missing or too short, or its name leads out of the folder.
        NotAModelFile: A file is the pointer of one in Git LFS.
    """
    with target.open("wb") as out:
        for graph in _graphs(model.graph):
            _constants_to_initializers(graph)
            for tensor in _tensors(graph):
                if _is_external(tensor):
                    _move(tensor, folder, out, target.name)


def _graphs(graph: Any) -> Iterator[Any]:
    """A graph, and those in the attributes of its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == _GRAPH:
                yield from _graphs(attribute.g)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _is_external(tensor: Any) -> bool:
    return bool(tensor.data_location == _EXTERNAL)


def _constants_to_initializers(graph: Any) -> None:
    for i in reversed(range(len(graph.node))):
        node = graph.node[i]
        if node.op_type == "Constant" and any(_is_external(attribute.t) for attribute in node.attribute):
            tensor = graph.initializer.add()
            tensor.CopyFrom(node.attribute[0].t)
            tensor.name = node.output[0]
            del graph.node[i]


def _move(tensor: Any, folder: Path, out: IO[bytes], location: str) -> None:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    file, offset, length = _place(tensor, entries, folder)
    out.write(bytes(-out.tell() % _ALIGNMENT))
    start = out.tell()
    with file.open("rb") as source:
        source.seek(offset)
        _copy(source, out, length)
    del tensor.external_data[:]
    for key, value in (("location", location), ("offset", start), ("length", length)):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)


def _place(tensor: Any, entries: dict[str, str], folder: Path) -> tuple[Path, int, int]:
    """File, offset and length of a tensor's values, all checked."""
    name = entries.get("location", "")
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise CorruptModel(f"The weights {tensor.name!r} are in {name!r}, outside the model's folder.")
    file = folder / path
    if not file.is_file():
        raise CorruptModel(f"{name} is missing, which has the weights {tensor.name!r}.")
    refuse_page_file(file)
    size = file.stat().st_size
    try:
        offset = int(entries.get("offset", 0))
        length = int(entries.get("length", size - offset))
    except ValueError as error:
        raise CorruptModel(f"The offset of the weights {tensor.name!r} in {name} is not a number.") from error
    if offset < 0 or length < 0 or offset + length > size:
        raise CorruptModel(f"{name} has {size} bytes, but the weights {tensor.name!r} end at {offset + length}.")
    return file, offset, length


def _copy(source: IO[bytes], out: IO[bytes], length: int) -> None:
    while length and (chunk := source.read(min(length, _CHUNK))):
        length -= out.write(chunk)
