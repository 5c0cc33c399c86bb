"""A real Asterisk that plays a recording into AudioSocket: HINDI_STT_TEST_ASTERISK names the root of its installation.

"/" where it is installed here; a folder where it is in one of another release (Debian: `debootstrap --include=asterisk,
asterisk-modules sid FOLDER`), which needs root for chroot.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = os.environ.get("HINDI_STT_TEST_ASTERISK", "")
SIGNED_LINEAR = {8_000: "sln", 16_000: "sln16", 48_000: "sln48"}

ASTERISK_CONF = """
[directories]
astetcdir => {folder}
astmoddir => {modules}
astvarlibdir => {folder}
astdbdir => {folder}
astkeydir => {folder}
astdatadir => /usr/share/asterisk
astagidir => {folder}
astspooldir => {folder}
astrundir => {folder}
astlogdir => {folder}
[options]
documentation_language = en_US
"""
# The modules that a module needs come before it.
MODULES = (
    *("res_timing_timerfd", "res_clioriginate", "res_audiosocket", "app_audiosocket", "chan_audiosocket"),
    *("app_playback", "app_senddtmf", "codec_resample", "codec_ulaw", "format_pcm", "format_sln", "pbx_config"),
)
# `listen`: the application, at 8 kHz. `talk`: what the caller says.
EXTENSIONS = """
[calls]
exten => talk,1,Answer()
 same => n,Playback({folder}/{recording})
 same => n,SendDTMF(57)
 same => n,Wait(0.5)
 same => n,Hangup()
exten => listen,1,Answer()
 same => n,AudioSocket({call_id},127.0.0.1:{port})
 same => n,Hangup()
"""


class Asterisk:
    """A process of Asterisk without telephone lines, in a folder of its own."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._chroot = [] if root == Path("/") else ["chroot", str(root)]
        self._outside = folder
        self._inside = Path("/") / folder.relative_to(root)

    def _command(self, *arguments: str) -> list[str]:
        return [*self._chroot, "/usr/sbin/asterisk", "-C", str(self._inside / "asterisk.conf"), *arguments]

    def configure(self, samples: np.ndarray, rate: int, call_id: str, port: int) -> None:
        """Write the recording and the dial plan.

        Args:
            samples: int16, at `rate` Hz.
            rate: 8,000, 16,000 or 48,000.
            call_id: The UUID of the call.
            port: That of the server's AudioSocket.
        """
        (self._outside / f"recording.{SIGNED_LINEAR[rate]}").write_bytes(samples.astype("<i2").tobytes())
        values = {"folder": self._inside, "recording": "recording", "call_id": call_id, "port": port}
        (self._outside / "extensions.conf").write_text(EXTENSIONS.format(**values))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The process, ready for commands."""
        log = (self._outside / "log").open("w")
        process = subprocess.Popen(self._command("-f"), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 60
            while "fully booted" not in self.tell("core waitfullybooted"):
                assert process.poll() is None, (self._outside / "log").read_text()
                assert time.monotonic() < deadline, (self._outside / "log").read_text()
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)
            log.close()

    def tell(self, command: str) -> str:
        """Run a command of its console, and return what it answers."""
        done = subprocess.run(self._command("-rx", command), capture_output=True, text=True, timeout=60, check=False)
        return done.stdout + done.stderr

    def wait_until_idle(self, timeout_s: float = 120) -> None:
        """Wait until no channel is open."""
        deadline = time.monotonic() + timeout_s
        while "0 active channels" not in self.tell("core show channels"):
            assert time.monotonic() < deadline, (self._outside / "log").read_text()
            time.sleep(0.2)


@contextlib.contextmanager
def asterisk() -> Iterator[Asterisk]:
    """An Asterisk that is configured but not yet running, and its folder, which is removed."""
    root = Path(ROOT)
    (modules,) = [path for path in (root / "usr/lib").glob("**/asterisk/modules") if path.is_dir()]
    folder = Path(tempfile.mkdtemp(prefix="asterisk-", dir=root / "tmp"))
    try:
        own = Asterisk(root, folder)
        inside = Path("/") / folder.relative_to(root)
        text = ASTERISK_CONF.format(folder=inside, modules=Path("/") / modules.relative_to(root))
        (folder / "asterisk.conf").write_text(text)
        wanted = "\n".join(f"load => {name}.so" for name in MODULES)
        (folder / "modules.conf").write_text(f"[modules]\nautoload=no\n{wanted}\n")
        yield own
    finally:
        shutil.rmtree(folder)
