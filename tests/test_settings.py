"""Every setting with a value that cannot be used: the check names it before anything listens.

Longer than 300 lines: the table of values.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED
from hindi_stt.errors import HindiSTTError
from hindi_stt.settings import GROUPS, Settings, get_settings, unknown_variables, variable
from hindi_stt.startup_checks import check_settings
from tests.support.server import Server

MODULES_UNDER_TEST = (
    "hindi_stt/settings/composition.py",
    "hindi_stt/startup_checks.py",
)

NUMBERS = [name for name, field in Settings.model_fields.items() if field.annotation in {int, float}]
# What anything goes for: a secret is any text.
FREE = {"token_secret", "twilio_auth_token", "plivo_auth_token"}
# {} stands for a folder that exists, {}/text for a file that is no database and no JSON.
BAD = [
    ("model", "/nix"),
    ("model", "no-such-model:latest"),
    ("models", "{}"),
    ("models", "nothing:here,"),
    ("model_aliases", "whisper-1,a\tb"),
    ("model_aliases", "a" * 129),
    ("model_loading", "later"),
    ("model_memory_mb", "1"),
    ("speakers", "/nix"),
    ("speakers", "no-such-model:latest"),
    ("speakers", str(EMBEDDED)),
    ("model_hub", "huggingface.co"),
    ("model_hub", "ftp://hub.example.com"),
    ("model_hub", "https://user:secret@hub.example.com"),
    ("model_hub", "https://hub.example.com/models"),
    ("model_catalogue", "/nix"),
    ("model_catalogue", "{}"),
    ("model_catalogue", "{}/binary"),
    ("model_catalogue", "{}/text"),
    ("min_audio_s", "14401"),
    ("other_languages", "ignore"),
    ("page", "yes"),
    ("protocols", "vosc"),
    ("protocol_networks", "everywhere"),
    ("protocol_networks", "10.1.0.5/16"),
    ("protocol_options", "numerals=latin"),
    ("protocol_options", '{"": {"numerals": 1}}'),
    ("protocol_options", '{"desk": {"numeral": "latin"}}'),
    ("public_url", "stt.example.com"),
    ("public_url", "wss://stt.example.com?key=1"),
    ("calls_url", "localhost:6379"),
    ("calls_url", "redis://localhost:port"),
    ("calls_webhook_url", "https://crm.example.com/calls"),  # without jobs
    ("calls_webhook_secret", "secret"),
    ("telephony_key_name", "callcentre"),  # without keys
    ("protocol_host", "10.1.0.5:2700"),
    ("vosk_port", "70000"),
    ("vosk_port", "2700"),  # without the protocol
    ("key_file", "/nix"),
    ("key_file", "{}"),
    ("key_file", "{}/text"),
    ("limits_url", "localhost:6379"),
    ("limits_url", "redis://localhost:port"),
    ("allowed_hosts", "https://stt.example.com"),
    ("allowed_hosts", "stt.example.com:443"),
    ("trusted_proxies", "proxy.example.com"),
    ("trusted_proxies", "10.1.0.5/16"),
    ("cors_origins", "example.com"),
    ("cors_origins", "https://example.com/"),
    ("cors_origins", "https://example.com:http"),
    ("cache_shared", "yes"),
    ("cache_url", "memcached://localhost"),
    ("cache_url", "redis://localhost:99999"),
    ("cache_url", "redis://localhost?socket_timeout=soon"),
    ("usage_url", "nonsense"),
    ("usage_url", "{}/usage.db"),
    ("usage_url", "sqlite:////nix/usage.db"),
    ("usage_url", "sqlite:///{}"),
    ("usage_url", "sqlite:///{}/text"),
    ("usage_url", "oracel://host/name"),
    ("usage_url", "mysql+mysqldb://host/name"),
    ("usage_url", "postgresql://host:port/name"),
    ("log_format", "xml"),
    ("traces_url", "localhost:4318"),
    ("traces_url", "http://:4318"),
    ("traces_url", "http://collector:otlp/v1/traces"),
    ("traces_share", "1.5"),
    ("limits_without_redis", "allow"),
    ("runtime_dir", "{}/text"),
    ("runtime_dir", "{}/nowhere"),
    ("jobs_dir", "{}/text"),
    ("jobs_dir", "{}/text/jobs"),
    ("jobs_url", "nonsense"),
    ("jobs_url", "sqlite:////nix/jobs.db"),
    ("jobs_queue_url", "amqp://localhost"),
    ("jobs_queue_url", "redis://localhost:port"),
    ("jobs_audio_url", "{}/text"),
    ("jobs_audio_url", "s4://bucket"),
    ("jobs_audio_url", "s3://bucket/folder"),  # s3fs is not installed here
    ("jobs_references", "/srv/calls"),
    ("jobs_references", "srv"),
    ("jobs_references", "file:///nix"),
    ("jobs_references", "https://media.example.com/calls"),
    ("jobs_references", "ftp://media.example.com"),
    ("jobs_private_networks", "10.1"),
    ("jobs_private_networks", "10.1.0.5/16"),
    ("jobs_private_networks", "intranet"),
    ("language_model", "everyday.arpa"),
    ("hotwords_file", "/nix"),
    ("hotwords_file", "{}"),
    ("hotwords_file", "{}/binary"),
    ("hotwords_file", "{}/text"),  # in letters that the model cannot write
    ("hotwords_file", "{}/weights"),
    ("numerals", "roman"),
    ("script", "tamil"),
    ("punctuation", "all"),
    ("caption_punctuation", "commas"),
    ("mask", "phones"),
    ("nukta", "off"),
    ("nasals", "off"),
    ("backend", "openvino"),
    ("backend", "openvino-int8"),  # the embedded model has no such form
    ("precision", "fp16"),
    ("provider", "tpu"),
    ("provider", "cuda"),  # another build of ONNX Runtime
    ("scheduler", "fifo"),
    ("worker_start", "thread"),
    *((name, value) for name in NUMBERS for value in ("many", "-1", "nan", "inf", "1e60", "")),
]
GOOD = [
    ("model_hub", "http://127.0.0.1:8080"),
    ("model_aliases", "whisper-1, मॉडल"),
    ("cors_origins", "https://example.com,http://localhost:8080,null"),
    ("cors_origins", "*"),
    ("allowed_hosts", "stt.example.com, hindi-stt, *"),
    ("trusted_proxies", "10.1.0.0/16, ::1, *"),
    ("protocols", "vosk, twilio"),
    ("protocol_options", '{"": {"language": "hi", "silence_ms": "300"}, "desk": {"mask": "all"}}'),
    ("public_url", "wss://stt.example.com:8443/speech"),
    ("protocol_networks", "10.1.0.0/16=desk, ::1"),
    ("limits_url", "rediss://:secret@redis.example.com:6380/2"),
    ("cache_url", "redis://no-such-host.invalid:6379"),
    ("usage_url", "sqlite:///{}/usage.db"),
    ("usage_url", "postgresql+psycopg://u:p@no-such-host.invalid/usage"),
    ("jobs_url", "postgresql+psycopg:///jobs?host=/run/postgresql"),
    ("traces_url", "http://no-such-host.invalid:4318/v1/traces"),
    ("runtime_dir", "{}"),
    ("jobs_dir", "{}/new/jobs"),
    ("jobs_audio_url", "{}/new/audio"),
    ("jobs_references", "file://{},https://media.example.com,http://10.1.0.4:8080/"),
    ("jobs_private_networks", "10.1.0.0/16, fd00::/8"),
    ("language_model", "none"),
    ("hotwords_file", "{}/hotwords"),
    ("punctuation", "pauses"),
    ("punctuation", "model"),
    ("caption_punctuation", "off"),
    ("token_secret", "?"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settings")
    (folder / "text").write_text("key: value\n")
    (folder / "binary").write_bytes(bytes(range(256)))
    (folder / "weights").write_text("रायपुर:heavy\n")
    (folder / "hotwords").write_text("रायपुर:4\nबिलासपुर\n")
    return folder


def start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """What service.py does with the environment before it makes a service."""
    for other in [other for other in os.environ if other.startswith("HINDI_STT_")]:
        monkeypatch.delenv(other)
    monkeypatch.setenv(variable(name), value)
    get_settings.cache_clear()
    try:
        check_settings(get_settings())
    finally:
        get_settings.cache_clear()


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_named(name: str, value: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HindiSTTError) as caught:
        start(monkeypatch, name, value.replace("{}", str(folder)))
    text = f"{caught.value.message} {caught.value.help}"
    # A model's own errors name what they looked for.
    # Of a pair it may be the other one.
    assert variable(name) in text or name == "calls_webhook_secret" or name in {"model", "models"}
    assert "\n" not in text


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_a_good_value_is_taken(name: str, value: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, name, value.replace("{}", str(folder)))


def test_every_setting_has_a_bad_value() -> None:
    assert {name for name, _ in BAD} | FREE == set(Settings.model_fields)


def test_every_setting_is_in_one_group() -> None:
    grouped = [name for group in GROUPS for name in group.model_fields]
    assert sorted(grouped) == sorted(Settings.model_fields)


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_the_example_of_the_page_is_a_value_that_can_be_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    field = Settings.model_fields[name]
    assert field.examples
    monkeypatch.setenv(variable(name), field.examples[0])
    assert getattr(Settings(), name) != field.default


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_a_unit(name: str) -> None:
    extra = Settings.model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    endings = {"_s": "seconds", "_mb": "MiB", "_bytes": "bytes", "_ms": "milliseconds", "_share": "share"}
    unit = next((unit for ending, unit in endings.items() if name.endswith(ending)), None)
    assert extra["unit"]
    assert unit is None or str(extra["unit"]).startswith(unit)


def test_a_password_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("usage_url", "limits_url", "jobs_queue_url"):
        with pytest.raises(HindiSTTError) as caught:
            start(monkeypatch, name, "oracel://user:hunter2@host:port/x")
        assert "hunter2" not in caught.value.message


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name leaves room for the paths of Unix sockets below it."""
    return tmp_path_factory.mktemp("s")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("jobs_references", "/srv/calls", "write file:///srv/calls"),
        pytest.param("jobs_private_networks", "10.1", "10.1.0.0/16", marks=pytest.mark.slow),
        pytest.param("usage_url", "nonsense", "sqlite:////FOLDER/FILE", marks=pytest.mark.slow),
        pytest.param("hotwords_file", "/nix", "cannot be read", marks=pytest.mark.slow),
    ],
)
def test_a_server_refuses_to_start(name: str, value: str, told: str, short: Path) -> None:
    failing = Server(short, **{variable(name): value, "HINDI_STT_JOBS_DIR": str(short / "jobs")})
    try:
        assert failing.process.wait(timeout=60) == 1
    finally:
        failing.stop()
    (line,) = [line for line in failing.log.splitlines() if "HINDI_STT_" in line]
    assert line.startswith(f"{variable(name)}=")
    assert told in line
    assert "Traceback" not in failing.log
    with socket.socket() as probe:  # nothing has listened: the port is free
        probe.bind(("127.0.0.1", failing.port))


@pytest.mark.slow
def test_a_long_folder_for_temporary_files_is_explained(short: Path) -> None:
    long = short / ("t" * (119 - len(str(short)) - 1))
    long.mkdir()
    failing = Server(short, TMPDIR=str(long))
    try:
        assert failing.process.wait(timeout=60) == 1
    finally:
        failing.stop()
    assert "has 119 letters" in failing.log
    assert "set TMPDIR" in failing.log
    assert "AssertionError" not in failing.log
    assert "Traceback" not in failing.log


def test_unknown_variables_are_found_with_the_nearest_setting() -> None:
    known = {variable(name) for name in Settings.model_fields}
    theirs = {"HINDI_STT_TEST_SPEECH", "HINDI_STT_FUZZ_SEED", "HINDI_STT_PORT", "HINDI_STT_SERVICE_HOST", "PATH"}
    service = {"HINDI_STT_PORT_3000_TCP_ADDR", "HINDI_STT_SERVICE_PORT_HTTP"}
    assert unknown_variables(known | theirs | service) == {}
    assert unknown_variables({"HINDI_STT_API_WORKER"}) == {"HINDI_STT_API_WORKER": "HINDI_STT_API_WORKERS"}
    assert unknown_variables({"HINDI_STT_KEYFILE"}) == {"HINDI_STT_KEYFILE": "HINDI_STT_KEY_FILE"}
    assert unknown_variables({"HINDI_STT_XYZZY"}) == {"HINDI_STT_XYZZY": ""}


@pytest.mark.slow
def test_a_server_warns_once_of_an_unknown_variable(short: Path) -> None:
    running = Server(short, HINDI_STT_KEYFILE="/keys.json", HINDI_STT_TEST_ANYTHING="1")
    try:
        running.wait_until_ready()
    finally:
        running.stop()
    (line,) = [line for line in running.log.splitlines() if "HINDI_STT_" in line and "not a setting" in line]
    assert "WARNING" in line
    assert "HINDI_STT_KEYFILE is not a setting: did you mean HINDI_STT_KEY_FILE?" in line
