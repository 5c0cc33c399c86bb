"""Applies every patch of BentoML and its dependencies to a process of this server."""

from __future__ import annotations

from hindi_stt.bentoml_compat.runtime_dir import in_worker
from hindi_stt.bentoml_compat.socket_paths import check_socket_paths
from hindi_stt.bentoml_compat.versions import check_names, warn_of_untested_versions
from hindi_stt.observability.log_config import configure_log
from hindi_stt.settings import Settings

__all__ = ["install"]


def install(settings: Settings) -> None:
    """Check the installed packages, and patch them for the services of this process; before they are made.

    The supervisor checks for all processes of the server, before the port opens.

    Args:
        settings: The server's.

    Raises:
        IncompatiblePackage: The installed version of a package cannot be patched.
        InvalidSetting: BentoML cannot make its sockets below TMPDIR.
    """
    if not in_worker():
        warn_of_untested_versions()
        check_names()
        check_socket_paths()
        _patch_supervisor(settings)
    else:
        from hindi_stt.bentoml_compat import metrics_files

        metrics_files.patch()
    _patch_services(settings)


# Imported when the names that they replace are known to be there.
def _patch_supervisor(settings: Settings) -> None:
    from hindi_stt.bentoml_compat import metrics_dir, supervisor

    metrics_dir.patch(settings.runtime_dir)
    supervisor.patch((lambda: _prepare_fork(settings)) if settings.worker_start == "fork" else None)


def _prepare_fork(settings: Settings) -> None:
    """Do what is left to do where a worker has all else from the supervisor."""
    from hindi_stt.bentoml_compat import metrics_files

    configure_log(settings.log_format)
    metrics_files.patch()


def _patch_services(settings: Settings) -> None:
    from hindi_stt.bentoml_compat import denied_handshakes, readiness, request_timeout, traffic_metrics, uvicorn_config

    request_timeout.patch()
    traffic_metrics.patch()
    readiness.patch()
    uvicorn_config.patch(settings)
    denied_handshakes.patch()
