"""What the comparisons with NeMo share: real clips of many lengths, and the embedded model as NeMo's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.types import Waveform

if TYPE_CHECKING:
    from nemo.collections.asr.models import EncDecCTCModel

SECONDS = [
    1.0,
    1.337,
    2.0,
    2.5,
    3.21,
    4.0,
    5.0,
    6.05,
    7.0,
    8.0,
    9.0,
    10.0,
    11.11,
    12.0,
    13.0,
    14.5,
    16.0,
    17.0,
    18.7,
    20.0,
]


@pytest.fixture(scope="session")
def clips(speech: Path) -> list[Waveform]:
    """Twenty stretches of 1 to 20 s from real clips, joined one after the other and cut."""
    limits = AudioLimits(60, 0.1, 8)
    paths = sorted(speech.glob("*.flac"))
    joined = np.concatenate([decode(path, 16_000, limits).samples for path in paths[::3]])
    ends = np.cumsum(np.array(SECONDS) * 16_000).astype(int)
    assert ends[-1] <= len(joined)
    return [Waveform(part, 16_000, 16_000) for part in np.split(joined, ends)[:-1]]


@pytest.fixture(scope="session")
def nemo_model(bundle: Bundle) -> EncDecCTCModel:
    """The embedded bundle as a NeMo model again, with NeMo's code and its weights."""
    from omegaconf import OmegaConf, open_dict

    from hindi_stt.export.rebuild import rebuild

    model = rebuild(bundle.folder)
    with open_dict(model.cfg):  # `transcribe` looks for these in the training configuration
        model.cfg.validation_ds = OmegaConf.create({"use_start_end_token": False, "sample_rate": 16_000})
    return model
