"""The bound on TMPDIR is where BentoML would fail, and not before."""

from __future__ import annotations

import contextlib
import tempfile

import pytest

from hindi_stt.bentoml_compat.socket_paths import check_socket_paths
from hindi_stt.errors import InvalidSetting


def refused(folder: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(tempfile, "tempdir", folder)
    try:
        check_socket_paths()
    except InvalidSetting:
        return True
    return False


def bentoml_fails(folder: str) -> bool:
    """Whether BentoML can name a socket in a folder that it would make with mkdtemp in this one."""
    import bentoml
    from _bentoml_impl.server.serving import _get_server_socket

    @bentoml.service
    class Service:
        @bentoml.api
        def one(self) -> int:
            return 1

    try:
        with contextlib.ExitStack() as stack:
            _, socket = _get_server_socket(Service, f"{folder}/bentoml-uds-12345678", stack, 10)
            socket.close()
    except AssertionError:
        return True
    return False


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BentoML's own models
def test_the_bound_is_bentomls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENTOML_NO_UDS", raising=False)
    folders = [f"/tmp/{'x' * n}" for n in range(40, 80)]
    found = [refused(folder, monkeypatch) for folder in folders]
    assert found == [bentoml_fails(folder) for folder in folders]
    assert set(found) == {True, False}


def test_without_unix_sockets_there_is_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTOML_NO_UDS", "1")
    assert not refused("/tmp/" + "x" * 200, monkeypatch)
