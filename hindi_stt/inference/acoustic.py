"""Features → LogProbs by a model in this process: batches, padding and errors, whichever runtime computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from hindi_stt.bundle.forms import ONNX_RUNTIME, Form, form_files
from hindi_stt.bundle.manifest import AcousticSpec, Bundle
from hindi_stt.errors import BundleInvalid, HindiSTTError, InferenceFailed
from hindi_stt.inference.backend import open_backend
from hindi_stt.observability.repeated_errors import RepeatedErrors
from hindi_stt.types import Features, Float32, LogProbs

__all__ = ["Acoustic", "LocalAcoustic", "group_by_length", "padding_share", "weights_bytes"]

# In any other precision, neighbours change a clip's numbers: dynamic quantisation takes one scale over a whole padded
# batch, and in bfloat16 sums over more frames round differently.
_BATCHABLE_PRECISIONS: Final = frozenset({"fp32"})


class Acoustic(Protocol):
    """What decoding needs of an acoustic model: features in, log-probabilities out."""

    def __call__(self, batch: Sequence[Features]) -> list[LogProbs | HindiSTTError]:
        """Compute the log-probabilities of each clip.

        Args:
            batch: Features of the clips, each float32 [channels, frames].

        Returns:
            Per clip, in the order of the batch: float32 log-probabilities [output frames, classes], or the error that
            this clip caused. A clip that fails does not affect the others.
        """
        ...


class LocalAcoustic:
    """The acoustic model of a bundle, run in this process by the runtime of its form. Thread-safe.

    Args:
        bundle: The model.
        threads: Threads of one run.
        precision: Name of the ONNX file that ONNX Runtime runs instead of the bundle's form.
        form: Runtime and precision instead of the bundle's.
        max_padding: Most padding in one run, as a share of its frames. Only fp32 is batched, unless the manifest says
            that it must not be.
        provider: Of ONNX Runtime, what runs the graph: cpu, openvino or cuda.

    Attributes:
        bundle: As given.
        form: Runtime and precision that run.

    Raises:
        BundleInvalid: The model's file does not fit the manifest, or the bundle has no such form.
        InvalidSetting: The runtime or the provider is not there.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int,
        precision: str | None = None,
        form: Form | None = None,
        max_padding: float = 0.15,
        provider: str = "cpu",
    ) -> None:
        self.bundle = bundle
        self.form = form or (Form(ONNX_RUNTIME, precision) if precision else bundle.form)
        self._errors = RepeatedErrors()
        self._spec = bundle.manifest.acoustic
        self._n_channels = bundle.manifest.features.n_channels
        batched = self._spec.batched and self.precision in _BATCHABLE_PRECISIONS
        self._max_padding = max_padding if batched else None
        self._backend = open_backend(bundle, self.form, threads=threads, provider=provider)
        self._check_signature(f"{bundle.tag} ({self.form})")

    @property
    def precision(self) -> str:
        """The precision that runs."""
        return self.form.precision

    def _check_signature(self, model: str) -> None:
        spec = self._spec
        inputs, outputs = self._backend.inputs, self._backend.outputs
        for name, have, rank in (
            (spec.features_input, inputs, 3),
            (spec.length_input, inputs, 1),
            (spec.log_probs_output, outputs, 3),
        ):
            if name not in have:
                raise BundleInvalid(f"{model} has no input or output named {name!r}; it has {sorted(have)}.")
            if len(have[name]) != rank:
                raise BundleInvalid(f"{model}: {name!r} has rank {len(have[name])}, expected {rank}.")
        for name, dimension, expected in (
            (spec.features_input, inputs[spec.features_input][1], self._n_channels),
            (spec.log_probs_output, outputs[spec.log_probs_output][2], spec.n_classes),
        ):
            if dimension is not None and dimension != expected:
                raise BundleInvalid(f"{model}: {name!r} has {dimension} channels or classes, expected {expected}.")

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
        most = self._spec.max_frames
        if most is not None and max(clip.n_frames for clip in clips) > most:
            if len(clips) == 1:
                longest_s = self.bundle.manifest.max_clip_s
                return [InferenceFailed(f"The model takes clips of up to {longest_s:.0f} s, and this one is longer.")]
            return [result for clip in clips for result in self._run_group([clip])]
        try:
            return list(self._run(clips))
        except Exception as error:  # a runtime's exceptions have no common base but Exception
            if len(clips) == 1:
                self._errors.log(error, "%s could not run on a clip of %d frames", self.bundle.tag, clips[0].n_frames)
                return [InferenceFailed(f"The model could not run on this clip: {type(error).__name__}.")]
            return [result for clip in clips for result in self._run_group([clip])]

    def _run(self, clips: Sequence[Features]) -> list[LogProbs | HindiSTTError]:
        lengths = np.array([clip.n_frames for clip in clips], np.int64)
        if len(clips) == 1:
            padded = clips[0].values[None]
        else:
            padded = np.zeros((len(clips), self._n_channels, int(lengths.max())), np.float32)
            for row, clip in zip(padded, clips, strict=True):
                row[:, : clip.n_frames] = clip.values
        output = self._backend.run(padded, lengths)
        return [self._trim(row, clip) for row, clip in zip(output, clips, strict=True)]

    def _trim(self, row: Float32, clip: Features) -> LogProbs | HindiSTTError:
        values = row[: n_output_frames(clip.n_frames, self._spec)]
        # OpenVINO's ReLU makes zeros of what is not a number, so that its answer alone would not tell.
        if not (np.isfinite(values).all() and np.isfinite(clip.values).all()):
            return InferenceFailed("The model gave numbers that are not finite for this clip.")
        return LogProbs(values, self.bundle.manifest.frame_shift_s)


def weights_bytes(bundle: Bundle) -> int:
    """Size of the files of the form that runs unless told otherwise: about what a model of it holds in memory."""
    return sum(path.stat().st_size for path in form_files(bundle, bundle.form))


def n_output_frames(n_frames: int, spec: AcousticSpec) -> int:
    """Return the number of log-probability frames that come from `n_frames` feature frames.

    NeMo's strided convolutions (nemo.collections.asr.parts.submodules.subsampling) halve the length and round up, once
    per layer, which is the same as rounding up once. Convolutions without padding, as in Wav2Vec2, give
    floor((frames - kernel) / stride) + 1 each.

    Args:
        n_frames: Frames of features.
        spec: The acoustic section of the manifest.

    Returns:
        Frames of log-probabilities.
    """
    if not spec.convolutions:
        return -(-n_frames // spec.subsampling)
    for kernel, stride in spec.convolutions:
        n_frames = (n_frames - kernel) // stride + 1
    return max(0, n_frames)


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
