"""All commands together: ``python -m course_lib``."""

from course_lib.cli import exercise, fetch, grid, teach, train, use
from course_lib.cli.app import app

COMMANDS = (train, fetch, grid, use, teach, exercise)  # importing these adds their commands


def main() -> None:
    """Run the command line."""
    app(prog_name="python -m course_lib")
