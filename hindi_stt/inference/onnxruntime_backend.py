"""The backend that runs a bundle's ONNX file by ONNX Runtime, on the CPU unless told otherwise."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import, which is when it is read

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from hindi_stt.bundle.manifest import AcousticSpec
from hindi_stt.errors import BundleInvalid, InvalidSetting
from hindi_stt.inference.backend import Dimensions
from hindi_stt.processes.memory import return_free_memory
from hindi_stt.types import Float32

__all__ = ["SLOWER_FUSIONS", "OnnxRuntimeBackend", "check_provider"]

# Rewrites of the graph by ONNX Runtime that cost more than they save: a sum and a layer norm in one
# (SkipLayerNormalization) are not vectorised, 0.26 ms for [251, 256] where two nodes take 0.05 ms (1.32.0, AVX-512).
SLOWER_FUSIONS: Final = ("SkipLayerNormFusion",)

# Name and the package that takes the place of onnxruntime.
_OTHER_PROVIDERS: Final = {
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
}


class OnnxRuntimeBackend:
    """An `InferenceBackend` of ONNX Runtime. Thread-safe: runs of several threads go on at the same time.

    Args:
        path: The ONNX file.
        spec: Names of its inputs and outputs.
        threads: Threads of one run.
        provider: What runs the graph: cpu, openvino or cuda.

    Raises:
        BundleInvalid: The file cannot be loaded.
        InvalidSetting: The provider is not there.
    """

    def __init__(self, path: Path, spec: AcousticSpec, *, threads: int, provider: str = "cpu") -> None:
        self._spec = spec
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # made for fixed shapes; here every clip has its own
        # Threads that spin while they wait for work take the cores from everybody else's.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        if provider == "cpu":
            _register_shared_arena()
            options.add_session_config_entry("session.use_env_allocators", "1")
        providers = _providers(provider, threads)
        try:
            self._session = ort.InferenceSession(
                str(path), options, providers=providers, disabled_optimizers=SLOWER_FUSIONS
            )
        except Exception as error:  # ONNX Runtime's exceptions have no common base but Exception
            raise BundleInvalid(f"{path} cannot be loaded by ONNX Runtime {ort.__version__}: {error}") from error
        if provider != "cpu" and len(self._session.get_providers()) < 2:  # ONNX Runtime goes on with the CPU alone
            raise InvalidSetting(f"HINDI_STT_PROVIDER={provider}: ONNX Runtime could not start it on this machine.")
        return_free_memory()  # of the file that was read, and of weights before they were packed

    @property
    def inputs(self) -> dict[str, Dimensions]:
        """See `InferenceBackend`."""
        return {value.name: _dimensions(value.shape) for value in self._session.get_inputs()}

    @property
    def outputs(self) -> dict[str, Dimensions]:
        """See `InferenceBackend`."""
        return {value.name: _dimensions(value.shape) for value in self._session.get_outputs()}

    def run(self, features: Float32, lengths: NDArray[np.int64]) -> Float32:
        """See `InferenceBackend.run`."""
        inputs = {self._spec.features_input: features, self._spec.length_input: lengths}
        (output,) = self._session.run([self._spec.log_probs_output], inputs)
        return output  # type: ignore[no-any-return]


@functools.cache
def _register_shared_arena() -> None:
    """Have all sessions of this process take memory for activations from one arena.

    A session's own arena keeps what its longest clips took while another session runs.
    """
    memory = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    # No bound, and the defaults: growing by what is asked for instead of by powers of two leaves more gaps.
    ort.create_and_register_allocator(memory, ort.OrtArenaCfg(0, -1, -1, -1))


def _dimensions(shape: list[Any]) -> Dimensions:
    """Dimensions that vary have a name, or none."""
    return tuple(value if isinstance(value, int) else None for value in shape)


def _providers(name: str, threads: int) -> list[str | tuple[str, dict[str, Any]]]:
    """What ONNX Runtime takes as providers: full float32 everywhere, and the CPU's for what another leaves."""
    if name == "cpu":
        return ["CPUExecutionProvider"]
    if name == "openvino":
        options = {"device_type": "CPU", "precision": "FP32", "num_of_threads": str(threads)}
    else:
        # Searched anew for each length of clip, the fastest convolution would cost more than it saves.
        options = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
    provider = check_provider(name)
    if name == "cuda":
        ort.preload_dlls()  # NVIDIA's libraries as pip installs them
    return [(provider, options), "CPUExecutionProvider"]


def check_provider(name: str) -> str:
    """ONNX Runtime's name of a provider other than the CPU's. Raises InvalidSetting where this build has it not."""
    provider, build = _OTHER_PROVIDERS[name]
    if provider not in ort.get_available_providers():
        raise InvalidSetting(f"HINDI_STT_PROVIDER={name} needs another build of ONNX Runtime: {build}.")
    return provider
