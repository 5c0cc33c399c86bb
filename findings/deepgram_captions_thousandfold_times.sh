#!/usr/bin/env bash
# deepgram-captions 2.0.0 (PyPI), @deepgram/captions 1.2.0 (npm), assemblyai 1.8.2 (for the form of its words), Python 3.11, Node 20.
#
# Behaviour: AssemblyAI gives the times of words in milliseconds, and the AssemblyAI converters of both packages take them for seconds: a word at
#   0.5 s is captioned at 8 min 20 s. Hours begin again at 0 after 24, which these times reach after 86 s of audio, so that a cue across
#   that point ends before it begins. Words without a speaker are <v Speaker None>, in JavaScript null. Of Deepgram's answer for the two
#   channels of a call (multichannel, without utterances) only the first is captioned, under a note that says "Channels: 2"; where that
#   side said nothing, the error says that no transcript was found. The same error comes for a diarised transcript whose first word
#   is of another speaker than 0. In JavaScript each of these errors is a TypeError.
# Wrong guess: a package with a converter for a service keeps its times, captions of a call hold both sides, and any speaker may begin.
# Seen: "Python, AssemblyAI, 0.5 s to 1.0 s: 00:08:20,000 --> 00:16:40,000", "AssemblyAI, 80 s to 90 s: 22:13:20,000 --> 01:00:00,000",
#   "Python, Deepgram, first speaker 1: EmptyTranscriptException".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check deepgram-captions==2.0.0 assemblyai==1.8.2
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" @deepgram/captions@1.2.0 dayjs@1.11.23
cat > captions.mjs <<'JS'
import fs from "node:fs";
import { AssemblyAiConverter, DeepgramConverter, srt, webvtt } from "@deepgram/captions";

const results = JSON.parse(fs.readFileSync(0, "utf8")).map(([service, answer]) => {
  const converter = service === "AssemblyAI" ? new AssemblyAiConverter(answer) : new DeepgramConverter(answer);
  return [srt, webvtt].map((write) => {
    try {
      return write(converter);
    } catch (error) {
      return error.name;
    }
  });
});
console.log(JSON.stringify(results));
JS
cat > run.py <<'PY'
import json
import subprocess
import sys

import assemblyai
from deepgram_captions import AssemblyAIConverter, DeepgramConverter, srt, webvtt


def word(text, start, end, **more):
    return {"word": text, "punctuated_word": text, "start": start, "end": end, "confidence": 0.9, **more}


def deepgram(*channels):
    """Deepgram's answer with these words of each channel."""
    alternatives = [{"transcript": " ".join(one["word"] for one in words), "words": list(words)} for words in channels]
    return {"metadata": {"channels": len(channels)}, "results": {"channels": [{"alternatives": [one]} for one in alternatives]}}


def assembly(*times):
    """AssemblyAI's answer with one word from and to each of these milliseconds, as its own client writes it."""
    words = [assemblyai.types.Word(text="हाँ", start=start, end=end, confidence=0.9) for start, end in times]
    return {"id": "1", "text": "हाँ", "words": [json.loads(one.json()) for one in words], "utterances": None}


ANSWERS = {
    "AssemblyAI, 0.5 s to 1.0 s": ("AssemblyAI", assembly((500, 1000))),
    "AssemblyAI, 80 s to 90 s": ("AssemblyAI", assembly((80_000, 90_000))),
    "Deepgram, two channels": ("Deepgram", deepgram([word("नमस्ते", 0.5, 1.0)], [word("धन्यवाद", 1.5, 2.0)])),
    "Deepgram, silent first channel": ("Deepgram", deepgram([], [word("धन्यवाद", 1.5, 2.0)])),
    "Deepgram, first speaker 0": ("Deepgram", deepgram([word("नमस्ते", 0.5, 1.0, speaker=0)])),
    "Deepgram, first speaker 1": ("Deepgram", deepgram([word("नमस्ते", 0.5, 1.0, speaker=1)])),
}


def written(service, answer):
    converter = (AssemblyAIConverter if service == "AssemblyAI" else DeepgramConverter)(answer)
    texts = []
    for write in (srt, webvtt):
        try:
            texts.append(write(converter))
        except Exception as error:
            texts.append(type(error).__name__)
    return texts


in_python = [written(*answer) for answer in ANSWERS.values()]
answer = subprocess.run(
    ["node", "captions.mjs"], input=json.dumps(list(ANSWERS.values())), capture_output=True, check=True, text=True, encoding="utf-8"
)
as_expected = "milliseconds" in assemblyai.types.SyncWord.__doc__
for language, found, error, nobody in (
    ("Python", in_python, "EmptyTranscriptException", "None"),
    ("JavaScript", json.loads(answer.stdout), "TypeError", "null"),
):
    for name, (subrip, web) in zip(ANSWERS, found, strict=True):
        print(f"{language}, {name}: {' | '.join(subrip.splitlines()[1:]) or subrip}")
    early, late, both, silent, zero, one = found
    print(f"{language}, WebVTT of two channels: {' | '.join(line for line in both[1].splitlines() if line)}")
    as_expected &= (
        "00:08:20,000 --> 00:16:40,000" in early[0]
        and f"<v Speaker {nobody}>हाँ" in early[1]
        and "22:13:20,000 --> 01:00:00,000" in late[0]
        and "Channels: 2" in both[1]
        and "नमस्ते" in both[1]
        and "धन्यवाद" not in both[1] + both[0]
        and silent == [error, error] == one
        and "<v Speaker 0>नमस्ते" in zero[1]
    )
sys.exit(not as_expected)
PY
PYTHONUTF8=1 venv/bin/python -W ignore run.py
