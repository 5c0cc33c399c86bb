"""Models that cannot be found, read, exported or verified."""

from __future__ import annotations

from hindi_stt.errors.base import HindiSTTError

__all__ = [
    "BundleInvalid",
    "ChecksumMismatch",
    "CorruptModel",
    "LanguageModelInvalid",
    "ModelError",
    "ModelNotFound",
    "SourceUnavailable",
    "UnsafeArchive",
    "UnsupportedModel",
    "VerificationFailed",
]


class ModelError(HindiSTTError):
    """At start-up or on the command line: the model cannot be used."""

    code, status = "model_error", 500
    help = "Run: python export_model.py MODEL.nemo"


class ModelNotFound(ModelError):
    """HINDI_STT_MODEL names neither a bundle folder nor a model in the store."""

    code = "model_not_found"
    help = "List the store with 'bentoml models list'; add a model with 'python export_model.py MODEL.nemo'."


class BundleInvalid(ModelError):
    """A file of the bundle is missing, altered, or does not fit the manifest."""

    code = "bundle_invalid"
    help = "Export the model again: python export_model.py MODEL.nemo"


class LanguageModelInvalid(ModelError):
    """A language model that is damaged, or made for another alphabet than the acoustic model's."""

    code = "language_model_invalid"
    help = "Build it again from text: hindi-stt lm build CORPUS --output MODEL.npz"


class SourceUnavailable(ModelError):
    """The model to export is not there: no such file, no network, or the server refuses."""

    code = "model_source_unavailable"
    help = "Fetch the .nemo file on a machine with a network, copy it here, then: python export_model.py MODEL.nemo"


class ChecksumMismatch(ModelError):
    """The model file does not have the SHA-256 that was asked for."""

    code = "model_checksum_mismatch"
    help = "Download the file again; if it still differs, it is another file than the one that was pinned."


class UnsafeArchive(ModelError):
    """The model file contains paths outside its folder, links, devices or code. No code was run."""

    code = "unsafe_archive"
    help = "Do not use this file. Get the model from its publisher."


class CorruptModel(ModelError):
    """The model file is cut short, or its parts do not fit each other."""

    code = "corrupt_model"
    help = "Download the file again, and compare its size and SHA-256 with the publisher's."


class UnsupportedModel(ModelError):
    """A NeMo model of a kind that cannot be exported here."""

    code = "unsupported_model"
    help = "docs/models.md lists the families that can be exported: Conformer and FastConformer with a CTC head."


class VerificationFailed(ModelError):
    """The exported model's results differ from NeMo's."""

    code = "verification_failed"
    help = "Do not serve this bundle; report it with verification.json from the bundle's folder."
