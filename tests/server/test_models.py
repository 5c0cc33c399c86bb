"""Several models behind a real server: chosen by name and language, kept apart, loaded and let go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hindi_stt.access.ledger import read_sums
from hindi_stt.bundle.manifest import MANIFEST_FILE, Bundle, sha256_of
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.bundles import sibling, slow_sibling, slowed
from tests.support.realtime import append, commit, manual, receive, send, session
from tests.support.responses import eventually, is_error
from tests.support.server import Server
from tests.support.streams import speech
from tests.support.wav import wav

pytestmark = pytest.mark.slow

NAMES = ("rain_16k.wav", "family.flac", "rain.flac")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    folder = tmp_path_factory.mktemp("bundles")
    return {"slow": slow_sibling(folder / "slow"), "third": sibling(folder / "third", "third", "yy")}


@pytest.fixture(scope="module", params=["bentoml", "cost"])
def several(
    request: pytest.FixtureRequest, bundles: dict[str, Bundle], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The embedded model, and two others of which there is room for one."""
    folder = tmp_path_factory.mktemp("several")
    running = Server(
        folder,
        HINDI_STT_USAGE_URL=f"sqlite:///{folder / 'usage.db'}",
        HINDI_STT_MODELS=",".join(str(bundle.folder) for bundle in bundles.values()),
        HINDI_STT_MODEL_LOADING="use",
        HINDI_STT_MODEL_MEMORY_MB="60" if request.param == "cost" else "30",
        HINDI_STT_SCHEDULER=request.param,
        HINDI_STT_CACHE_URL="memory",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def slow_texts(bundles: dict[str, Bundle]) -> dict[str, str]:
    """What the slow model hears in the recordings as they are."""
    line = Pipeline(bundles["slow"], Settings(model=""))
    acoustic = LocalAcoustic(bundles["slow"], threads=1)
    return {name: line.transcribe(DATA / name, acoustic).text for name in NAMES}


def loads(server: Server, bundle: Bundle) -> float:
    for family in text_string_to_metric_families(httpx.get(f"{server.url}/metrics", timeout=10).text):
        for sample in family.samples:
            if sample.name == "hindi_stt_model_loads_total" and sample.labels["model"] == bundle.tag:
                return sample.value
    return 0.0


def test_models_are_listed(several: Server, pipeline: Pipeline, bundles: dict[str, Bundle]) -> None:
    listed = {model["id"]: model for model in httpx.get(f"{several.url}/v1/models").json()["data"]}
    assert {"slow", bundles["slow"].tag, "third", pipeline.bundle.tag, "whisper-1"} <= set(listed)
    assert listed["slow"]["languages"] == ["xx"]
    assert listed["slow"]["licence"] == pipeline.bundle.manifest.licence
    assert listed["whisper-1"]["languages"] == ["hi", "xx", "yy"]
    health = httpx.get(f"{several.url}/health").json()
    assert health["models"] == {pipeline.bundle.tag: "hi"} | {
        bundle.tag: bundle.manifest.language for bundle in bundles.values()
    }


def test_batches_are_kept_apart(
    several: Server,
    pipeline: Pipeline,
    acoustic: LocalAcoustic,
    bundles: dict[str, Bundle],
    slow_texts: dict[str, str],
) -> None:
    """The same recordings, sent to two models at once: each answers as it does alone."""
    texts = {"": {name: pipeline.transcribe(DATA / name, acoustic).text for name in NAMES}, "slow": slow_texts}
    assert all(texts[""][name] != texts["slow"][name] for name in NAMES)
    wanted = [(NAMES[i % 3], ("", "slow")[i // 3 % 2]) for i in range(60)]

    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=100), timeout=120) as client:
            return await asyncio.gather(
                *(
                    client.post(
                        f"{several.url}/transcribe",
                        files={"file": (name, (DATA / name).read_bytes())},
                        data={"model": model} if model else {"numerals": "off"},
                    )
                    for name, model in wanted
                )
            )

    answers = asyncio.run(all_at_once())
    assert [answer.json()["text"] for answer in answers] == [texts[model][name] for name, model in wanted]
    tags = {"": pipeline.bundle.tag, "slow": bundles["slow"].tag}
    assert [answer.json()["model"] for answer in answers] == [tags[model] for _, model in wanted]


def test_language_chooses(several: Server, slow_texts: dict[str, str]) -> None:
    content = (DATA / NAMES[0]).read_bytes()
    for fields in ({"language": "xx"}, {"model": "whisper-1", "language": "xx"}):
        body = several.transcribe(content, data=fields).json()
        assert (body["language"], body["text"]) == ("xx", slow_texts[NAMES[0]])
    is_error(several.transcribe(content, data={"language": "en"}), 400, "unknown_language")
    is_error(several.transcribe(content, data={"model": "slow", "language": "hi"}), 400, "unknown_language")
    answer = several.transcribe(content, data={"model": "gpt-9"})
    is_error(answer, 404, "unknown_model")
    assert "slow" in answer.json()["error"]["message"]


def test_auto_identifies_the_language(several: Server, tmp_path: Path) -> None:
    for name in NAMES:
        usual = several.transcribe((DATA / name).read_bytes(), data={"languages": ["hi", "xx"]}).json()
        again = slowed(DATA / name, tmp_path / "slow.wav").read_bytes()
        slow = several.transcribe(again, data={"languages": ["hi", "xx"]}).json()
        assert (usual["language"], slow["language"]) == ("hi", "xx")
        assert usual["text"] == slow["text"]
        assert usual["warnings"] == []
    auto = several.transcribe((DATA / NAMES[0]).read_bytes(), data={"language": "auto"}).json()
    assert auto["language"] in {"hi", "yy"}
    silence = several.transcribe(wav(np.zeros(16_000, np.float32)), data={"language": "auto"}).json()
    assert (silence["language"], silence["text"]) == ("hi", "")


def test_a_realtime_session_takes_a_model_or_a_language(several: Server, slow_texts: dict[str, str]) -> None:
    samples = speech(NAMES[0])
    for fields in ({"model": "slow"}, {"language": "xx"}):
        with session(several, manual(**fields)) as ws:
            append(ws, samples)
            assert commit(ws)["transcript"] == slow_texts[NAMES[0]]
            send(ws, type="session.update", session={"type": "transcription"} | manual(language="auto"))
            error = receive(ws)
            assert (error["type"], error["error"]["code"]) == ("error", "invalid_request")
            assert "hi, xx, yy" in error["error"]["message"]


def test_the_one_not_used_for_longest_goes(several: Server, bundles: dict[str, Bundle]) -> None:
    content = (DATA / NAMES[0]).read_bytes()
    before = {name: loads(several, bundle) for name, bundle in bundles.items()}
    for i in range(6):
        # Other options each time: the cache of results would answer else.
        assert (
            several.transcribe(content, data={"model": ("slow", "third")[i % 2], "hotwords": f"घर:{i + 1}"}).status_code
            == 200
        )
    after = {name: loads(several, bundle) for name, bundle in bundles.items()}
    assert all(after[name] >= before[name] + 2 for name in bundles)
    present = httpx.get(f"{several.url}/stats").json()["models"]
    assert [present[bundles[name].tag]["loaded"] for name in ("slow", "third")] == [False, True]
    assert present[bundles["third"].tag]["audio_seconds"] > 0


def test_the_cache_tells_models_apart(
    several: Server, slow_texts: dict[str, str], pipeline: Pipeline, acoustic: LocalAcoustic
) -> None:
    content = (DATA / NAMES[1]).read_bytes()
    own = pipeline.transcribe(content, acoustic).text
    for _ in range(2):
        assert several.transcribe(content).json()["text"] == own
        assert several.transcribe(content, data={"model": "slow"}).json()["text"] == slow_texts[NAMES[1]]


def test_the_ledger_names_the_model(several: Server, bundles: dict[str, Bundle]) -> None:
    url = f"sqlite:///{several.log_path.parent / 'usage.db'}"
    content = (DATA / NAMES[0]).read_bytes()

    def of_slow() -> int:
        return sum(sums.requests for sums in read_sums(url, "model") if sums.group == bundles["slow"].tag)

    before = of_slow()
    assert several.transcribe(content, data={"language": "xx"}).status_code == 200
    assert eventually(lambda: of_slow() == before + 1)


def test_a_model_that_cannot_be_loaded_leaves_the_others(
    bundles: dict[str, Bundle], tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = bundles["third"].copy_with(tmp_path_factory.mktemp("broken") / "b", []).folder
    (broken / "model.fp32.onnx").write_bytes(b"no model")
    manifest = (broken / MANIFEST_FILE).read_text(encoding="utf-8")
    old = next(asset.sha256 for asset in bundles["third"].manifest.assets if asset.file == "model.fp32.onnx")
    (broken / MANIFEST_FILE).write_text(manifest.replace(old, sha256_of(broken / "model.fp32.onnx")))
    server = Server(tmp_path_factory.mktemp("server"), HINDI_STT_MODELS=str(broken))
    try:
        server.wait_until_ready()
        content = (DATA / NAMES[0]).read_bytes()
        assert server.transcribe(content).status_code == 200
        answer = server.transcribe(content, data={"model": "third"})
        is_error(answer, 503, "model_unavailable")
        assert str(broken) not in answer.text
        assert server.transcribe(content).status_code == 200
        assert "cannot be loaded" in server.log
    finally:
        server.stop()
