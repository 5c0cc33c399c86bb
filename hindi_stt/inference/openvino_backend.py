"""The backend that runs a bundle by OpenVINO on the CPU: in float32, bfloat16, or int8 with bfloat16 for the rest."""

from __future__ import annotations

import os
import threading
from typing import Any, Final

# OpenVINO counts its uses over the network where its telemetry package finds a consent; this is read at the import.
os.environ.setdefault("OPENVINO_TELEMETRY_DISABLED", "1")

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import properties
from openvino.properties import hint

from hindi_stt.bundle.forms import OPENVINO, OPENVINO_ROLE, Form, form_files
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import BundleInvalid
from hindi_stt.inference.backend import Dimensions
from hindi_stt.inference.openvino_graph import rewrite_for_openvino
from hindi_stt.inference.openvino_positions import MAX_FRAMES, tabulate_positions
from hindi_stt.settings import available_cores
from hindi_stt.settings.cpu import cpu_features
from hindi_stt.types import Float32

__all__ = ["OpenVinoBackend"]

_BF16_FEATURES: Final = frozenset({"amx_bf16", "avx512_bf16"})
# Bound on the primitives that OpenVINO keeps for lengths of clips that it has seen: some 300 a length. A length that
# has left the cache costs 5 % of a run once more.
_CACHED_PRIMITIVES: Final = 5000


class OpenVinoBackend:
    """An `InferenceBackend` of OpenVINO. Thread-safe: as many runs go on at a time as the cores allow.

    bfloat16 is emulated where the CPU has it not, and slow, so float32 takes its place there. The precision is always
    said: without a hint OpenVINO takes bfloat16 wherever it is fast.

    Args:
        bundle: Where the files are.
        precision: fp32, bf16 or int8.
        threads: Threads of one run.

    Raises:
        BundleInvalid: The file cannot be loaded.
    """

    def __init__(self, bundle: Bundle, precision: str, *, threads: int) -> None:
        self._spec = bundle.manifest.acoustic
        self._path = form_files(bundle, Form(OPENVINO, precision))[0]
        # In OpenVINO's own format it was rewritten before it was quantised.
        self._rewritten = any(a.role == OPENVINO_ROLE and a.name == precision for a in bundle.manifest.assets)
        self._configuration = _configuration(precision, threads)
        self._max_frames = MAX_FRAMES * self._spec.subsampling
        self._model = self._compile(tabulated=True)
        self._requests = threading.local()
        self._lock = threading.Lock()
        self._for_long_clips: Any = None

    def _compile(self, *, tabulated: bool) -> Any:
        core = ov.Core()
        try:
            model = core.read_model(self._path)
            if not self._rewritten:
                rewrite_for_openvino(model)
            if tabulated:
                tabulate_positions(model)
                model.validate_nodes_and_infer_types()
            # Without the table, bfloat16 would round the positions of a long clip to whole groups of frames.
            exact = {} if tabulated else {hint.inference_precision(): ov.Type.f32}
            return core.compile_model(model, "CPU", self._configuration | exact)
        except Exception as error:  # OpenVINO raises RuntimeError and others, with no common base but Exception
            raise BundleInvalid(f"{self._path} cannot be loaded by OpenVINO {ov.__version__}: {error}") from error

    @property
    def inputs(self) -> dict[str, Dimensions]:
        """See `InferenceBackend`."""
        return {port.get_any_name(): _dimensions(port) for port in self._model.inputs}

    @property
    def outputs(self) -> dict[str, Dimensions]:
        """See `InferenceBackend`."""
        return {port.get_any_name(): _dimensions(port) for port in self._model.outputs}

    def run(self, features: Float32, lengths: NDArray[np.int64]) -> Float32:
        """See `InferenceBackend.run`."""
        if features.shape[2] > self._max_frames:
            request = self._without_table().create_infer_request()
        else:
            request = getattr(self._requests, "request", None)
            if request is None:  # a request holds the tensors of one run, and so belongs to one thread
                request = self._requests.request = self._model.create_infer_request()
        inputs = {self._spec.features_input: np.ascontiguousarray(features), self._spec.length_input: lengths}
        output = request.infer(inputs, share_inputs=True, share_outputs=True)[self._spec.log_probs_output]
        return np.array(output, np.float32)  # the request's own memory, which its next run overwrites

    def _without_table(self) -> Any:
        """The model for clips that are longer than the table of positions, loaded when the first one comes."""
        with self._lock:
            if self._for_long_clips is None:
                self._for_long_clips = self._compile(tabulated=False)
            return self._for_long_clips


def _configuration(precision: str, threads: int) -> dict[Any, Any]:
    bf16 = precision != "fp32" and not _BF16_FEATURES.isdisjoint(cpu_features())
    streams = max(1, available_cores() // threads)
    return {
        hint.inference_precision(): ov.Type.bf16 if bf16 else ov.Type.f32,
        # Where weights alone are compressed, OpenVINO quantises activations unasked, in float32 too.
        hint.dynamic_quantization_group_size(): 0,
        # A stream runs one clip at a time, in the threads that are its own.
        properties.num_streams(): streams,
        properties.inference_num_threads(): streams * threads,
        # Pinned to the first cores, several processes would share them while others are idle.
        hint.enable_cpu_pinning(): False,
        "CPU_RUNTIME_CACHE_CAPACITY": str(_CACHED_PRIMITIVES),
    }


def _dimensions(port: Any) -> Dimensions:
    return tuple(length.get_length() if length.is_static else None for length in port.get_partial_shape())
