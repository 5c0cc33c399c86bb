"""How well a model hears: word and character error rates, their uncertainty, and the comparison of two runs."""

from hindi_stt.evaluation.manifest import Utterance, read_manifest
from hindi_stt.evaluation.metrics import Comparison, ErrorRate, compare, error_rate
from hindi_stt.evaluation.normalise import FORMS, Form, apply_form

__all__ = [
    "FORMS",
    "Comparison",
    "ErrorRate",
    "Form",
    "Utterance",
    "apply_form",
    "compare",
    "error_rate",
    "read_manifest",
]
