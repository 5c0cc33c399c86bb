#!/usr/bin/env bash
# prism-media 1.3.5 (npm), Node 20; files by soundfile 0.14.0 and mutagen 1.48.1, Python 3.11.
#
# Behaviour: prism-media's OggDemuxer waits for more data at the first page whose last packet goes on in the next page, and takes that
#   for no progress at each further piece: an Ogg Opus file whose comments are longer than a page, as with a cover picture, gives no
#   packet at all, and the stream ends as if the recording were empty, without an error. Of two joined recordings it gives the first
#   only, without an error, as their stream numbers differ; where those are the same, the headers of the second come as a packet of audio.
# Wrong guess: packets over the border of a page are put together as RFC 3533 says, and joined files are both read or an error.
# Seen: "recording: 51 packets", "with a picture of 100 kB: 0 packets", "joined with another: 51 packets", "joined with itself:
#   103 packets, and 1 header among them".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.4.0 mutagen==1.48.1
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" prism-media@1.3.5
cat > make.py <<'PY'
import shutil

import numpy as np
import soundfile
from mutagen.oggopus import OggOpus

for name, pitch in (("one", 300), ("two", 500)):
    tone = 0.3 * np.sin(2 * np.pi * pitch * np.arange(16000) / 16000)
    soundfile.write(f"{name}.ogg", tone, 16000, format="OGG", subtype="OPUS")
shutil.copy("one.ogg", "picture.ogg")
tags = OggOpus("picture.ogg")
tags["metadata_block_picture"] = ["A" * 100_000]
tags.save()
assert len(soundfile.read("picture.ogg")[0]) == len(soundfile.read("one.ogg")[0]) == 16000
PY
OMP_NUM_THREADS=1 venv/bin/python make.py
cat one.ogg two.ogg > joined.ogg
cat one.ogg one.ogg > itself.ogg
cat > run.js <<'JS'
const fs = require("node:fs");
const { opus } = require("prism-media");

async function main() {
  let asExpected = true;
  for (const [name, file, expected] of [
    ["recording", "one.ogg", "51 packets"],
    ["with a picture of 100 kB", "picture.ogg", "0 packets"],
    ["joined with another", "joined.ogg", "51 packets"],
    ["joined with itself", "itself.ogg", "103 packets, and 1 header among them"],
  ]) {
    let packets = 0;
    let headers = 0;
    for await (const packet of fs.createReadStream(file).pipe(new opus.OggDemuxer())) {
      packets += 1;
      headers += packet.subarray(0, 8).toString() === "OpusHead" ? 1 : 0;
    }
    const found = `${packets} packets${headers ? `, and ${headers} header among them` : ""}`;
    console.log(`${name}: ${found}`);
    asExpected &&= found === expected;
  }
  process.exit(asExpected ? 0 : 1);
}

main();
JS
node run.js
