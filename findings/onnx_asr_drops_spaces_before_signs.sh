#!/usr/bin/env bash
# onnx-asr 0.12.0, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6, Python 3.11. The model is a constant of a few kB, which the script makes.
#
# Behaviour: where onnx-asr joins tokens to text, it drops each space that is followed by something else than a letter or digit. That suits
#   models that write a space before a comma, and it is done to all: ₹, $, an opening quotation mark or bracket, a minus sign and + lose the
#   space that the model wrote, so that words grow together ("कीमत₹500", "राम(हँसी)-5") and a word error rate counts them wrong. The tokens
#   of with_timestamps() have their spaces. Arrays have the channels last: of an array of (2, samples), as torchaudio returns it,
#   channel=0 and channel="mean" take two samples, and the transcript is empty, without an error.
# Wrong guess: "▁" in a token becomes a space in the text, as in SentencePiece; and the longer side of an array is its time.
# Seen: "कीमत ₹500 है। -> कीमत₹500 है।", "उसने “नमस्ते” कहा -> उसने“नमस्ते” कहा", "राम (हँसी) -5 डिग्री -> राम(हँसी)-5 डिग्री",
#   "it costs $5 -> it costs$5"; "(2, 32000), channel=0: ''", "(32000, 2), channel=0: 'it costs$5'".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  onnx-asr==0.12.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnx_asr
from onnx import TensorProto, helper, numpy_helper

warnings.simplefilter("ignore")
STEPS = 40
noise = np.random.default_rng(0).uniform(-0.1, 0.1, 32_000).astype(np.float32)


def recogniser(folder, tokens):
    """A CTC model that hears the tokens in whatever it is given, if that is long enough."""
    folder.mkdir()
    classes = [*sorted(set(tokens)), "<blk>"]
    lines = [f"{token} {number}\n" for number, token in enumerate(classes)]
    (folder / "vocab.txt").write_text("".join(lines), encoding="utf-8")
    config = {"model_type": "nemo-conformer-ctc", "features_size": 80, "subsampling_factor": 8}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    scores = np.full((1, STEPS, len(classes)), -20, np.float32)
    heard = ["<blk>"] * STEPS
    heard[1 : 2 * len(tokens) : 2] = tokens
    for step, token in enumerate(heard):
        scores[0, step, classes.index(token)] = 0
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


expected = {
    "कीमत ₹500 है।": "कीमत₹500 है।",
    "उसने “नमस्ते” कहा": "उसने“नमस्ते” कहा",
    "राम (हँसी) -5 डिग्री": "राम(हँसी)-5 डिग्री",
    "it costs $5": "it costs$5",
}
as_expected = True
for number, (said, text) in enumerate(expected.items()):
    model = recogniser(Path(sys.argv[1], f"model{number}"), [f"▁{word}" for word in said.split()])
    found = model.recognize(noise)
    tokens = model.with_timestamps().recognize(noise).tokens
    print(f"{said} -> {found}   tokens joined: {''.join(tokens).strip()}")
    as_expected &= found == text and "".join(tokens).strip() == said

for samples, transcript in ((np.stack([noise, noise]), ""), (np.stack([noise, noise], axis=1), text)):
    for channel in (0, "mean"):
        found = model.recognize(samples, channel=channel)
        print(f"{samples.shape}, channel={channel!r}: {found!r}")
        as_expected &= found == transcript
sys.exit(not as_expected)
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" "$work/run.py" "$work"
