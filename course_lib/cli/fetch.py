"""The command that fetches data sets: fetch."""

from pathlib import Path
from typing import Annotated

import typer

from course_lib.cli.app import app
from course_lib.data.downloads import fetch as fetch_set


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="Data sets: kvasir-seg, breastmnist, ...")],
    folder: Annotated[
        Path | None, typer.Option(help="Where to; COURSE_DATA or the cache if left out.")
    ] = None,
) -> None:
    """Fetch data sets from their own sites; an interrupted download goes on where it stopped."""
    for name in names:
        for path in fetch_set(name, folder, say=print):
            print(path)
