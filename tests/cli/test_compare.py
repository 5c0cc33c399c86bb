"""hindi-stt evaluate --models: a table, JSON and a plot of several models, each measured in its own process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.cli.main import main
from hindi_stt.cli.model_process import open_model, peak_memory_bytes
from hindi_stt.errors import ModelNotFound
from hindi_stt.settings import Settings

MODULES_UNDER_TEST = ("hindi_stt/cli/compare.py", "hindi_stt/cli/model_process.py")

CLIP = Path(__file__).parents[1] / "data" / "rain_16k.wav"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("compare") / "m.jsonl"
    lines = [
        {"audio_filepath": str(CLIP), "text": "आज बस बारिश होगी", "domain": "weather"},
        {"audio_filepath": str(CLIP), "text": "कल", "domain": "other"},
        {"audio_filepath": str(CLIP)},
    ]
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    return file


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import sys; from hindi_stt.cli.main import main; sys.exit(main(sys.argv[1:]))"]
    return subprocess.run([*command, "evaluate", *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_two_forms_of_the_embedded_model(manifest: Path, tmp_path: Path) -> None:
    result, plot = tmp_path / "r.json", tmp_path / "p.png"
    done = run(manifest, "--models", "embedded+fp32,embedded+int8", "--json", result, "--plot", plot)
    assert done.returncode == 0, done.stderr
    assert "1/2 embedded+fp32: 2 recordings" in done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len({len(row) for row in rows[:4]}) == 1, "the columns are aligned"
    tag = Bundle.open(EMBEDDED).tag
    assert [row.split("|")[1].strip() for row in rows[2:4]] == [f"{tag} onnxruntime-fp32", f"{tag} onnxruntime-int8"]
    assert rows[4].split("|")[2:4] == [" other  ", " weather "]
    found = json.loads(result.read_text(encoding="utf-8"))
    assert found["references"] == ["आज बस बारिश होगी", "कल"]
    assert found["failed"] == []
    for model in found["models"]:
        assert len(model["texts"]) == 2
        assert model["compute_s"] > 0
        assert model["load_s"] > 0
        assert model["peak_memory_bytes"] > 30e6, "less than the model's own runtime"
        assert {rate["form"] for rate in model["rates"]} == {"raw", "normalised", "lenient", "vistaar"}
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_recordings_that_cannot_be_compared_are_named(tmp_path: Path) -> None:
    """One damaged recording does not end hours of work, and none is left out in silence."""
    (tmp_path / "page.wav").write_text("<!DOCTYPE html>")
    (tmp_path / "empty.wav").touch()
    texts = {str(CLIP): "आज बस बारिश होगी", "page.wav": "कल", "empty.wav": "परसों"}
    lines = [json.dumps({"audio_filepath": file, "text": text}) for file, text in texts.items()]
    lines += [json.dumps({"audio_filepath": str(CLIP), "text": text}) for text in ("", "।")]
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    result = tmp_path / "r.json"
    done = run(tmp_path / "m.jsonl", "--models", "embedded,embedded+int8", "--json", result)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 recordings, ")
    assert f"Left out, without a word in their texts: {CLIP}, {CLIP}." in done.stdout
    for name, code in (("page.wav", "unsupported_audio"), ("empty.wav", "empty_audio")):
        (line,) = [line for line in done.stdout.splitlines() if name in line]
        assert line.startswith(f"Left out for all models: {tmp_path / name}: ")
        assert f"[{code}]" in line
    found = json.loads(result.read_text(encoding="utf-8"))
    assert found["references"] == ["आज बस बारिश होगी"]
    assert set(found["unread"]) == {str(tmp_path / "page.wav"), str(tmp_path / "empty.wav")}
    assert [len(model["texts"]) for model in found["models"]] == [1, 1]


@pytest.mark.slow
def test_no_recording_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "page.wav").write_text("<!DOCTYPE html>")
    (tmp_path / "m.jsonl").write_text(json.dumps({"audio_filepath": "page.wav", "text": "कल"}))
    done = run(tmp_path / "m.jsonl", "--models", "embedded")
    assert done.returncode == 1
    assert "None of the 1 recordings could be read: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("gone.wav", "कल"), ("none.wav", "कल")], "2 of 2 recordings are missing: FOLDER/gone.wav, FOLDER/none"),
        ([(f"{i}.wav", "कल") for i in range(9)], "FOLDER/4.wav and 4 more"),
        ([(str(CLIP), "।"), (str(CLIP), "")], "no texts to compare with"),
    ],
)
@pytest.mark.parametrize("option", ["--models", "--model"])
def test_manifests_are_checked_before_a_model_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[tuple[str, str]], said: str, option: str
) -> None:
    lines = [json.dumps({"audio_filepath": file, "text": text}) for file, text in rows]
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    assert main(["evaluate", str(tmp_path / "m.jsonl"), option, str(EMBEDDED)]) == 1
    written = capsys.readouterr().err
    assert said.replace("FOLDER", str(tmp_path)) in written
    assert "recordings\n" not in written, "the line that a model begins with"


@pytest.mark.slow
def test_a_model_that_fails_is_named_and_the_others_go_on(manifest: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(EMBEDDED, broken)
    (broken / "tokens.txt").write_text("spoilt", encoding="utf-8")
    result = tmp_path / "r.json"
    done = run(manifest, "--models", f"{broken},nowhere:1,embedded", "--json", result)
    assert done.returncode == 1
    assert f"not measured: {broken}: " in done.stdout
    assert "[bundle_invalid]" in done.stdout
    assert "not measured: nowhere:1: " in done.stdout
    assert "[model_not_found]" in done.stdout
    assert "The first model was not measured: the others are compared with embedded." in done.stdout
    found = json.loads(result.read_text(encoding="utf-8"))
    assert [failure["name"] for failure in found["failed"]] == [str(broken), "nowhere:1"]
    assert [model["name"] for model in found["models"]] == ["embedded"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--models", "embedded,embedded"], "names a model twice"),
        (["--models", "embedded,"], "empty name"),
        (["--models", ""], "empty name"),
        (["--models", "embedded", "--precision", "int8"], "--precision"),
        (["--models", "embedded", "--plot", "plot.txt"], ".png"),
        (["--models", "embedded", "--plot", "/no/such/folder/plot.png"], "there is no folder"),
        (["--json", "r.json"], "--models"),
        (["--models", "embedded", "--json", "/no/such/folder/r.json"], "no folder /no/such/folder"),
        (["--models", "embedded", "--json", "/tmp"], "or this is one itself"),
        (["--model", "", "--save", "/no/such/folder/r.json"], "no folder /no/such/folder"),
    ],
)
def test_options_that_contradict(
    manifest: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["evaluate", str(manifest), *options]) == 1
    assert message in capsys.readouterr().err


def test_names_of_models(tmp_path: Path) -> None:
    settings = Settings(model="", backend="onnxruntime-int8")
    assert str(open_model("embedded", settings).form) == "onnxruntime-int8", "what the environment pins"
    assert str(open_model("embedded+fp32", settings).form) == "onnxruntime-fp32"
    assert str(open_model("embedded+onnxruntime-int8", Settings(model="", precision="fp32")).form) == "onnxruntime-int8"
    folder = tmp_path / "a+b"
    shutil.copytree(EMBEDDED, folder)
    assert open_model(str(folder), Settings(model="")).folder == folder
    assert str(open_model(f"{folder}+int8", Settings(model="")).form) == "onnxruntime-int8"
    with pytest.raises(ModelNotFound):
        open_model("nothing+here", Settings(model=""))


def test_the_peak_of_a_process_does_not_contain_its_parents() -> None:
    """Linux keeps ru_maxrss over exec: a small process started by a large one would seem large."""
    large = bytearray(300_000_000)
    large[::4096] = b"\1" * len(large[::4096])
    code = "from hindi_stt.cli.model_process import peak_memory_bytes; print(peak_memory_bytes())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert peak_memory_bytes() > len(large)
    assert int(done.stdout) < len(large)
