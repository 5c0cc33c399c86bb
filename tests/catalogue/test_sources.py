"""What a repository on the hub offers, by the names of its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from hindi_stt.catalogue.entries import read_catalogue
from hindi_stt.catalogue.sources import Published, fetch_all, find_nemo, is_transformers_folder, published_at
from hindi_stt.errors import ChecksumMismatch, SourceUnavailable, UnsupportedModel
from tests.support.model_hub import ModelHub

MODULES_UNDER_TEST = ("hindi_stt/catalogue/sources.py",)

TRANSFORMERS = ("config.json", "preprocessor_config.json", "vocab.json", "special_tokens_map.json")


def offered(*names: str) -> tuple[str, list[str]]:
    with ModelHub() as hub:
        hub.publish("us/model", dict.fromkeys(names, b"{}"))
        published = published_at("us/model", hub.url)
    return published.becomes, sorted(published.addresses)


def test_a_model_of_transformers() -> None:
    names = [*TRANSFORMERS, "model.safetensors", "pytorch_model.bin", "training_args.bin", "README.md"]
    assert offered(*names) == ("transformers", sorted([*TRANSFORMERS, "model.safetensors"]))
    assert offered(*TRANSFORMERS, "pytorch_model.bin") == ("transformers", sorted([*TRANSFORMERS, "pytorch_model.bin"]))


def test_ready_onnx_files_and_nemo_files_come_before_transformers() -> None:
    assert offered(*TRANSFORMERS, "model.safetensors", "model.onnx", "vocab.txt")[0] == "onnx"
    assert offered(*TRANSFORMERS, "model.safetensors", "a.nemo") == ("nemo", ["a.nemo"])


@pytest.mark.parametrize("names", [("config.json", "model.safetensors"), TRANSFORMERS])
def test_a_model_for_text_and_a_model_without_weights(names: tuple[str, ...]) -> None:
    with pytest.raises(SourceUnavailable, match="no layout that is known here"):
        offered(*names)


def test_a_folder(tmp_path: Path) -> None:
    for name in TRANSFORMERS:
        (tmp_path / name).touch()
    assert not is_transformers_folder(tmp_path)
    (tmp_path / "model.safetensors").touch()
    assert is_transformers_folder(tmp_path)


ONNX = {"model.onnx": b"first", "vocab.txt": b"a 0\n<blk> 1\n"}


def test_a_branch_that_moves(tmp_path: Path) -> None:
    """The files of one commit are downloaded, and those of a later one in a folder of their own."""
    with ModelHub() as hub:
        hub.publish("us/model", ONNX)
        first = published_at("us/model", hub.url)
        commit = hub.commit("us/model")
        assert all(f"/resolve/{commit}/" in address for address in first.addresses.values())
        before = fetch_all(first, tmp_path)
        hub.publish("us/model", {"model.onnx": b"second"})
        after = fetch_all(published_at("us/model", hub.url), tmp_path)
    assert (before / "model.onnx").read_bytes() == b"first"
    assert (after / "model.onnx").read_bytes() == b"second"


@pytest.mark.parametrize("revision", ["", 'revision = "main"\n'])
@pytest.mark.parametrize("files", ['[ours.files."model.onnx"]\n', 'folder = "assets"\n'])
def test_a_branch_of_the_catalogue_that_moves(tmp_path: Path, revision: str, files: str) -> None:
    (tmp_path / "models.toml").write_text(
        '[ours]\ntitle = "O"\npublisher = "U"\nsource = "hub:us/model"\npage = "https://x"\nlicence = "MIT"\n'
        f'licence_url = "https://x"\nlanguage = "hi"\nbecomes = "onnx"\n{revision}{files}'
    )
    entry = read_catalogue(str(tmp_path / "models.toml"))["ours"]
    with ModelHub() as hub:
        hub.publish("us/model", {**ONNX, "assets/language_masks.json": b"{}"})
        published = Published.of_entry("ours", entry, hub.url)
        assert published.addresses
        assert all(f"/resolve/{hub.commit('us/model')}/" in address for address in published.addresses.values())


def test_a_file_at_an_address_is_got_again(tmp_path: Path) -> None:
    with ModelHub() as hub:
        address = f"{hub.storage_url}/us/model.nemo"
        for content, again in ((b"first", False), (b"second", True)):
            hub.publish("us", {"model.nemo": content})
            folder = fetch_all(published_at(address, hub.url), tmp_path, again=again)
            assert (folder / "model.nemo").read_bytes() == content


@pytest.mark.parametrize("source", ["us/model", "ADDRESS/us/model/model.nemo", "ADDRESS/us/model/model.tar.bz2"])
def test_another_file_than_asked_for_is_not_kept(tmp_path: Path, source: str) -> None:
    with ModelHub() as hub:
        name = Path(source).name if "." in source else "model.nemo"
        hub.publish("us/model", {name: b"another"})
        published = published_at(source.replace("ADDRESS", hub.storage_url), hub.url)
        with pytest.raises(ChecksumMismatch, match="expected 0000"):
            fetch_all(published, tmp_path, sha256="0" * 64)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_transducer_is_refused_before_its_files_come() -> None:
    with pytest.raises(UnsupportedModel, match=r"us/model has a transducer \(joiner\.onnx\)"):
        offered("encoder.onnx", "decoder.onnx", "joiner.onnx", "tokens.txt")
    assert offered("encoder.onnx", "ctc_decoder.onnx", "joiner.onnx", "tokens.txt")[0] == "onnx"


def test_a_renamed_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub redirects both the list of files and the files; the token goes along, since it is the same host."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with ModelHub() as hub:
        hub.publish("us/new", ONNX)
        hub.gated["us/new"] = "hf_secret"
        hub.renamed["us/old"] = "us/new"
        folder = fetch_all(published_at("us/old", hub.url), tmp_path)
    assert (folder / "model.onnx").read_bytes() == b"first"


@pytest.mark.parametrize("status", [429, 503])
def test_a_hub_that_has_no_time(status: int) -> None:
    with ModelHub() as hub:
        hub.busy = status
        with pytest.raises(SourceUnavailable, match=f"is overloaded: it answers with status {status}"):
            published_at("us/model", hub.url)


@pytest.mark.parametrize(
    ("names", "found"),
    [(["a.nemo"], "a.nemo"), (["a.nemo", "b.nemo"], ""), (["a.nemo", "model.onnx"], ""), (["README.md"], "")],
)
def test_a_nemo_file_in_a_folder(tmp_path: Path, names: list[str], found: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert find_nemo(tmp_path) == (tmp_path / found if found else None)
