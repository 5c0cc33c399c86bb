"""Check the packages that bentoml_compat patches: their versions, and the private names that it relies on.

Every entry of PRIVATE_NAMES says which module needs it. A version that was not tested is a warning, since most releases
leave these names alone; a name that is gone ends the start with an error, before the port opens.
"""

from __future__ import annotations

import importlib
import inspect
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from hindi_stt.errors import IncompatiblePackage

__all__ = ["PRIVATE_NAMES", "TESTED", "PrivateName", "check_names", "untested_versions", "warn_of_untested_versions"]

log = logging.getLogger("hindi_stt")

TESTED: Final[Mapping[str, str]] = {
    "bentoml": "1.4",
    "kantoku": "0.18",  # the module circus
    "prometheus-client": "0.26",
    "starlette": "1.10",
    "uvicorn": "0.54",
}
"""The series of versions (major.minor) of each distribution that the tests have run with."""


@dataclass(frozen=True, slots=True)
class PrivateName:
    """A name that is not part of a package's documented interface.

    Attributes:
        user: Module of bentoml_compat that relies on it.
        module: Module that has it.
        name: Within the module, with dots.
        parameters: The parameters that this server uses.
    """

    user: str
    module: str
    name: str
    parameters: tuple[str, ...] = ()


_PROTOCOL: Final = "uvicorn.protocols.http.httptools_impl"
_ASGI: Final = ("scope", "receive", "send")

PRIVATE_NAMES: Final = (
    PrivateName(
        "request_timeout", "bentoml._internal.server.http.traffic", "TimeoutMiddleware", parameters=("app", "timeout")
    ),
    PrivateName(
        "traffic_metrics",
        "bentoml._internal.server.http.instruments",
        "RunnerTrafficMetricsMiddleware.__call__",
        parameters=_ASGI,
    ),
    PrivateName("traffic_metrics", "bentoml._internal.context", "server_context.service_routes"),
    PrivateName(
        "readiness",
        "bentoml._internal.server.base_app",
        "BaseAppFactory.get_system_routes",
        parameters=("self", "path_prefix"),
    ),
    PrivateName(
        "uvicorn_config",
        "uvicorn",
        "Config.__init__",
        parameters=(
            "http",
            "timeout_keep_alive",
            "ws_per_message_deflate",
            "forwarded_allow_ips",
            "proxy_headers",
        ),
    ),
    *(
        PrivateName("connection_bounds", _PROTOCOL, f"HttpToolsProtocol.{name}", parameters=parameters)
        for name, parameters in {
            "connection_made": ("transport",),
            "connection_lost": ("exc",),
            "data_received": ("data",),
            "on_message_begin": (),
            "on_headers_complete": (),
            "on_body": ("body",),
            "on_message_complete": (),
            "on_response_complete": (),
        }.items()
    ),
    PrivateName("connection_bounds", _PROTOCOL, "STATUS_LINE"),
    PrivateName("media_types", "_bentoml_sdk.io_models", "IOMixin.mime_type"),
    PrivateName("media_types", "_bentoml_sdk.io_models", "IOMixin.media_type"),
    PrivateName("unread_request", "bentoml", "IODescriptor.from_http_request", parameters=("request", "serde")),
    PrivateName("metrics_dir", "bentoml.container", "BentoMLContainer.prometheus_multiproc_dir._provide"),
    PrivateName("model_store", "bentoml.container", "BentoMLContainer.model_store_dir.get"),
    PrivateName("shutdown", "bentoml.container", "BentoMLContainer.remote_runner_mapping.get"),
    PrivateName(
        "metrics_files", "prometheus_client.mmap_dict", "MmapedDict.__init__", parameters=("filename", "read_mode")
    ),
    PrivateName("metrics_files", "prometheus_client.mmap_dict", "MmapedDict._init_value", parameters=("key",)),
    PrivateName("metrics_files", "prometheus_client.mmap_dict", "MmapedDict.read_value", parameters=("key",)),
    PrivateName(
        "metrics_files",
        "prometheus_client.mmap_dict",
        "MmapedDict.write_value",
        parameters=("key", "value", "timestamp"),
    ),
    PrivateName("metrics_files", "prometheus_client.values", "MmapedDict"),
    PrivateName("worker_metrics", "prometheus_client.multiprocess", "mark_process_dead", parameters=("pid", "path")),
    PrivateName(
        "worker_metrics", "prometheus_client.multiprocess", "MultiProcessCollector", parameters=("registry", "path")
    ),
    PrivateName("supervisor", "bentoml._internal.utils.circus", "Arbiter.__init__"),
    PrivateName("supervisor", "circus.arbiter", "Arbiter.__init__", parameters=("check_delay", "proc_name")),
    PrivateName("supervisor", "circus.sighandler", "SysHandler.quit", parameters=("self",)),
    PrivateName("forked_workers", "circus.process", "Popen"),
    PrivateName("forked_workers", "_bentoml_impl.worker.service", "main"),
    PrivateName("forked_workers", "bentoml._internal.log", "configure_server_logging"),
    PrivateName("forked_workers", "prometheus_client.values", "get_value_class"),
    PrivateName("socket_paths", "_bentoml_impl.server.serving", "MAX_AF_UNIX_PATH_LENGTH"),
)
"""Every private name that can be looked up without running a server; the tests run the rest."""


def check_names(names: Iterable[PrivateName] = PRIVATE_NAMES) -> None:
    """Check that private names are there, with the parameters that are relied on. Imports their modules.

    Args:
        names: Names to check.

    Raises:
        IncompatiblePackage: One of them is gone, or has lost a parameter.
    """
    for private in names:
        full = f"{private.module}.{private.name}"
        try:
            found: Any = importlib.import_module(private.module)
            for part in private.name.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError) as error:
            raise IncompatiblePackage(_message(private, f"{full} is gone")) from error
        if private.parameters:
            missing = set(private.parameters) - set(inspect.signature(found).parameters)
            if missing:
                raise IncompatiblePackage(_message(private, f"{full} no longer takes {', '.join(sorted(missing))}"))


def _message(private: PrivateName, what: str) -> str:
    installed = ", ".join(f"{package} {_version(package)}" for package in TESTED)
    tested = ", ".join(f"{package} {series}" for package, series in TESTED.items())
    return (
        f"This version of hindi_stt cannot run with the packages that are installed ({installed}): {what}, which "
        f"hindi_stt/bentoml_compat/{private.user}.py relies on. It was tested with {tested}."
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(missing)"


def untested_versions() -> dict[str, str]:
    """Find the packages whose installed version is of a series that was not tested.

    Returns:
        Installed versions by the name of the package.
    """
    installed = {package: _version(package) for package in TESTED}
    return {
        package: found for package, found in installed.items() if found.split(".")[:2] != TESTED[package].split(".")
    }


def warn_of_untested_versions() -> None:
    """Log each package whose version was not tested."""
    for package, found in untested_versions().items():
        log.warning(
            "%s %s is installed, and this server was tested with %s: install the versions of requirements/serve.lock",
            package,
            found,
            TESTED[package],
        )
