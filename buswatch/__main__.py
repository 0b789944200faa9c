"""``python -m buswatch``: the command line."""

import sys

from buswatch.cli import main

sys.exit(main())
