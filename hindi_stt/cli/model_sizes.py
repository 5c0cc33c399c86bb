"""Speed and memory of models by size, as measured for docs/capacity.md, or on the user's own machine."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hindi_stt.bundle.forms import OPENVINO
from hindi_stt.errors import InvalidRequest
from hindi_stt.settings import get_settings

__all__ = ["MACHINE", "MEASURED", "MeasuredModel", "read_measured"]


@dataclass(frozen=True, slots=True)
class MeasuredModel:
    """What was measured of a model in one form.

    Attributes:
        name: Of the model.
        form: Runtime and precision.
        rate: Hours of audio per hour of one core, from a file to its text.
        load_s: Seconds to check the files and to load the model.
        server_mb: Megabytes of memory of a server with one API worker on two cores.
    """

    name: str
    form: str
    rate: float
    load_s: float
    server_mb: float


MACHINE: Final = "one core of an AMD EPYC with AVX-512, VNNI and bfloat16"
MEASURED: Final = (
    MeasuredModel("30 M", "onnxruntime-fp32", 67.7, 0.7, 777),
    MeasuredModel("30 M", "onnxruntime-int8", 128.8, 0.4, 624),
    MeasuredModel("30 M", "openvino-bf16", 92.4, 1.8, 1246),
    MeasuredModel("115 M", "onnxruntime-fp32", 22.2, 0.8, 1577),
    MeasuredModel("115 M", "onnxruntime-int8", 63.9, 0.8, 899),
    MeasuredModel("115 M", "openvino-bf16", 36.4, 2.4, 2955),
    MeasuredModel("600 M", "onnxruntime-int8", 37.2, 1.7, 1109),
)
# What a server of one API worker has besides its copies of the model, in megabytes: its other processes, and room for
# two clips at a time. 270 to 450 for the models above.
_SERVER_MB: Final = 500.0


def read_measured(file: Path) -> tuple[MeasuredModel, ...]:
    """Read what `hindi-stt evaluate --models … --json FILE` measured.

    Args:
        file: Its JSON file.

    Returns:
        The models, in its order.

    Raises:
        InvalidRequest: It is no such file.
    """
    try:
        models = json.loads(file.read_text(encoding="utf-8"))["models"]
        return tuple(_model(model) for model in models)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidRequest(
            f"{file} was not written by 'hindi-stt evaluate --models … --json FILE': {error}."
        ) from error


def _model(found: dict[str, Any]) -> MeasuredModel:
    names = ("times_real_time", "load_s", "weights_bytes", "peak_memory_bytes")
    rate, load_s, weights_bytes, peak_bytes = (float(found[name]) for name in names)
    if not (rate > 0 and math.isfinite(rate + load_s + weights_bytes + peak_bytes)):
        raise ValueError("a figure is not above 0, or not finite")
    form = str(found["form"])
    copy_bytes = 0.0
    if weights_bytes <= get_settings().second_session_mb * 2**20:
        copy_bytes = peak_bytes if form.startswith(OPENVINO) else weights_bytes  # OpenVINO keeps more than the weights
    return MeasuredModel(str(found["model"]), form, rate, load_s, (peak_bytes + copy_bytes) / 1e6 + _SERVER_MB)
