"""From a Wav2Vec2ForCTC model to ONNX, and the model itself as the reference."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from transformers import Wav2Vec2ForCTC

from hindi_stt.errors import CorruptModel, UnsafeArchive
from hindi_stt.export.int8 import quantize_products
from hindi_stt.export.wav2vec2.config import Wav2Vec2Model
from hindi_stt.types import Features, LogProbs

__all__ = ["INPUTS", "OPSET", "OUTPUT", "TransformersAcoustic", "export_onnx", "load_model", "quantize"]

OPSET: Final = 17
INPUTS: Final = ("audio_signal", "length")
OUTPUT: Final = "logprobs"
_DYNAMIC: Final = {"audio_signal": {0: "batch", 2: "samples"}, "length": {0: "batch"}, OUTPUT: {0: "batch", 1: "steps"}}
# For training alone; older checkpoints lack it.
_NOT_NEEDED: Final = {"wav2vec2.masked_spec_embed"}
_EXAMPLE_SAMPLES: Final = (16_000, 12_000)


def load_model(folder: Path, model: Wav2Vec2Model) -> Wav2Vec2ForCTC:
    """Load a model on the CPU in evaluation mode, without running code of its folder.

    Args:
        folder: The model's.
        model: What `read_model` read from it.

    Returns:
        The model of transformers.

    Raises:
        UnsafeArchive: The weights hold code.
        CorruptModel: The weights cannot be read or do not fit the configuration.
    """
    if model.weights.suffix != ".safetensors":
        _refuse_code(model.weights)
    try:
        loaded, info = Wav2Vec2ForCTC.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=model.weights.suffix == ".safetensors",
            weights_only=True,
            attn_implementation="eager",
            output_loading_info=True,
        )
    except Exception as error:  # transformers and safetensors raise many kinds
        raise CorruptModel(f"transformers cannot load {model.weights.name}: {error}") from error
    missing = sorted(set(info["missing_keys"]) - _NOT_NEEDED)
    if missing or info["mismatched_keys"]:
        raise CorruptModel(
            f"The weights do not fit the configuration: {len(missing)} missing ({', '.join(missing[:3])}), "
            f"{len(info['mismatched_keys'])} of another shape."
        )
    for name, value in loaded.state_dict().items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise CorruptModel(f"{name} has values that are not finite.")
    return loaded.float().eval()


def _refuse_code(weights: Path) -> None:
    """Read a pickle without running what it holds; transformers does so, too, but tells no reason when it stops."""
    try:
        torch.load(weights, map_location="meta", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UnsafeArchive(f"{weights.name} holds more than tensors: loading it would run code.") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise CorruptModel(f"{weights.name} cannot be read: {error}") from error


def export_onnx(loaded: Wav2Vec2ForCTC, model: Wav2Vec2Model) -> onnx.ModelProto:
    """Export a model: audio_signal [batch, 1, samples] and length [batch] to logprobs [batch, steps, classes].

    Args:
        loaded: The model of transformers; its weight normalisation is replaced by the weights that it gives.
        model: What `read_model` read.

    Returns:
        The checked float32 model.
    """
    _fold_weight_norm(loaded.wav2vec2.encoder.pos_conv_embed.conv)
    samples = max(_EXAMPLE_SAMPLES)
    example = torch.randn(len(_EXAMPLE_SAMPLES), 1, samples), torch.tensor(_EXAMPLE_SAMPLES)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.onnx")
        torch.onnx.export(
            _Graph(loaded, model).eval(),
            example,
            str(file),
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_axes=_DYNAMIC,
            opset_version=OPSET,
            dynamo=False,
        )
        return onnx.load(str(file))


def _fold_weight_norm(convolution: torch.nn.Module) -> None:
    if hasattr(convolution, "parametrizations"):
        torch.nn.utils.parametrize.remove_parametrizations(convolution, "weight")
    elif hasattr(convolution, "weight_g"):
        torch.nn.utils.remove_weight_norm(convolution)


class _Graph(torch.nn.Module):
    """Samples to log-probabilities, with the mask of frames made inside."""

    def __init__(self, loaded: Wav2Vec2ForCTC, model: Wav2Vec2Model) -> None:
        super().__init__()
        self._loaded, self._model = loaded, model

    def forward(self, audio_signal: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        inner = self._loaded.wav2vec2
        frames = inner.feature_extractor(audio_signal[:, 0]).transpose(1, 2)
        hidden, _ = inner.feature_projection(frames)
        mask = self._mask(length, hidden.shape[1]) if self._model.masked else None
        encoded = inner.encoder(hidden, attention_mask=mask)[0]
        log_probs: torch.Tensor = torch.nn.functional.log_softmax(self._loaded.lm_head(encoded), dim=-1)
        # A graph without a mask has no use for the lengths; as an input that nothing reads they would be lost.
        return log_probs if self._model.masked else log_probs + 0 * length[:, None, None].to(log_probs.dtype)

    def _mask(self, length: torch.Tensor, n_frames: int) -> torch.Tensor:
        for kernel, stride in self._model.convolutions:
            length = torch.div(length - kernel, stride, rounding_mode="floor") + 1
        return torch.arange(n_frames)[None] < length[:, None]


def quantize(model: onnx.ModelProto) -> onnx.ModelProto:
    """Quantise the linear layers dynamically to int8, as `hindi_stt.export.int8` does; the output layer stays float32.

    Args:
        model: The float32 model.

    Returns:
        The int8 model.
    """
    return quantize_products(model, [node.name for node in model.graph.node if "/lm_head/" in node.name])


class TransformersAcoustic:
    """The model in transformers, one clip at a time, without padding or a mask.

    Args:
        loaded: The model of transformers.
        frame_shift_s: Seconds between frames of its log-probs.
    """

    def __init__(self, loaded: Wav2Vec2ForCTC, frame_shift_s: float) -> None:
        self._loaded, self._frame_shift_s = loaded, frame_shift_s

    def run(self, clip: Features) -> LogProbs:
        """Return the log-probs of one clip, float32 [output frames, classes].

        Args:
            clip: Features, float32 [1, samples].

        Returns:
            Log-probabilities.
        """
        with torch.inference_mode():
            logits: Any = self._loaded(torch.from_numpy(np.ascontiguousarray(clip.values))).logits
            log_probs = torch.nn.functional.log_softmax(logits, dim=-1)[0]
        return LogProbs(log_probs.numpy(), self._frame_shift_s)
