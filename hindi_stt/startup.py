"""Prepares each process of a server before its services exist: reads and checks settings, and adapts BentoML.

Importing this module does it, since BentoML's decorators need the settings; where something is wrong the process ends
with one line that says what to do.

Attributes:
    settings: The process's settings.
    registry: The models that it serves.
    protection: Keys, limits and origins.
    model_tag: The default model's tag in BentoML's store; None where a setting names another model.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from hindi_stt.api.middleware.protection import Protection
from hindi_stt.bentoml_compat.install import install
from hindi_stt.bentoml_compat.runtime_dir import in_worker
from hindi_stt.bundle import store
from hindi_stt.errors import HindiSTTError
from hindi_stt.observability.log_config import configure_log
from hindi_stt.observability.request_context import log
from hindi_stt.observability.tracing import send_traces
from hindi_stt.settings import get_settings, unknown_variables
from hindi_stt.startup_checks import check_settings

__all__ = ["NO_ACCESS_LOG", "NO_SPANS", "model_tag", "protection", "registry", "send_traces_of", "settings"]

NO_ACCESS_LOG = {"access": {"enabled": False}}
# BentoML makes a span of each part of a body and each WebSocket message, and sends none; ours are in `tracing`.
NO_SPANS = {"excluded_urls": ".*"}

try:
    settings = get_settings()
    configure_log(settings.log_format)  # in the supervisor too, so that its log has the same form
    install(settings)
    registry = check_settings(settings)
    protection = Protection(settings)
    # The store is what a bento packs its models from; a bundle folder that the user mounts stays where it is.
    model_tag = store.save(registry.default) if not settings.model else None
except HindiSTTError as error:
    raise SystemExit(f"{error.message} {error.help}") from error

if not in_worker():  # once, in the supervisor
    for name, nearest in unknown_variables(os.environ).items():
        log.warning("%s is not a setting%s; see docs/settings.md", name, nearest and f": did you mean {nearest}?")


def send_traces_of(service: str) -> Callable[[], None]:
    """Send this process's traces where the settings say so.

    Args:
        service: Name of the process in the traces.

    Returns:
        A function to call at the end, which sends those that wait.
    """
    return send_traces(settings.traces_url, settings.traces_share, service) if settings.traces_url else lambda: None
