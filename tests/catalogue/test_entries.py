"""The catalogue of published models: what is in it, and a further file of one's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hindi_stt.catalogue.entries import find_entry, read_catalogue
from hindi_stt.catalogue.presets import PRESETS
from hindi_stt.catalogue.sources import Published
from hindi_stt.errors import InvalidSetting, UnknownModel, UnsupportedModel

HUB = "https://huggingface.co"
OWN = """
[ours]
title = "Call centre"
publisher = "Us"
source = "https://models.example/ours.nemo"
page = "https://models.example"
licence = "Apache-2.0"
licence_url = "https://models.example/licence"
language = "hi"
becomes = "nemo"
[ours.files."ours.nemo"]
"""


def test_what_users_of_hindi_models_look_for_is_there() -> None:
    entries = read_catalogue()
    sources = {entry.source for entry in entries.values()}
    assert "hub:ai4bharat/indicconformer_stt_hi_hybrid_ctc_rnnt_large" in sources
    assert "hub:ai4bharat/indic-conformer-600m-multilingual" in sources
    assert "stt_hi_conformer_ctc_medium" in entries


@pytest.mark.parametrize("name", list(read_catalogue()))
def test_an_entry_can_be_used(name: str) -> None:
    entry = read_catalogue()[name]
    assert re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name), "it becomes the bundle's name"
    assert entry.licence_url.startswith("https://")
    assert entry.page.startswith("https://")
    if entry.folder:  # its files and their names are the hub's to tell: tests/cli/test_models_get_release.py
        assert entry.preset in PRESETS
        return
    if entry.becomes == "speakers":  # pip gets it: tests/catalogue/test_speaker_model.py
        assert all(len(file.sha256) == 64 for file in entry.files.values())
        return
    published = Published.of_entry(name, entry, HUB)
    assert all(address.startswith("https://") for address in published.addresses.values())
    if entry.source.startswith("hub:"):
        assert re.fullmatch("[0-9a-f]{40}", entry.revision), "the same files for everybody"
    if entry.becomes == "onnx":
        assert entry.preset in PRESETS
        assert {"vocab.txt", "tokens.txt"} & set(entry.files)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text(OWN, encoding="utf-8")
    entries = read_catalogue(str(file))
    assert find_entry("ours", entries).licence == "Apache-2.0"
    assert "stt_hi_conformer_ctc_medium" in entries


def test_an_entry_that_cannot_be_made_a_bundle(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text(OWN.replace('becomes = "nemo"', 'becomes = "none"\nnotes = "A transducer."'), encoding="utf-8")
    with pytest.raises(UnsupportedModel, match=r"ours cannot be made a bundle here\. A transducer\."):
        Published.of_entry("ours", read_catalogue(str(file))["ours"], HUB)


def test_an_unknown_name() -> None:
    with pytest.raises(UnknownModel, match="stt_hi_conformer_ctc_medium"):
        find_entry("stt_hi_conformer_ctc_huge", read_catalogue())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (OWN.replace('source = "https', 'source = "ftp'), "source"),
        (OWN.replace('becomes = "nemo"', 'becomes = "magic"'), "becomes"),
        (OWN.replace('licence = "Apache-2.0"', ""), "licence"),
        (OWN.replace('[ours.files."ours.nemo"]', ""), "files are missing"),
        (OWN.replace('ours.nemo"]', '../ours.nemo"]'), "files"),
        (OWN.replace("[ours.files", 'folder = "assets"\n[ours.files'), "a folder is that of ready files on a hub"),
        (OWN.replace("[ours.files", 'folder = "../assets"\n[ours.files'), "folder"),
        (OWN + '\nsha256 = "abc"', "sha256"),
        (OWN + "\nbytes = -1", "bytes"),
        (OWN.replace("title", "tittle"), "title"),
        ("[ours", "cannot be read"),
        ("ours = 1", "ours"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, wrong: str, said: str) -> None:
    file = tmp_path / "models.toml"
    file.write_text(wrong, encoding="utf-8")
    with pytest.raises(InvalidSetting, match=said) as caught:
        read_catalogue(str(file))
    assert str(file) in caught.value.message
