"""Models that cannot be found, read, exported or verified."""

from __future__ import annotations

from hindi_stt.errors.base import HindiSTTError

__all__ = [
    "BundleInvalid",
    "ChecksumMismatch",
    "CorruptModel",
    "DownloadInterrupted",
    "ExportEnvironmentMissing",
    "FeaturesUnknown",
    "LanguageModelInvalid",
    "LanguageNotInModel",
    "LicenceNotAccepted",
    "ModelError",
    "ModelGated",
    "ModelNotFound",
    "NotAModelFile",
    "SourceUnavailable",
    "SpeakersNotInstalled",
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
    help = "List the store with 'hindi-stt models list'; add a model with 'hindi-stt models get NAME'."


class BundleInvalid(ModelError):
    """A file of the bundle is missing, altered, or does not fit the manifest."""

    code = "bundle_invalid"
    help = "Export the model again: python export_model.py MODEL.nemo"


class LanguageModelInvalid(ModelError):
    """A language model that is damaged, or made for another alphabet than the acoustic model's."""

    code = "language_model_invalid"
    help = "Build it again from text: hindi-stt lm build CORPUS --output MODEL.npz"


class LanguageNotInModel(ModelError):
    """A model of several languages, none of which is the one that was asked for."""

    code = "language_not_in_model"
    help = "Name one of the model's languages with --language; the message lists them."


class SourceUnavailable(ModelError):
    """The model's files cannot be read or downloaded: no such file, no network, or the publisher's server refuses."""

    code = "model_source_unavailable"
    help = "Fetch the files on a machine with a network, copy them here, then: hindi-stt models get FOLDER_OR_FILE"


class SpeakersNotInstalled(ModelError):
    """A request to tell speakers apart, on a server that has no speaker model."""

    code, status = "speakers_not_installed", 501
    default_param = "diarize"
    help = "On the server, run: hindi-stt models get speakers --accept-licence; HINDI_STT_SPEAKERS names another one."


class DownloadInterrupted(ModelError):
    """The connection broke while a model file was downloaded, each time that it was tried."""

    code = "download_interrupted"
    help = "Run the same command again: it continues where the download broke off."


class ModelGated(ModelError):
    """The model's publisher gives it only to accounts with access, and refused this request."""

    code = "model_gated"
    help = "Ask for access on the model's page, make a token of your account, and set it: export HF_TOKEN=hf_…"


class NotAModelFile(ModelError):
    """The downloaded file is not a model but a web page, or a pointer of Git LFS."""

    code = "not_a_model_file"
    help = "Name the address of the file itself: on a hub that of its download button, with /resolve/ and not /blob/."


class LicenceNotAccepted(ModelError):
    """A model of the catalogue whose licence was not accepted."""

    code = "licence_not_accepted"
    help = "Read the licence; where you agree, run the command again with --accept-licence."


class FeaturesUnknown(ModelError):
    """Ready ONNX files that do not tell how the features of their model are computed."""

    code = "model_features_unknown"
    help = "Name them with --preset, or write features.json beside the model: docs/models.md shows both."


class ExportEnvironmentMissing(ModelError):
    """The model needs a conversion whose packages are not installed."""

    code = "export_environment_missing"
    help = "NeMo models: 'make oracle' in a checkout (2 GB). ONNX files in parts: pip install onnx."


class ChecksumMismatch(ModelError):
    """The model file does not have the SHA-256 that was asked for."""

    code = "model_checksum_mismatch"
    help = "Download the file again; if it still differs, it is not the file that the checksum was made of."


class UnsafeArchive(ModelError):
    """The model file contains paths outside its folder, links, devices or code. No code was run."""

    code = "unsafe_archive"
    help = "Do not use this file. Get the model from its publisher."


class CorruptModel(ModelError):
    """The model file is incomplete, or its parts contradict each other."""

    code = "corrupt_model"
    help = "Download the file again, and compare its size and SHA-256 with the publisher's."


class UnsupportedModel(ModelError):
    """A NeMo model of a family that cannot be exported."""

    code = "unsupported_model"
    help = "docs/models.md lists the families that can be exported: Conformer and FastConformer with a CTC head."


class VerificationFailed(ModelError):
    """The exported model's results differ from NeMo's."""

    code = "verification_failed"
    help = "Do not serve this bundle; report it with verification.json from the bundle's folder."
