"""Checks every setting before the server listens: its form, local files and folders, packages, and the models.

A remote service that does not answer is no reason to refuse: it may come back. Nothing here opens a connection.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hindi_stt.access.key_file import read_key_file
from hindi_stt.bundle import store
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.catalogue.entries import read_catalogue
from hindi_stt.decoding import HotwordBounds, read_hotwords
from hindi_stt.decoding.decoders import LM_ROLE, NO_LANGUAGE_MODEL, vocabulary_of
from hindi_stt.decoding.hotwords import build_tree
from hindi_stt.errors import HindiSTTError
from hindi_stt.inference.model_cache import check_model_memory
from hindi_stt.protocols.checks import check_protocols
from hindi_stt.settings import Settings, invalid_setting, is_host_name, split_list, variable
from hindi_stt.text import TextOptions, Writer
from hindi_stt.text.punctuation import PausePunctuator
from hindi_stt.text.punctuation_model import has_punctuator

__all__ = ["check_settings"]

_MAX_ALIAS_LETTERS: Final = 128
_SQLITE_MAGIC: Final = b"SQLite format 3\0"
_REDIS_FORM: Final = "redis://HOST:PORT"


def check_settings(settings: Settings) -> Registry:
    """Check all settings, so that a wrong one ends the start instead of a request or a worker.

    Args:
        settings: The server's settings, whose types and ranges pydantic has checked.

    Returns:
        The models that the settings name.

    Raises:
        HindiSTTError: One of them cannot be used; the message names its variable and its values.
    """
    _check_aliases(settings)
    registry = Registry(
        store.resolve_all(settings),
        settings.aliases,
        refuse_other_languages=settings.other_languages == "refuse",
    )
    check_model_memory(registry, settings)
    checks = (
        _check_bounds,
        _check_runtime,
        _check_access,
        _check_redis,
        _check_databases,
        _check_traces,
        _check_jobs,
        check_protocols,
    )
    for check in checks:
        check(settings)
    read_catalogue(settings.model_catalogue)
    _check_speakers(settings)
    _check_provider(settings)
    _check_decoding(settings, registry.default)
    _check_text(settings, registry.default)
    return registry


def _check_aliases(settings: Settings) -> None:
    for alias in settings.aliases:
        if not alias.isprintable() or len(alias) > _MAX_ALIAS_LETTERS:
            reason = f"a name has up to {_MAX_ALIAS_LETTERS} letters, all of them printable."
            raise invalid_setting("model_aliases", settings.model_aliases, reason)


def _check_speakers(settings: Settings) -> None:
    """Only a bundle that is named: without one, speakers can be installed while the server runs."""
    if settings.speakers:
        try:
            store.load_speakers(settings.speakers)
        except HindiSTTError as error:
            raise invalid_setting("speakers", settings.speakers, error.message) from error


def _check_bounds(settings: Settings) -> None:
    if settings.min_audio_s > settings.max_audio_s:
        reason = f"has to be at most {variable('max_audio_s')}, which is {settings.max_audio_s:g}."
        raise invalid_setting("min_audio_s", settings.min_audio_s, reason)


def _check_runtime(settings: Settings) -> None:
    folder = Path(settings.runtime_dir)
    if settings.runtime_dir and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise invalid_setting(
            "runtime_dir", settings.runtime_dir, "is not a folder that can be written to: make it, or name another."
        )


def _check_access(settings: Settings) -> None:
    if settings.key_file:
        try:
            read_key_file(Path(settings.key_file))
        except HindiSTTError as error:
            raise invalid_setting("key_file", settings.key_file, f"{error.message} {error.help}") from error
    for name in settings.hosts:
        if name != "*" and not is_host_name(name):
            reason = f"{name!r} is not a host name: write NAME,NAME without scheme and port, or *."
            raise invalid_setting("allowed_hosts", settings.allowed_hosts, reason)
    for proxy in split_list(settings.trusted_proxies):
        if proxy != "*" and not _is_network(proxy):
            reason = f"{proxy!r} is neither an address nor a network: write 10.0.0.5,10.1.0.0/16, or *."
            raise invalid_setting("trusted_proxies", settings.trusted_proxies, reason)
    for origin in settings.origins:
        if origin not in {"*", "null"} and not _is_origin(origin):
            reason = f"{origin!r} is not an origin: write SCHEME://HOST or SCHEME://HOST:PORT without a path, or *."
            raise invalid_setting("cors_origins", settings.cors_origins, reason)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  # raises ValueError where it is no port
    except ValueError:
        return False
    return bool(parts.scheme and parts.hostname) and text == f"{parts.scheme}://{parts.netloc}"


def _check_redis(settings: Settings) -> None:
    for name in ("limits_url", "cache_url", "jobs_queue_url", "calls_url"):
        url = getattr(settings, name)
        if not url or url == "memory":
            continue
        from redis.connection import parse_url  # a quarter of a second that most servers have no use for

        try:
            parse_url(url)  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise invalid_setting(name, url, f"{error}; write {_REDIS_FORM}.") from error


def _check_databases(settings: Settings) -> None:
    for name in ("usage_url", "jobs_url"):
        if url := getattr(settings, name):
            _check_database(name, url)


def _check_database(name: str, url: str) -> None:
    from sqlalchemy.engine import make_url  # SQLAlchemy takes half a second to import
    from sqlalchemy.exc import SQLAlchemyError

    try:
        parsed = make_url(url)
        parsed.get_dialect().import_dbapi()
    except ImportError as error:
        package = "'psycopg[binary]'" if url.startswith("postgresql+psycopg:") else error.name
        raise invalid_setting(name, url, f"its driver is not installed: .venv/bin/pip install {package}.") from error
    except (SQLAlchemyError, ValueError) as error:
        reason = "is not a database URL: write sqlite:////FOLDER/FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME."
        raise invalid_setting(name, url, reason) from error
    if parsed.get_backend_name() == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        _check_sqlite_file(name, url, Path(str(parsed.database)))


def _check_sqlite_file(name: str, url: str, path: Path) -> None:
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise invalid_setting(name, url, f"{folder} is not a folder that can be written to: make it, or name another.")
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE_MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise invalid_setting(name, url, f"{path} cannot be read: {error.strerror}.") from error
    if head not in {b"", _SQLITE_MAGIC} or not os.access(path, os.W_OK):
        raise invalid_setting(name, url, f"{path} is not an SQLite database that can be written to: name another file.")


def _check_traces(settings: Settings) -> None:
    if not settings.traces_url:
        return
    if not _is_http_url(settings.traces_url):
        raise invalid_setting("traces_url", settings.traces_url, "write http://HOST:4318/v1/traces.")
    if not _is_installed("opentelemetry.exporter.otlp.proto.http"):
        reason = "needs a package: .venv/bin/pip install opentelemetry-exporter-otlp-proto-http."
        raise invalid_setting("traces_url", settings.traces_url, reason)


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises ValueError where it is no port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(c.isspace() for c in url)


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


def _check_jobs(settings: Settings) -> None:
    if settings.jobs_dir:
        _make_folder("jobs_dir", settings.jobs_dir, Path(settings.jobs_dir))
    if settings.jobs_audio_url:
        _check_audio_store(settings)
    if settings.jobs_references or settings.jobs_private_networks:
        from hindi_stt.jobs.url_allowlist import References, job_network  # with aiohttp, which only jobs need

        for folder in References(settings, job_network(settings)).folders:
            if not folder.is_dir():
                reason = f"{folder} is not a folder on this machine: make or mount it, or leave it out."
                raise invalid_setting("jobs_references", settings.jobs_references, reason)


def _make_folder(name: str, value: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise invalid_setting(name, value, f"the folder cannot be made: {error}; name another.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise invalid_setting(name, value, "the folder cannot be written to: change its owner, or name another.")


def _check_audio_store(settings: Settings) -> None:
    import fsspec

    url = settings.jobs_audio_url
    protocol = fsspec.core.split_protocol(url)[0] or "file"
    try:
        fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        reason = f"{protocol}:// needs a package: .venv/bin/pip install {'s3fs' if protocol == 's3' else error.name}."
        raise invalid_setting("jobs_audio_url", url, reason) from error
    except ValueError as error:
        raise invalid_setting(
            "jobs_audio_url", url, f"{protocol}:// is not known; name a folder or s3://BUCKET."
        ) from error
    if protocol in {"file", "local"}:
        _make_folder("jobs_audio_url", url, Path(fsspec.core.strip_protocol(url)))
    elif not urlsplit(url).netloc:
        raise invalid_setting("jobs_audio_url", url, f"names no bucket: write {protocol}://BUCKET/FOLDER.")


def _check_provider(settings: Settings) -> None:
    if settings.provider == "cpu":
        return
    from hindi_stt.inference.onnxruntime_backend import check_provider

    check_provider(settings.provider)


def _check_decoding(settings: Settings, bundle: Bundle) -> None:
    models = [asset.name for asset in bundle.manifest.assets if asset.role == LM_ROLE]
    if settings.language_model not in {"", NO_LANGUAGE_MODEL, *models}:
        have = ", ".join([*models, NO_LANGUAGE_MODEL])
        raise invalid_setting("language_model", settings.language_model, f"the model {bundle.tag} has {have}.")
    if settings.hotwords_file:
        try:
            hotwords = read_hotwords(Path(settings.hotwords_file))
            build_tree(hotwords, vocabulary_of(bundle), HotwordBounds.from_settings(settings))
        except HindiSTTError as error:
            raise invalid_setting("hotwords_file", settings.hotwords_file, f"{error.message} {error.help}") from error


def _check_text(settings: Settings, bundle: Bundle) -> None:
    # The model's punctuator is not loaded for this: only whether there is one matters.
    writer = Writer(bundle.manifest.language, PausePunctuator() if has_punctuator(bundle) else None)
    for name in ("numerals", "script", "punctuation", "mask"):
        try:
            writer.check(TextOptions().updated({name: getattr(settings, name)}))
        except HindiSTTError as error:
            raise invalid_setting(name, getattr(settings, name), error.message) from error
