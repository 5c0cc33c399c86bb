"""Computes log-probabilities from features with ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final, Protocol

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import, which is when it is read

import numpy as np
import onnxruntime as ort

from hindi_stt.bundle.manifest import AcousticSpec, Bundle
from hindi_stt.errors import BundleInvalid, HindiSTTError, InferenceFailed, InvalidSetting
from hindi_stt.observability.repeated_errors import RepeatedErrors
from hindi_stt.types import Features, Float32, LogProbs

__all__ = ["SLOWER_FUSIONS", "Acoustic", "LocalAcoustic", "group_by_length", "padding_share", "weights_bytes"]

# Dynamic quantisation takes one scale over a whole padded batch, so that neighbours would change a clip's numbers.
_BATCHABLE_PRECISIONS: Final = frozenset({"fp32"})


# Rewrites of the graph by ONNX Runtime that cost more than they save: a sum and a layer norm in one
# (SkipLayerNormalization) are not vectorised, 0.26 ms for [251, 256] where two nodes take 0.05 ms (1.32.0, AVX-512).
SLOWER_FUSIONS: Final = ("SkipLayerNormFusion",)


# Name and the package that takes the place of onnxruntime.
_OTHER_PROVIDERS: Final = {
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
}


class Acoustic(Protocol):
    """What decoding needs of an acoustic model: features in, log-probabilities out."""

    def __call__(self, batch: Sequence[Features]) -> list[LogProbs | HindiSTTError]:
        """Compute the log-probabilities of each clip.

        Args:
            batch: Features of the clips, each float32 [mels, frames].

        Returns:
            Per clip, in the order of the batch: float32 log-probabilities [output frames, classes], or the error that
            this clip caused. A clip that fails does not affect the others.
        """
        ...


class LocalAcoustic:
    """The acoustic model of a bundle, run by ONNX Runtime in this process. Thread-safe.

    Args:
        bundle: The bundle whose ONNX file is loaded.
        threads: Threads of ONNX Runtime per run.
        precision: Which ONNX file of the bundle; None for the manifest's default.
        max_padding: Largest share of padding frames in one run, in [0, 1). Only fp32 is batched.
        provider: What runs the graph: "cpu", "openvino" or "cuda".

    Raises:
        BundleInvalid: The ONNX file cannot be loaded or does not match the manifest.
        InvalidSetting: The provider is not available on this machine.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int,
        precision: str | None = None,
        max_padding: float = 0.15,
        provider: str = "cpu",
    ) -> None:
        self.bundle = bundle
        self.precision = precision or bundle.manifest.default_precision
        self._errors = RepeatedErrors()
        self._spec = bundle.manifest.acoustic
        self._n_mels = bundle.manifest.features.n_mels
        self._max_padding = max_padding if self.precision in _BATCHABLE_PRECISIONS else None
        path = bundle.path("acoustic", self.precision)
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # made for fixed shapes; here every clip has its own
        # Threads that spin while they wait for work take the cores from everybody else's.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        providers = _providers(provider, threads)
        try:
            self._session = ort.InferenceSession(
                str(path), options, providers=providers, disabled_optimizers=SLOWER_FUSIONS
            )
        except Exception as error:  # ONNX Runtime's exceptions have no common base but Exception
            raise BundleInvalid(f"{path} cannot be loaded by ONNX Runtime {ort.__version__}: {error}") from error
        if provider != "cpu" and len(self._session.get_providers()) < 2:  # ONNX Runtime goes on with the CPU alone
            raise InvalidSetting(f"HINDI_STT_PROVIDER={provider}: ONNX Runtime could not start it on this machine.")
        self._check_signature(str(path))

    def _check_signature(self, path: str) -> None:
        spec = self._spec
        inputs = {x.name: x for x in self._session.get_inputs()}
        outputs = {x.name: x for x in self._session.get_outputs()}
        for name, have, rank in (
            (spec.features_input, inputs, 3),
            (spec.length_input, inputs, 1),
            (spec.log_probs_output, outputs, 3),
        ):
            if name not in have:
                raise BundleInvalid(f"{path} has no input or output named {name!r}; it has {sorted(have)}.")
            if len(have[name].shape) != rank:
                raise BundleInvalid(f"{path}: {name!r} has rank {len(have[name].shape)}, expected {rank}.")
        for name, dimension, expected in (
            (spec.features_input, inputs[spec.features_input].shape[1], self._n_mels),
            (spec.log_probs_output, outputs[spec.log_probs_output].shape[2], spec.n_classes),
        ):
            if isinstance(dimension, int) and dimension != expected:
                raise BundleInvalid(f"{path}: {name!r} has {dimension} channels or classes, expected {expected}.")

    def groups(self, batch: Sequence[Features]) -> list[list[int]]:
        """Return the clips that go through the model together, as lists of positions in the batch."""
        if self._max_padding is None:
            return [[i] for i in range(len(batch))]
        return group_by_length([clip.n_frames for clip in batch], self._max_padding)

    def __call__(self, batch: Sequence[Features]) -> list[LogProbs | HindiSTTError]:
        """See Acoustic. Clips of similar length are batched while the share of padding is at most `max_padding`."""
        results: list[LogProbs | HindiSTTError] = [InferenceFailed("The clip was not run.")] * len(batch)
        for group in self.groups(batch):
            for i, result in zip(group, self._run_group([batch[i] for i in group]), strict=True):
                results[i] = result
        return results

    def _run_group(self, clips: Sequence[Features]) -> list[LogProbs | HindiSTTError]:
        try:
            return list(self._run(clips))
        except Exception as error:  # ONNX Runtime's exceptions have no common base but Exception
            if len(clips) == 1:
                self._errors.log(error, "%s could not run on a clip of %d frames", self.bundle.tag, clips[0].n_frames)
                return [InferenceFailed(f"The model could not run on this clip: {type(error).__name__}.")]
            return [result for clip in clips for result in self._run_group([clip])]

    def _run(self, clips: Sequence[Features]) -> list[LogProbs | HindiSTTError]:
        lengths = np.array([clip.n_frames for clip in clips], np.int64)
        if len(clips) == 1:
            padded = clips[0].values[None]
        else:
            padded = np.zeros((len(clips), self._n_mels, int(lengths.max())), np.float32)
            for row, clip in zip(padded, clips, strict=True):
                row[:, : clip.n_frames] = clip.values
        inputs = {self._spec.features_input: padded, self._spec.length_input: lengths}
        (output,) = self._session.run([self._spec.log_probs_output], inputs)
        return [self._trim(row, n_frames) for row, n_frames in zip(output, lengths.tolist(), strict=True)]

    def _trim(self, row: Float32, n_frames: int) -> LogProbs | HindiSTTError:
        values = row[: n_output_frames(n_frames, self._spec)]
        if not np.isfinite(values).all():
            return InferenceFailed("The model gave numbers that are not finite for this clip.")
        return LogProbs(values, self.bundle.manifest.frame_shift_s)


def _providers(name: str, threads: int) -> list[str | tuple[str, dict[str, Any]]]:
    """Return ONNX Runtime's `providers`: full float32 everywhere, and the CPU for operators that the provider lacks."""
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
    """Return ONNX Runtime's name of a provider.

    Args:
        name: A provider other than "cpu": "openvino" or "cuda".

    Returns:
        The provider's name in ONNX Runtime, e.g. "CUDAExecutionProvider".

    Raises:
        InvalidSetting: The installed build of ONNX Runtime does not contain it.
    """
    provider, build = _OTHER_PROVIDERS[name]
    if provider not in ort.get_available_providers():
        raise InvalidSetting(f"HINDI_STT_PROVIDER={name} needs another build of ONNX Runtime: {build}.")
    return provider


def weights_bytes(bundle: Bundle) -> int:
    """Return the size of the ONNX file of the default precision: about what one session of it holds in memory."""
    return bundle.path("acoustic", bundle.manifest.default_precision).stat().st_size


def n_output_frames(n_frames: int, spec: AcousticSpec) -> int:
    """Return the number of log-probability frames that come from `n_frames` feature frames.

    NeMo's strided convolutions (nemo.collections.asr.parts.submodules.subsampling) halve the length and round up, once
    per layer, which is the same as rounding up once.

    Args:
        n_frames: Frames of features.
        spec: The acoustic section of the manifest, which holds the subsampling factor.

    Returns:
        Frames of log-probabilities.
    """
    return -(-n_frames // spec.subsampling)


def group_by_length(n_frames: Sequence[int], max_padding: float) -> list[list[int]]:
    """Sort clips by length and cut the sequence so that no group exceeds a share of padding.

    Args:
        n_frames: Length of each clip, in frames of features.
        max_padding: Largest share of padding frames in one group, in [0, 1).

    Returns:
        Groups of positions in `n_frames`, shortest clips first.
    """
    groups: list[list[int]] = []
    total = 0
    for i in sorted(range(len(n_frames)), key=n_frames.__getitem__):
        total += n_frames[i]
        if groups and total >= (1 - max_padding) * n_frames[i] * (len(groups[-1]) + 1):
            groups[-1].append(i)
        else:
            groups.append([i])
            total = n_frames[i]
    return groups


def padding_share(n_frames: Sequence[int]) -> float:
    """Return the share of padding frames, in [0, 1), in one batch of clips of these lengths in frames."""
    return 1 - sum(n_frames) / (max(n_frames) * len(n_frames)) if n_frames else 0.0
