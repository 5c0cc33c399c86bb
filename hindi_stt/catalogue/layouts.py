"""Recognises the layouts in which ONNX models are published, by the names of their files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hindi_stt.bundle.json_files import read_optional
from hindi_stt.errors import CorruptModel, SourceUnavailable, UnsupportedModel

__all__ = [
    "LANGUAGE_MASKS",
    "RELEASE_FOLDER",
    "Layout",
    "external_files",
    "find_layout",
    "is_release",
    "is_release_file",
    "refuse_transducer",
]

_MAX_CONFIG_BYTES: Final = 2**20
_MODEL: Final = re.compile(r"model(?:[._-](?P<precision>fp32|int8))?\.onnx")
_ENCODER: Final = re.compile(r"encoder(?:[._-]model)?\.onnx")
_DECODER: Final = re.compile(r"(?:ctc[._-])?decoder(?:[._-]model)?\.onnx")
_CTC_DECODER: Final = re.compile(r"ctc[._-]decoder(?:[._-]model)?\.onnx")
_TRANSDUCER: Final = re.compile(r"(decoder_joint|joiner|joint|rnnt_decoder|predictor)[\w.-]*\.onnx")
_ANY_MODEL: Final = re.compile(r".*\.(onnx|nemo|ort)")
_VOCABULARIES: Final = ("tokens.txt", "vocab.txt")
# How exporters call the file of weights that do not fit into the graph's own.
_EXTERNAL: Final = ("{}.data", "{}_data")


# AI4Bharat's release of a model for several languages: beside the encoder's graph each large tensor has a file.
RELEASE_FOLDER: Final = "assets"
RELEASE_VOCABULARY: Final = "vocab.json"
LANGUAGE_MASKS: Final = "language_masks.json"
_RELEASE: Final = frozenset({"encoder.onnx", "ctc_decoder.onnx", RELEASE_VOCABULARY, LANGUAGE_MASKS})
_TENSOR: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
_NO_TENSOR: Final = (".onnx", ".json", ".py", ".ts", ".pt", ".md", ".txt", ".nemo", ".ckpt", ".gitattributes")


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of a published model.

    Attributes:
        models: ONNX file by precision, "fp32" or "int8"; of a pair the encoder.
        decoder: The second graph of an encoder/decoder pair, else None.
        vocabulary: tokens.txt or vocab.txt; vocab.json of a model for several languages.
        config: onnx-asr's config.json; empty where there is none.
        unused: Names of further models that are not taken.
        language_masks: Of a model for several languages, the file that tells their classes, else None.
    """

    models: Mapping[str, Path]
    decoder: Path | None
    vocabulary: Path
    config: Mapping[str, Any]
    unused: Sequence[str]
    language_masks: Path | None = None


def find_layout(folder: Path) -> Layout:
    """Find the model in a folder.

    Args:
        folder: Files as they were published: onnx-asr's layout, sherpa-onnx's, NeMo's encoder and decoder, or
            AI4Bharat's for several languages, in the folder itself or in `assets` in it.

    Returns:
        The files.

    Raises:
        SourceUnavailable: There is no model in the folder, or several.
        UnsupportedModel: It is a model of another kind.
        CorruptModel: The vocabulary is missing, or config.json is damaged.
    """
    if (folder / RELEASE_FOLDER / LANGUAGE_MASKS).is_file():
        folder = folder / RELEASE_FOLDER
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    models: dict[str, Path] = {}
    for name in names:
        if match := _MODEL.fullmatch(name):
            precision = match["precision"] or "fp32"
            if precision in models:
                raise SourceUnavailable(f"{folder} has {models[precision].name} and {name}: leave one of them.")
            models[precision] = folder / name
    models = dict(sorted(models.items()))  # fp32 first
    decoder = None
    if not models:
        models, decoder = _find_pair(folder, names)
    multilingual = decoder is not None and is_release(names)
    taken = {path.name for path in (*models.values(), *filter(None, [decoder]))}
    unused = [name for name in names if _ANY_MODEL.fullmatch(name) and name not in taken]
    if multilingual:  # a transducer's graphs, 26 of them, belong to such a release
        unused = [name for name in unused if not _TRANSDUCER.fullmatch(name)]
        return Layout(models, decoder, folder / RELEASE_VOCABULARY, {}, unused, folder / LANGUAGE_MASKS)
    config = read_optional(folder / "config.json", max_bytes=_MAX_CONFIG_BYTES)
    _refuse_other_kinds(config)
    return Layout(models, decoder, _find_vocabulary(folder), config, unused)


def is_release(names: Sequence[str]) -> bool:
    """Tell whether files are AI4Bharat's release of a model for several languages, by its vocabulary or masks."""
    return not {RELEASE_VOCABULARY, LANGUAGE_MASKS}.isdisjoint(names)


def is_release_file(name: str) -> bool:
    """Tell whether a file of that release is needed: the two graphs, what tells the classes, and the loose tensors."""
    return name in _RELEASE or (_TENSOR.fullmatch(name) is not None and not name.endswith(_NO_TENSOR))


def external_files(model: Path) -> list[Path]:
    """The files beside a model that hold its weights, by the names that exporters use."""
    beside = [model.with_name(form.format(model.name)) for form in _EXTERNAL]
    return [path for path in beside if path.is_file()]


def refuse_transducer(names: Sequence[str], where: str) -> None:
    """Refuse files of which the ONNX graphs are a transducer's alone.

    Args:
        names: Of the files.
        where: What has them, for the error.

    Raises:
        UnsupportedModel: They are.
    """
    transducer = [name for name in names if _TRANSDUCER.fullmatch(name)]
    if transducer and not any(_MODEL.fullmatch(name) or _CTC_DECODER.fullmatch(name) for name in names):
        raise UnsupportedModel(f"{where} has a transducer ({transducer[0]}) and no CTC head.")


def _find_pair(folder: Path, names: Sequence[str]) -> tuple[dict[str, Path], Path | None]:
    refuse_transducer(names, str(folder))
    encoders = [name for name in names if _ENCODER.fullmatch(name)]
    decoders = [name for name in names if _DECODER.fullmatch(name)]
    if len(encoders) == len(decoders) == 1:
        return {"fp32": folder / encoders[0]}, folder / decoders[0]
    have = ", ".join(names[:12]) or "no files"
    raise SourceUnavailable(
        f"{folder} has no model that can be used: model.onnx or model.int8.onnx, or encoder.onnx and decoder.onnx. "
        f"It has {have}."
    )


def _find_vocabulary(folder: Path) -> Path:
    for name in _VOCABULARIES:
        if (folder / name).is_file():
            return folder / name
    raise CorruptModel(f"{folder} has no vocabulary: {' or '.join(_VOCABULARIES)} is missing.")


def _refuse_other_kinds(config: Mapping[str, Any]) -> None:
    kind = config.get("model_type")
    if kind is not None and not re.fullmatch(r"nemo-(conformer|fastconformer|parakeet)-ctc", str(kind)):
        raise UnsupportedModel(f"config.json says model_type {kind!r}; only NeMo's CTC models can be served.")
