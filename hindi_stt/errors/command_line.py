"""Errors that stop a command, or the start of a server."""

from __future__ import annotations

from hindi_stt.errors.base import HindiSTTError

__all__ = [
    "BulkNotInstalled",
    "IncompatiblePackage",
    "InvalidSetting",
    "KeyFileInvalid",
    "LedgerUnavailable",
    "NoMicrophone",
    "OutputUnusable",
]


class NoMicrophone(HindiSTTError):
    """On the command line: `hindi-stt listen` finds no sounddevice package, or no microphone that it can open."""

    code, status = "no_microphone", 500
    help = "Connect one, and install: .venv/bin/pip install sounddevice, apt install libportaudio2."


class BulkNotInstalled(HindiSTTError):
    """On the command line: `hindi-stt bulk` needs Ray, which is not installed."""

    code, status = "bulk_not_installed", 500
    help = "In a checkout run 'make bulk', then .venv-bulk/bin/hindi-stt bulk …."


class OutputUnusable(HindiSTTError):
    """On the command line: transcripts cannot be written to the output, or another run is writing to it."""

    code, status = "output_unusable", 500
    help = "Name a folder that you may write to, or a URL that fsspec has a driver for: s3://… needs pip install s3fs."


class InvalidSetting(HindiSTTError):
    """At start-up or on the command line: an environment variable has a value that cannot be used."""

    code, status = "invalid_setting", 500
    help = "docs/settings.md lists the variables and what they take."


class IncompatiblePackage(HindiSTTError):
    """At start-up: an installed package has a version that this server cannot run with."""

    code, status = "incompatible_package", 500
    help = "Install the versions that were tested: pip install -r requirements/serve.lock"


class KeyFileInvalid(HindiSTTError):
    """At start-up or on the command line: HINDI_STT_KEY_FILE cannot be used."""

    code, status = "key_file_invalid", 500
    help = "Make the file with 'hindi-stt keys new NAME'; 'hindi-stt keys list' shows what it holds."


class LedgerUnavailable(HindiSTTError):
    """At start-up or on the command line: the database of HINDI_STT_USAGE_URL cannot be used."""

    code, status = "ledger_unavailable", 500
    help = "Compare the URL with SQLAlchemy's documentation; PostgreSQL needs a driver: pip install psycopg[binary]"
