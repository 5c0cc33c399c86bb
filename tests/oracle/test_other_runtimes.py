"""The same ONNX file and tokens in onnx-asr and sherpa-onnx, on synthesised speech.

onnx-asr computes NeMo's features up to rounding: a text may differ where two classes are all but equally likely.
sherpa-onnx computes Kaldi's: its frames lie half a hop later, the last ones are mirrored instead of zero, silence has
another floor. So its text differs in places, and what is bounded is how much worse it gets.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.evaluation.metrics import error_rate
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed"),
]

SENTENCES = (
    "आज सुबह बाज़ार में बहुत भीड़ थी", "कृपया फ़ाइल को सहेजें और फिर बंद करें", "मुझे कल दिल्ली जाना है",
    "बच्चे मैदान में खेल रहे हैं", "इस पृष्ठ पर सामग्री जोड़ें", "आपका नाम क्या है", "पानी गरम करो और चाय बनाओ",
    "नई पंक्ति डालने के लिए यहाँ क्लिक करें", "मेरे भाई की शादी अगले महीने है", "दस्तावेज़ में तालिका जोड़ें",
    "यह किताब बहुत अच्छी है", "रेलगाड़ी समय पर नहीं आई", "चयनित पाठ का रंग बदलें", "हमारे गाँव में एक नदी बहती है",
    "दरवाज़ा बंद कर दो", "खोज और प्रतिस्थापन संवाद खोलें", "शाम को बारिश हो सकती है", "डॉक्टर ने दवा लिख दी",
    "मान को सूची में जोड़ें", "वह रोज़ दफ़्तर जाता है",
)  # fmt: skip
VOICES = ("hi", "hi+m3", "hi+f2")
ALLOWED_CER = 0.03


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("speech")
    files = []
    for voice in VOICES:
        for i, sentence in enumerate(SENTENCES):
            files.append(folder / f"{voice}-{i}.wav")
            subprocess.run(["espeak-ng", "-v", voice, "-s", "140", "-w", str(files[-1]), sentence], check=True)
    return files


@pytest.fixture(scope="module")
def samples(clips: list[Path]) -> list[np.ndarray]:
    return [decode(clip, 16000, AudioLimits(60, 0.1, 1)).samples for clip in clips]


@pytest.fixture(scope="module")
def texts(clips: list[Path], bundle: Bundle, pipeline: Pipeline) -> list[str]:
    acoustic = LocalAcoustic(bundle, threads=1, precision="fp32")
    greedy = pipeline.options({"decoder": "greedy"})  # as theirs
    return [pipeline.transcribe(clip, acoustic, greedy).text for clip in clips]


def test_onnx_asr(bundle: Bundle, samples: list[np.ndarray], texts: list[str], tmp_path: Path) -> None:
    import onnx_asr

    shutil.copy(bundle.path("acoustic", "fp32"), tmp_path / "model.onnx")
    shutil.copy(bundle.path("tokens"), tmp_path / "vocab.txt")
    shutil.copy(bundle.path("runtime_config"), tmp_path / "config.json")
    model = onnx_asr.load_model("nemo-conformer-ctc", tmp_path, providers=["CPUExecutionProvider"])
    found = [" ".join(model.recognize(clip, sample_rate=16000).split()) for clip in samples]
    assert np.mean([a == b for a, b in zip(found, texts, strict=True)]) >= 0.95


def test_sherpa_onnx(bundle: Bundle, samples: list[np.ndarray], texts: list[str]) -> None:
    import onnx
    import sherpa_onnx

    metadata = {entry.key for entry in onnx.load(bundle.path("acoustic", "fp32")).metadata_props}
    assert metadata >= {"vocab_size", "subsampling_factor", "normalize_type"}  # without them it ends the process
    recogniser = sherpa_onnx.OfflineRecognizer.from_nemo_ctc(
        model=str(bundle.path("acoustic", "fp32")), tokens=str(bundle.path("tokens")), num_threads=1
    )
    found = []
    for clip in samples:
        stream = recogniser.create_stream()
        stream.accept_waveform(16000, clip)
        recogniser.decode_stream(stream)
        found.append(stream.result.text)
    references = list(SENTENCES) * len(VOICES)
    ours, theirs = error_rate(references, texts, "normalised"), error_rate(references, found, "normalised")
    assert theirs.cer - ours.cer <= ALLOWED_CER
