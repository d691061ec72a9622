"""All commands together: ``python -m course_lib``."""

from course_lib.cli import teach, train, use
from course_lib.cli.app import app

COMMANDS = (train, use, teach)  # importing these adds their commands, in this order


def main() -> None:
    """Run the command line."""
    app(prog_name="python -m course_lib")
