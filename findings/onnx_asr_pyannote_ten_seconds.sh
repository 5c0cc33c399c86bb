#!/usr/bin/env bash
# onnx-asr 0.12.0, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6, Python 3.11. In place of pyannote's segmentation model stands one of a few
#   kB with its input, output and frames, which the script makes: it reports one speaker wherever the audio is loud.
#
# Behaviour: onnx-asr's pyannote detector works in windows of 10 s that begin each 5 s. A recording shorter than one window raises ValueError
#   ("window shape cannot be larger than input array shape"), in recognize() of a model with this detector too. Of a recording of exactly
#   10 s, one window, all speech after about 5 s is left out, without an error. From one sample more on, everything is found. In a batch
#   the longest recording decides: beside one of 12 s, the speech in one of 3 s is found; two of 3 s raise the error.
# Wrong guess: a short recording is padded to the window, as the last window of a long one is, and 10 s are the best fit of all.
# Seen: "3 s: ValueError", "9.9 s: ValueError", "10 s: [(0.99, 2.07)]", "10.0000625 s: [(0.99, 2.07), (5.99, 7.09), (7.98, 9.08)]",
#   "3 s beside 12 s: [(0.99, 2.07)]".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  onnx-asr==0.12.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx_asr
from onnx import TensorProto, helper, numpy_helper

RATE = 16000
LOUD = ((1, 2), (6, 7), (8, 9), (11, 11.5))  # seconds
FRAME, STEP = 991, 270  # samples, as in pyannote/segmentation-3.0: 589 frames in 10 s


def detector(folder):
    """A model of seven classes: nobody, three speakers, three pairs of them."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "pyannote"}), encoding="utf-8")
    nobody, somebody = np.full((2, 1, 1, 7), 0.01, np.float32)
    nobody[..., 0] = somebody[..., 1] = 0.94
    constants = {"quiet": np.float32(0.05), "nobody": np.log(nobody), "somebody": np.log(somebody)}
    graph = helper.make_graph(
        [
            helper.make_node("Abs", ["input_values"], ["size"]),
            helper.make_node("AveragePool", ["size"], ["levels"], kernel_shape=[FRAME], strides=[STEP]),
            helper.make_node("Transpose", ["levels"], ["frames"], perm=[0, 2, 1]),
            helper.make_node("Greater", ["frames", "quiet"], ["loud"]),
            helper.make_node("Where", ["loud", "somebody", "nobody"], ["logits"]),
        ],
        "segmentation",
        [helper.make_tensor_value_info("input_values", TensorProto.FLOAT, ["batch", 1, "samples"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "frames", 7])],
        [numpy_helper.from_array(np.array(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, folder / "model.onnx")
    return onnx_asr.load_vad("onnx-community/pyannote-segmentation-3.0", folder, providers=["CPUExecutionProvider"])


def recording(seconds):
    """Noise where it is loud, silence elsewhere."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    for start, end in LOUD:
        part = samples[int(start * RATE) : int(end * RATE)]
        part[:] = np.random.default_rng(0).uniform(-0.5, 0.5, len(part))
    return samples


def segments(*recordings):
    """What the detector finds in a batch, in seconds, or the name of its error."""
    lengths = np.array([len(samples) for samples in recordings])
    batch = np.stack([np.pad(samples, (0, lengths.max() - len(samples))) for samples in recordings])
    try:
        found = [list(one) for one in vad.segment_batch(batch, lengths, RATE)]
    except ValueError as error:
        return [type(error).__name__] * len(recordings)
    return [[(round(start / RATE, 2), round(end / RATE, 2)) for start, end in one] for one in found]


vad = detector(Path(sys.argv[1], "model"))
found = {}
for seconds in (3, 9.9, 10, 10 + 1 / RATE, 12, 15):
    (found[seconds],) = segments(recording(seconds))
    print(f"{seconds:.9g} s: {found[seconds]}")
pair = segments(recording(3), recording(12))
print(f"3 s beside 12 s: {pair[0]}")
both = segments(recording(3), recording(3))
print(f"3 s beside 3 s: {both[0]}")
loud = {seconds: sum(start < seconds for start, _ in LOUD) for seconds in found}
sys.exit(
    not (
        found[3] == found[9.9] == both[0] == "ValueError"
        and len(found[10]) == 1
        and found[10][0][1] < 3
        and all(len(found[seconds]) == loud[seconds] for seconds in found if seconds > 10)
        and pair == [found[10], found[12]]
    )
)
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" "$work/run.py" "$work"
