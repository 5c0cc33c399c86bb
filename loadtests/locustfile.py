"""Locust users: `locust -f loadtests/locustfile.py --host http://localhost:3000`, with its page or --headless.

Requests arrive as a Poisson process of `--rate` per second whatever the server does, and a request's time counts from
its arrival: a slow server cannot slow down the load that measures it. What the server says of a clip while idle is
asked first; any other answer under load is a failure. A refusal with Retry-After (429, 503) is counted as "refused".
"""

from __future__ import annotations

import base64
import json
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import gevent
from gevent.pool import Group
from locust import FastHttpUser, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser
from websockets.sync.client import connect

from loadtests.clips import Clip, mixed_clips

MIXES: dict[str, dict[str, float]] = {
    "clips": {"clip": 1.0},
    "realistic": {"clip": 0.76, "openai": 0.10, "long": 0.01, "stream": 0.03, "poison": 0.05, "vanish": 0.05},
}
POISON = (b"", b"this is no audio", b"RIFF\x24\x00\x00\x00WAVE", b"PK\x03\x04" + bytes(500))
CLIENT_ERRORS = range(400, 500)
REFUSED = (429, 503)


@events.init_command_line_parser.add_listener
def add_arguments(parser: LocustArgumentParser) -> None:
    """What of the load can be set."""
    parser.add_argument("--rate", type=float, default=1.0, help="mean arrivals per second")
    parser.add_argument("--mix", choices=list(MIXES), default="clips", help="what arrives")
    parser.add_argument("--field", default="text", help="field of the answer that holds the text")
    parser.add_argument("--log", default="", metavar="FILE", help="one line of JSON for each request")
    parser.add_argument("--seconds", type=float, default=0, help="end after this long under load; 0: when told to")
    parser.add_argument("--seed", type=int, default=0)


class Arrivals(FastHttpUser):
    """The source of all requests; one of it is enough: --users 1."""

    network_timeout = connection_timeout = 120.0
    concurrency = 2000
    fixed_count = 1

    def on_start(self) -> None:
        """Ask for every clip's text while nothing else is going on."""
        self.random = random.Random(self.options.seed)
        self.started = 0.0
        self.clips = mixed_clips(24)
        self.long_clip = mixed_clips(1, shortest_s=60, longest_s=61)[0]
        self.answers = {clip: self._idle_answer(clip) for clip in [*self.clips, self.long_clip]}
        self.environment.stats.reset_all()
        self.sent: Group = Group()
        self.started = self.next_arrival = time.time()

    @property
    def options(self) -> object:
        """The command line's."""
        return self.environment.parsed_options

    @task
    def arrive(self) -> None:
        """Wait for the next arrival, and let it run by itself."""
        self.next_arrival += self.random.expovariate(self.options.rate)
        if 0 < self.options.seconds < self.next_arrival - self.started:
            self.sent.join()
            self.environment.runner.quit()
            raise StopUser
        delay = self.next_arrival - time.time()
        if delay > 0:
            gevent.sleep(delay)
        mix = MIXES[self.options.mix]
        kind: Callable[[float], None] = getattr(self, f"_{self.random.choices(list(mix), list(mix.values()))[0]}")
        self.sent.spawn(kind, self.next_arrival)

    def _idle_answer(self, clip: Clip) -> str:
        for _ in range(20):
            with self._post("/transcribe", clip, name="idle") as response:
                if response.status_code == 200:
                    return response.json()[self.options.field]
            gevent.sleep(0.5)
        raise StopUser(f"the server does not answer: {response.status_code} {response.text[:200]}")

    def _post(self, path: str, clip: Clip, name: str, data: dict[str, str] | None = None) -> object:
        files = {"file": ("clip.wav", clip.content, "audio/wav")}
        context = {"audio_s": clip.duration_s, "at": time.time() - self.started}
        return self.client.post(path, files=files, data=data, name=name, context=context, catch_response=True)

    def _clip(self, arrival: float) -> None:
        self._timed("clip", "/transcribe", self.random.choice(self.clips), arrival)

    def _long(self, arrival: float) -> None:
        self._timed("long", "/transcribe", self.long_clip, arrival)

    def _openai(self, arrival: float) -> None:
        data = {"model": "whisper-1", "response_format": "json"}
        clip = self.random.choice(self.clips)
        self._timed("openai", "/v1/audio/transcriptions", clip, arrival, field="text", data=data)

    def _timed(
        self, name: str, path: str, clip: Clip, arrival: float, field: str = "", data: dict[str, str] | None = None
    ) -> None:
        with self._post(path, clip, name, data) as response:
            late_ms = (response.request_meta["start_time"] - arrival) * 1000
            response.request_meta["response_time"] = (time.time() - arrival) * 1000
            if response.status_code in REFUSED:
                response.request_meta["name"] = f"{name}, refused"
                has_hint = "retry-after" in {key.lower() for key in response.headers or {}}
                response.success() if has_hint else response.failure("refused without Retry-After")
            elif response.status_code != 200:
                why = f"{response.error!r}, sent {late_ms:.0f} ms late" if not response.status_code else ""
                response.failure(f"status {response.status_code} {why}")
            elif response.json()[field or self.options.field] != self.answers[clip]:
                response.failure("another text than when idle")
            else:
                response.success()

    def _poison(self, arrival: float) -> None:
        files = {"file": ("clip.wav", self.random.choice(POISON), "audio/wav")}
        with self.client.post("/transcribe", files=files, name="poison", catch_response=True) as response:
            response.request_meta["response_time"] = (time.time() - arrival) * 1000
            if response.status_code in CLIENT_ERRORS and response.json()["error"]["code"]:
                response.success()
            else:
                response.failure(f"status {response.status_code}")

    def _stream(self, arrival: float) -> None:
        """A realtime connection: a clip in packets of a tenth of a second at the pace of speech, and its final text."""
        clip = self.random.choice(self.clips)
        target = urlsplit(self.host)
        url = f"ws://{target.netloc}/v1/realtime?intent=transcription"
        audio = {"input": {"format": {"type": "audio/pcm", "rate": 16_000}, "turn_detection": None}}
        try:
            with connect(url, open_timeout=60, close_timeout=10) as connection:
                connection.send(json.dumps({"type": "session.update", "session": {"audio": audio}}))
                samples = clip.content[44:]
                for start in range(0, len(samples), 3_200):
                    packet = base64.b64encode(samples[start : start + 3_200]).decode()
                    connection.send(json.dumps({"type": "input_audio_buffer.append", "audio": packet}))
                    gevent.sleep(0.1)
                connection.send('{"type": "input_audio_buffer.commit"}')
                kind = ""
                while not kind.endswith(".completed"):
                    event = json.loads(connection.recv(timeout=60))
                    kind = event["type"]
                    if "error" in event:
                        raise RuntimeError(event["error"]["code"])
        except Exception as error:  # noqa: BLE001  whatever it is, it is counted
            self._report("stream", error)
        else:
            self._report("stream", None)
        del arrival

    def _vanish(self, arrival: float) -> None:
        """A client that hangs up when half of its clip is sent."""
        del arrival
        target = urlsplit(self.host)
        clip = self.random.choice(self.clips)
        part = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="clip.wav"\r\n\r\n'
        head = (
            f"POST /transcribe HTTP/1.1\r\nHost: {target.netloc}\r\n"
            "Content-Type: multipart/form-data; boundary=cut\r\n"
            f"Content-Length: {len(part) + len(clip.content) + len('--cut--')}\r\n\r\n"
        )
        try:
            with socket.create_connection((target.hostname, target.port), timeout=30) as connection:
                connection.sendall(head.encode() + part + clip.content[: len(clip.content) // 2])
        except OSError as error:
            self._report("vanish", error)
        else:
            self._report("vanish", None)

    def _report(self, name: str, error: Exception | None) -> None:
        events.request.fire(
            request_type="POST", name=name, response_time=0, response_length=0, exception=error, context={}
        )


@events.init.add_listener
def log_requests(environment: Environment, **_: object) -> None:
    """Write what happened to --log."""
    if not (environment.parsed_options and environment.parsed_options.log):
        return
    file = Path(environment.parsed_options.log).open("w", encoding="utf-8")  # noqa: SIM115  # closed at the end

    def write(name: str, response_time: float, exception: Exception | None, context: dict, **_: object) -> None:
        line = {"name": name, "ms": response_time, "error": str(exception or ""), **context}
        file.write(json.dumps(line) + "\n")

    events.request.add_listener(write)
    events.quit.add_listener(lambda **_: file.close())


@events.quitting.add_listener
def fail_on_errors(environment: Environment, **_: object) -> None:
    """Exit 1 where any request failed."""
    if environment.stats.total.num_failures:
        environment.process_exit_code = 1
