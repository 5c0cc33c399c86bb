"""hindi-stt calls list: live calls; hindi-stt calls tail: the words of one, or of each that begins, in a shell."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx

from hindi_stt.errors import HindiSTTError, InternalError, RunnerUnavailable, from_code

__all__ = ["add_calls"]

_DEFAULT_URL: Final = "http://127.0.0.1:3000"
_KEY_VARIABLE: Final = "HINDI_STT_API_KEY"
_POLL_S: Final = 2.0
_TIMEOUT: Final = httpx.Timeout(10.0, read=60.0)


def add_calls(commands: Any) -> None:
    """Add the commands to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
    """
    parser = commands.add_parser("calls", help="live calls of a running server, and their words")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list live calls: id, protocol, start time")
    listing.set_defaults(run=_list)
    tail = actions.add_parser("tail", help="print what is said, a line for each utterance, until the call has ended")
    tail.add_argument("call", nargs="?", help="id of a call; without one, every call until Control-C")
    tail.add_argument("--json", action="store_true", help="print every event as JSON")
    tail.set_defaults(run=_tail)
    for action in (listing, tail):
        action.add_argument("--url", default=_DEFAULT_URL, help=f"address of the server (default: {_DEFAULT_URL})")
        action.add_argument("--key", default="", help=f"API key (default: that of {_KEY_VARIABLE})")


def _client(arguments: argparse.Namespace) -> httpx.Client:
    key = arguments.key or os.environ.get(_KEY_VARIABLE, "")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=arguments.url, headers=headers, timeout=_TIMEOUT)


def _list(arguments: argparse.Namespace) -> int:
    with _client(arguments) as client:
        for call in _live(client):
            print("\t".join((call["call"], call["protocol"], _clock(call["time"]))))
    return 0


def _tail(arguments: argparse.Namespace) -> int:
    with _client(arguments) as client:
        try:
            if arguments.call:
                _print_events(client, arguments.call, arguments.json)
            else:
                _tail_all(client, arguments.json)
        except KeyboardInterrupt:
            return 0
    return 0


def _tail_all(client: httpx.Client, as_json: bool) -> None:  # noqa: FBT001
    """Follow every call that is live or begins."""
    seen: set[str] = set()
    while True:
        for call in _live(client):
            if call["call"] not in seen:
                seen.add(call["call"])
                work = (client, call["call"], as_json)
                threading.Thread(target=_print_events, args=work, daemon=True).start()
        time.sleep(_POLL_S)


def _live(client: httpx.Client) -> list[dict[str, Any]]:
    try:
        answer = client.get("/v1/calls")
    except httpx.HTTPError as error:
        raise RunnerUnavailable(f"{client.base_url} does not answer: {error}.") from error
    _check(answer)
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def _print_events(client: httpx.Client, call: str, as_json: bool) -> None:  # noqa: FBT001
    for event in _events(client, call):
        if as_json:
            print(json.dumps(event, ensure_ascii=False), flush=True)
        elif line := _line(event):
            print(line, flush=True)


def _events(client: httpx.Client, call: str) -> Iterator[dict[str, Any]]:
    try:
        with client.stream("GET", f"/v1/calls/{call}/events") as answer:
            if answer.is_error:
                answer.read()
            _check(answer)
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))
    except httpx.HTTPError as error:
        raise RunnerUnavailable(f"{client.base_url} does not answer: {error}.") from error


def _line(event: dict[str, Any]) -> str:
    """An event as a line for people; empty for one that says nothing to them."""
    call, kind = event["call"], event["type"]
    if kind == "final" and event["text"]:
        return f"{call}\t{event['start']:.1f}\t{event['track']}\t{event['text']}"
    if kind == "call.ended":
        return f"{call}\t{event.get('duration', 0):.1f}\t\t[{event['reason']}]"
    if kind in {"dtmf", "mark"}:
        return f"{call}\t\t\t[{kind} {event['value']}]"
    if kind == "error":
        sys.stderr.write(f"{call}: {event['message']}\n")
    return ""


def _check(answer: httpx.Response) -> None:
    """Raise the server's error, if the answer is one."""
    if not answer.is_error:
        return
    try:
        error = answer.json()["error"]
        found: HindiSTTError = from_code(error["code"], error["message"])
    except (ValueError, KeyError, TypeError):
        found = InternalError(f"The server answered with status {answer.status_code}.")
    raise found


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(seconds))
