#!/usr/bin/env bash
# onnxruntime-extensions 0.15.2, onnxruntime 1.32.0, onnx 1.23.2, soundfile 0.14.0, numpy 2.4.6, Python 3.11.
#
# Behaviour: the operator AudioDecoder, with which Whisper models are given whole files, is set to stereo_to_mono=1 and downsampling_rate=16000
#   there. From 48 kHz it leaves a tone of 9 kHz at 7 kHz, at half its level. stereo_to_mono averages pairs of samples as they
#   lie in the file: of four channels it makes twice as many samples, one from channels 1 and 2, one from 3 and 4; of three, half as many
#   again, and neighbours in time are mixed. Nothing is raised for that, but telephone audio of 8 kHz is refused: only down-sampling is
#   supported. Without stereo_to_mono a stereo file is its interleaved samples, twice as long, which are then resampled as one channel.
# Wrong guess: a decoder that lowers the rate filters what does not fit below half of it, and one to mono averages channels, or refuses more than two.
# Seen: "9000 Hz from 48 kHz: 7000 Hz at 0.48 of its level", "1 channel: 16000 samples", "2 channels: 16000", "3 channels: 24000", "4 channels: 32000",
#   "8 kHz: only down-sampling supported", "stereo as it is: 32000".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  onnxruntime-extensions==0.15.2 onnxruntime==1.32.0 onnx==1.23.2 soundfile==0.14.0 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import io
import sys

import numpy as np
import onnxruntime
import soundfile
from onnx import TensorProto, helper
from onnxruntime_extensions import get_library_path

onnxruntime.set_default_logger_severity(4)


def decoder(**attributes):
    node = helper.make_node("AudioDecoder", ["file", "format"], ["samples"], domain="ai.onnx.contrib", **attributes)
    graph = helper.make_graph(
        [node],
        "decoder",
        [
            helper.make_tensor_value_info("file", TensorProto.UINT8, ["bytes"]),
            helper.make_tensor_value_info("format", TensorProto.STRING, [1]),
        ],
        [helper.make_tensor_value_info("samples", TensorProto.FLOAT, [1, "samples"])],
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.contrib", 1)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.register_custom_ops_library(get_library_path())
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def decode(samples, rate):
        target = io.BytesIO()
        soundfile.write(target, samples, rate, format="WAV", subtype="PCM_16")
        content = np.frombuffer(target.getvalue(), np.uint8)
        return session.run(None, {"file": content, "format": np.array([""])})[0][0]

    return decode


def tone(frequency, rate):
    return 0.3 * np.sin(2 * np.pi * frequency * np.arange(rate) / rate)


whisper = decoder(stereo_to_mono=1, downsampling_rate=16_000)
found = whisper(tone(9_000, 48_000), 48_000)
level = float(np.abs(found[300:-300]).max() / 0.3)
heard = round(float(np.argmax(np.abs(np.fft.rfft(found))) * 16_000 / len(found)))
print(f"9000 Hz from 48 kHz: {heard} Hz at {level:.2f} of its level")
as_expected = heard == 7_000 and 0.4 < level < 0.55

lengths = []
for channels in (1, 2, 3, 4):
    lengths.append(len(whisper(np.stack([tone(440, 16_000)] * channels, axis=1), 16_000)))
    print(f"{channels} channel{'s' * (channels > 1)}: {lengths[-1]} samples")
steady = whisper(np.full((16_000, 4), [0.1, 0.3, -0.2, -0.4]), 16_000)
print("0.1, 0.3, -0.2 and -0.4 in four channels:", np.round(steady[:4], 2))
as_expected &= lengths == [16_000, 16_000, 24_000, 32_000] and np.allclose(steady[:4], [0.2, -0.3, 0.2, -0.3], atol=1e-3)

try:
    whisper(tone(440, 8_000), 8_000)
except Exception as error:
    print("8 kHz:", str(error).rpartition(": ")[2])
    as_expected &= "only down-sampling supported" in str(error)
else:
    as_expected = False
plain = len(decoder()(np.stack([tone(440, 16_000)] * 2, axis=1), 16_000))
print("stereo as it is:", plain)
sys.exit(not (as_expected and plain == 32_000))
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" "$work/run.py"
