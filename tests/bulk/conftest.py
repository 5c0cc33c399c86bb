"""These tests are run in the environment that has Ray (make prove-bulk); elsewhere they are not even collected."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("ray") else ["test_*.py"]
