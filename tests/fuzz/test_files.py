"""Files that come from outside: bundles, NeMo's archives and configurations, language models, manifests."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.decoding.arpa import read_arpa
from hindi_stt.decoding.ngram import read_ngrams, write_ngrams
from hindi_stt.errors import HindiSTTError
from hindi_stt.evaluation.manifest import read_manifest
from hindi_stt.export.archive import unpack
from hindi_stt.export.config import read_config
from tests.export.archives import CONFIG, good_files, write_tar
from tests.fuzz.mutations import bytes_of, json_of, press, text_of

pytestmark = pytest.mark.fuzz

ARPA = """\\data\\
ngram 1=5
ngram 2=4
ngram 3=2

\\1-grams:
-1.2\t<unk>\t0
0\t<s>\t-0.5
-0.9\t</s>\t0
-0.7\tआज\t-0.3
-0.8\tबारिश\t-0.2

\\2-grams:
-0.4\t<s> आज\t-0.1
-0.5\tआज बारिश\t-0.1
-0.6\tबारिश </s>
-0.9\tआज </s>

\\3-grams:
-0.2\t<s> आज बारिश
-0.3\tआज बारिश </s>

\\end\\
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A bundle whose models are links, so that a case costs no megabytes."""
    for file in EMBEDDED.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "bundle.json").unlink()
    return tmp_path


def test_bundle_manifests(copied: Path) -> None:
    good = (EMBEDDED / "bundle.json").read_bytes()

    def case(rng: random.Random) -> None:
        spoilt = bytes_of(good, rng) if rng.random() < 0.3 else json.dumps(json_of(json.loads(good), rng)).encode()
        (copied / "bundle.json").write_bytes(spoilt)
        Bundle.open(copied)

    press("bundle.json", case, HindiSTTError)


@pytest.mark.parametrize("role", ["tokens", "filterbank"])
def test_bundle_assets(copied: Path, role: str) -> None:
    """Checksums that fit, content that does not."""
    manifest = json.loads((EMBEDDED / "bundle.json").read_bytes())
    asset = next(asset for asset in manifest["assets"] if asset["role"] == role)
    good = (EMBEDDED / asset["file"]).read_bytes()

    def case(rng: random.Random) -> None:
        spoilt = bytes_of(good, rng) if role == "filterbank" or rng.random() < 0.5 else text_of(good.decode(), rng)
        (copied / asset["file"]).unlink()
        (copied / asset["file"]).write_bytes(spoilt)
        asset["sha256"] = hashlib.sha256(spoilt).hexdigest()
        (copied / "bundle.json").write_text(json.dumps(manifest))
        Bundle.open(copied)

    press(asset["file"], case, HindiSTTError)


@pytest.mark.parametrize("compressed", [False, True])
def test_nemo_archives(tmp_path: Path, *, compressed: bool) -> None:
    good = write_tar(tmp_path / "good.nemo", good_files()).read_bytes()
    good = gzip.compress(good) if compressed else good
    work = tmp_path / "work"
    work.mkdir()

    def case(rng: random.Random) -> None:
        file = tmp_path / "model.nemo"
        file.write_bytes(bytes_of(good, rng))
        folder = work / str(rng.random())
        try:
            unpack(file, folder, max_bytes=2**22)
        finally:
            assert {path.name for path in tmp_path.iterdir()} == {"good.nemo", "model.nemo", "work"}

    press("archives, compressed" if compressed else "archives", case, HindiSTTError)


def test_nemo_configurations() -> None:
    press("NeMo configurations", lambda rng: read_config(json_of(CONFIG, rng)), HindiSTTError)


def test_arpa_files(tmp_path: Path) -> None:
    file = tmp_path / "lm.arpa"

    def case(rng: random.Random) -> None:
        file.write_bytes(text_of(ARPA, rng))
        model = read_arpa(file)
        assert np.isfinite(model.log10_prob).all()

    press("ARPA files", case, HindiSTTError)


def test_ngram_files(tmp_path: Path) -> None:
    (tmp_path / "lm.arpa").write_text(ARPA, encoding="utf-8")
    good = tmp_path / "good.npz"
    write_ngrams(good, read_arpa(tmp_path / "lm.arpa"))
    file = tmp_path / "lm.npz"

    def case(rng: random.Random) -> None:
        file.write_bytes(bytes_of(good.read_bytes(), rng))
        read_ngrams(file)

    press("n-gram files", case, HindiSTTError)


def test_evaluation_manifests(tmp_path: Path) -> None:
    rows = [{"audio_filepath": f"{i}.wav", "text": "आज बारिश", "duration": 1.5, "domain": "news"} for i in range(3)]
    table = "path\tsentence\tdomain\na.wav\tआज बारिश\tnews\nb.wav\tकल\tnews\n"
    file = tmp_path / "manifest"

    def case(rng: random.Random) -> None:
        lines = "\n".join(json.dumps(json_of(row, rng) if rng.random() < 0.5 else row) for row in rows)
        file.write_bytes(text_of(table if rng.random() < 0.5 else lines, rng))
        read_manifest(file)

    press("manifests", case, HindiSTTError)
