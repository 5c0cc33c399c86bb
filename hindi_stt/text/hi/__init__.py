"""Hindi: its numerals, its scripts, its end of a sentence."""

from hindi_stt.text.hi.digits import digit_runs
from hindi_stt.text.hi.numerals import rewrite_numerals
from hindi_stt.text.hi.script import rewrite_script

__all__ = ["digit_runs", "rewrite_numerals", "rewrite_script"]
