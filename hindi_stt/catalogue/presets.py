"""Feature parameters of published models whose files do not tell them.

Source: NeMo's defaults of AudioToMelSpectrogramPreprocessor as its Conformer and FastConformer recipes use them
(examples/asr/conf/conformer, examples/asr/conf/fastconformer).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from hindi_stt.bundle.manifest import FeatureSpec
from hindi_stt.errors import FeaturesUnknown, InvalidRequest

__all__ = ["FEATURES_FILE", "PRESETS", "get_preset", "parse_features", "read_features"]

# A file beside a model with the fields of FeatureSpec as JSON.
FEATURES_FILE: Final = "features.json"


def _nemo(
    n_mels: int, pad_mode: Literal["reflect", "constant"], frames: Literal["floor", "floor_plus_one"]
) -> FeatureSpec:
    return FeatureSpec(
        sample_rate=16_000,
        window_samples=400,
        hop_samples=160,
        n_fft=512,
        preemphasis=0.97,
        n_mels=n_mels,
        log_zero_guard=2**-24,
        deviation_epsilon=1e-5,
        stft_pad_mode=pad_mode,
        valid_frames=frames,
    )


# NeMo computes features in another form from 2.5.0 on; a model wants the form that it was trained with.
PRESETS: Final[dict[str, FeatureSpec]] = {
    "nemo-80-mel": _nemo(80, "reflect", "floor_plus_one"),
    "nemo-80-mel-2.5": _nemo(80, "constant", "floor"),
    "nemo-128-mel": _nemo(128, "reflect", "floor_plus_one"),
    "nemo-128-mel-2.5": _nemo(128, "constant", "floor"),
}


def get_preset(name: str) -> FeatureSpec:
    """Return the feature parameters of a preset.

    Args:
        name: One of `PRESETS`.

    Returns:
        The parameters.

    Raises:
        InvalidRequest: There is no such preset.
    """
    if name not in PRESETS:
        raise InvalidRequest(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.")
    return PRESETS[name]


def read_features(file: Path) -> FeatureSpec:
    """Read feature parameters from a file.

    Args:
        file: JSON with the fields of FeatureSpec.

    Returns:
        The parameters.

    Raises:
        FeaturesUnknown: The file cannot be read, or a field is missing or wrong.
    """
    try:
        return parse_features(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise FeaturesUnknown(f"{file} cannot be read: {error}.") from error


def parse_features(text: str, where: str) -> FeatureSpec:
    """Parse feature parameters.

    Args:
        text: JSON with the fields of FeatureSpec.
        where: Where it was found, for the error.

    Returns:
        The parameters.

    Raises:
        FeaturesUnknown: A field is missing or wrong.
    """
    try:
        return FeatureSpec.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the text"
        raise FeaturesUnknown(f"{where}: {field}: {first['msg']}.") from error
