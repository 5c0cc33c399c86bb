"""Tests with the marker bulk need Ray (make prove-bulk); where it is missing they are not collected."""

import importlib.util

collect_ignore = [] if importlib.util.find_spec("ray") else ["test_bulk.py", "test_output.py"]
