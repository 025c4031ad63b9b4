"""`python -m postroad`, for machines where the console command is not on the path."""

import sys

from postroad.cli import main

if __name__ == "__main__":
    sys.exit(main())
