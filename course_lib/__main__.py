"""Entry point of ``python -m course_lib``."""

from course_lib.cli.main import main

if __name__ == "__main__":
    main()
