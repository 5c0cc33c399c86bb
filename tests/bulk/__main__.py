"""The command line, for processes that the tests start."""

import sys

from hindi_stt.cli.main import main

sys.exit(main())
