"""In which form a model runs: a runtime with a precision, and how one is chosen where nobody names it.

The choice is a fixed table by CPU features, so that replicas on equal CPUs write the same texts; `hindi-stt bench
--choose` measures instead, and one setting, HINDI_STT_BACKEND, pins the form for all replicas. Nothing here imports a
runtime.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hindi_stt.errors import InvalidSetting
from hindi_stt.settings.cpu import cpu_features

if TYPE_CHECKING:
    from pathlib import Path

    from hindi_stt.bundle.manifest import Bundle, Manifest
    from hindi_stt.settings import Settings

__all__ = [
    "FORMS",
    "ONNX_RUNTIME",
    "OPENVINO",
    "OPENVINO_ROLE",
    "OPENVINO_WEIGHTS_ROLE",
    "Form",
    "asked_form",
    "choose_form",
    "form_files",
    "forms_of",
    "has_openvino",
    "select_form",
]

ONNX_RUNTIME: Final = "onnxruntime"
OPENVINO: Final = "openvino"
# Roles of the assets in OpenVINO's own format: the graph of a precision (.xml), and its weights (.bin) beside it.
OPENVINO_ROLE: Final = "openvino"
OPENVINO_WEIGHTS_ROLE: Final = "openvino_weights"


@dataclass(frozen=True, slots=True)
class Form:
    """A runtime and the precision in which it computes; written as BACKEND-PRECISION.

    Attributes:
        backend: "onnxruntime" or "openvino".
        precision: Of ONNX Runtime the name of the bundle's ONNX file; of OpenVINO "fp32", "bf16" or "int8".
    """

    backend: str
    precision: str

    def __str__(self) -> str:
        return f"{self.backend}-{self.precision}"

    @classmethod
    def parse(cls, text: str) -> Form:
        """Read a form as `str` writes it."""
        backend, _, precision = text.partition("-")
        return cls(backend, precision)


_OPENVINO_BF16: Final = Form(OPENVINO, "bf16")
_OPENVINO_INT8: Final = Form(OPENVINO, "int8")

FORMS: Final = (
    Form(ONNX_RUNTIME, "fp32"),
    Form(ONNX_RUNTIME, "int8"),
    Form(OPENVINO, "fp32"),
    _OPENVINO_BF16,
    _OPENVINO_INT8,
)

# The first row that fits wins: CPU features of which one is needed, and the form. Where none fits, ONNX Runtime runs
# the bundle's default precision. docs/performance.md has the figures.
_TABLE: Final[tuple[tuple[frozenset[str], Form], ...]] = (
    (frozenset({"amx_int8", "avx512_vnni", "avx_vnni"}), _OPENVINO_INT8),
    (frozenset({"amx_bf16", "avx512_bf16"}), _OPENVINO_BF16),
)


def choose_form(features: Collection[str], verified: Sequence[Form], default_precision: str, *, openvino: bool) -> Form:
    """Choose a form where nobody names one.

    Args:
        features: Flags of the CPU, as `cpu_features` reads them.
        verified: The model's forms of OpenVINO whose texts were measured to be as good as float32's.
        default_precision: The ONNX file that ONNX Runtime runs otherwise.
        openvino: Whether the package openvino is installed.

    Returns:
        The first form of the table that the CPU, the model and the installation allow; equal for equal arguments.
    """
    for needed, form in _TABLE if openvino else ():
        if form in verified and not needed.isdisjoint(features):
            return form
    return Form(ONNX_RUNTIME, default_precision)


def asked_form(settings: Settings) -> Form | None:
    """Find the form that the settings pin.

    Args:
        settings: The process's settings.

    Returns:
        The one of HINDI_STT_BACKEND; ONNX Runtime's where only its precision or provider is set; else None.

    Raises:
        InvalidSetting: Two settings contradict each other.
    """
    if settings.backend:
        form = Form.parse(settings.backend)
        if settings.precision and settings.precision != form.precision:
            raise InvalidSetting(
                f"HINDI_STT_PRECISION={settings.precision} contradicts HINDI_STT_BACKEND={form}: leave one of them out."
            )
        if form.backend == OPENVINO and settings.provider != "cpu":
            raise InvalidSetting(
                f"HINDI_STT_PROVIDER={settings.provider} is for ONNX Runtime, and HINDI_STT_BACKEND={form} is not."
            )
        return form
    if settings.precision or settings.provider != "cpu":
        return Form(ONNX_RUNTIME, settings.precision)
    return None


def forms_of(manifest: Manifest) -> tuple[Form, ...]:
    """List every form that a bundle's files allow: OpenVINO runs the ONNX file of fp32, in bfloat16 too."""
    own = [asset.name for asset in manifest.assets if asset.role == OPENVINO_ROLE]
    of_onnx = ["fp32", "bf16"] if "fp32" in manifest.precisions else []
    runtimes = ((ONNX_RUNTIME, manifest.precisions), (OPENVINO, [*of_onnx, *own]))
    return tuple(Form(backend, precision) for backend, precisions in runtimes for precision in precisions)


def form_files(bundle: Bundle, form: Form) -> tuple[Path, ...]:
    """Find the files of a form.

    Args:
        bundle: The bundle.
        form: One of its forms.

    Returns:
        Their paths, the graph first.

    Raises:
        BundleInvalid: The bundle has no such form.
    """
    if form.backend == ONNX_RUNTIME:
        return _onnx_files(bundle, form.precision)
    if form.precision in {"fp32", "bf16"}:
        return _onnx_files(bundle, "fp32")
    return bundle.path(OPENVINO_ROLE, form.precision), bundle.path(OPENVINO_WEIGHTS_ROLE, form.precision)


def _onnx_files(bundle: Bundle, precision: str) -> tuple[Path, ...]:
    """An ONNX file, and the weights of large models beside it."""
    from hindi_stt.bundle.manifest import WEIGHTS_ROLE  # which knows the forms

    beside = (
        bundle.folder / asset.file
        for asset in bundle.manifest.assets
        if asset.role == WEIGHTS_ROLE and asset.name.startswith(f"{precision}:")
    )
    return bundle.path("acoustic", precision), *beside


def has_openvino() -> bool:
    """Tell whether the package openvino is installed, without importing it."""
    return importlib.util.find_spec("openvino") is not None


def select_form(bundle: Bundle, settings: Settings) -> Bundle:
    """Give a bundle the form that the settings pin, or else the table's for this CPU and installation.

    Args:
        bundle: As it was opened.
        settings: The process's settings.

    Returns:
        The bundle in that form.

    Raises:
        InvalidSetting: The bundle has no such form, its runtime is not installed, or two settings contradict.
    """
    manifest = bundle.manifest
    form = asked_form(settings)
    if form is None:
        verified = [Form.parse(name) for name in manifest.verified_forms]
        form = choose_form(cpu_features(), verified, manifest.default_precision, openvino=has_openvino())
    elif form.backend == OPENVINO and not has_openvino():
        raise InvalidSetting(f"HINDI_STT_BACKEND={form} needs a package: .venv/bin/pip install openvino.")
    return bundle.with_form(form)
