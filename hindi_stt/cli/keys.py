"""hindi-stt keys: make, list and revoke API keys; hindi-stt usage: sums from the usage ledger."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from hindi_stt.access.key_file import edit, make_key, read_key_file
from hindi_stt.access.ledger import read_sums
from hindi_stt.errors import InvalidSetting, KeyFileInvalid
from hindi_stt.settings import get_settings

__all__ = ["add_keys", "add_usage"]


def add_keys(commands: Any) -> None:
    """Add `keys` to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
    """
    parser = commands.add_parser("keys", help="make, list or revoke API keys; a running server sees it at once")
    parser.add_argument("--file", type=Path, help="the key file (default: HINDI_STT_KEY_FILE)")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    new = actions.add_parser("new", help="make a key and print it: it is shown this once")
    new.add_argument("name", metavar="NAME", help="name of the owner, who may have several keys")
    new.add_argument("--requests-per-minute", type=int, metavar="N", help="limit; 0: none (default: the server's)")
    new.add_argument(
        "--audio-s-per-hour", type=float, metavar="S", help="limit in seconds; 0: none (default: the server's)"
    )
    new.set_defaults(run=_new)
    actions.add_parser("list", help="list ids, names, limits and revocations").set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="make a key invalid, from the next request on")
    revoke.add_argument("key", metavar="ID|NAME", help="id of one key, or name of an owner for all keys")
    revoke.set_defaults(run=_revoke)


def add_usage(commands: Any) -> None:
    """Add `usage` to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
    """
    parser = commands.add_parser("usage", help="requests, failures and seconds of audio, from the usage ledger")
    parser.add_argument("--url", help="the database (default: HINDI_STT_USAGE_URL)")
    parser.add_argument(
        "--by", choices=["client", "model", "day"], default="client", help="what to sum by (default: client)"
    )
    parser.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD", help="from this day on, in UTC")
    parser.set_defaults(run=_usage)


def _usage(arguments: argparse.Namespace) -> int:
    if not (url := arguments.url or get_settings().usage_url):
        raise InvalidSetting("No usage ledger: give --url, or set HINDI_STT_USAGE_URL.")
    since = datetime.combine(arguments.since, time(), UTC) if arguments.since else None
    print(f"{arguments.by}\trequests\tfailed\taudio_s")
    for sums in read_sums(url, arguments.by, since):
        print(f"{sums.group}\t{sums.requests}\t{sums.failed}\t{sums.audio_s:.1f}")
    return 0


def _path(arguments: argparse.Namespace) -> Path:
    if arguments.file is not None:
        return Path(arguments.file)
    if not (named := get_settings().key_file):
        raise InvalidSetting("No key file: give --file, or set HINDI_STT_KEY_FILE.")
    return Path(named)


def _new(arguments: argparse.Namespace) -> int:
    entry, key = make_key(
        arguments.name,
        requests_per_minute=arguments.requests_per_minute,
        audio_s_per_hour=arguments.audio_s_per_hour,
    )
    with edit(_path(arguments)) as keys:
        keys.append(entry)
    print(key)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    for key in read_key_file(_path(arguments)).keys:
        state = f"revoked {key.revoked:%Y-%m-%d}" if key.revoked else "valid"
        limits = ["-" if limit is None else f"{limit:g}" for limit in (key.requests_per_minute, key.audio_s_per_hour)]
        print("\t".join((key.id, key.name, f"{key.created:%Y-%m-%d}", state, *limits)))
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    now = datetime.now(UTC).replace(microsecond=0)
    with edit(_path(arguments)) as keys:
        meant = [i for i, key in enumerate(keys) if arguments.key in {key.id, key.name} and key.revoked is None]
        if not meant:
            raise KeyFileInvalid(f"There is no valid key {arguments.key!r}.")
        for i in meant:
            keys[i] = keys[i].model_copy(update={"revoked": now})
            print(f"{keys[i].id}\t{keys[i].name}\trevoked")
    return 0
