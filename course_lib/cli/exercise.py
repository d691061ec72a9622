"""Command for lecturers: exercise, a variant of the units for each student."""

import csv
import unicodedata
from pathlib import Path
from typing import Annotated

import typer
import yaml

from course_lib.cli.app import app
from course_lib.exercises import build, published_setup
from course_lib.variants import (
    HANDED_OUT,
    handed_out,
    make_secret,
    normalised,
    note_handed_out,
    questions_of,
    read_secret,
)

HEADINGS = ("student", "student id", "id", "id number", "username")
FORBIDDEN = set('/\\:*?"<>|')


@app.command()
def exercise(
    student: Annotated[list[str] | None, typer.Option(help="ID of a student; may be repeated.")] = None,
    students: Annotated[Path | None, typer.Option(help="List of IDs: a line or a CSV row each.")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="Name of a unit; all if not given.")] = None,
    secret_file: Annotated[Path, typer.Option(help="Holds the course's secret; made if absent.")] = Path(
        "PRIVATE/secret.txt"
    ),
    out: Annotated[Path | None, typer.Option(help="Folder that gets a folder a student.")] = None,
    solved: Annotated[bool, typer.Option("--solved", help="With the solutions, for lecturers.")] = False,
    course: Annotated[Path, typer.Option(help="Folder of the course's repository.")] = Path("."),
) -> None:
    """Write exercises whose orders, feature types and kernel sizes are drawn for each student.

    The draw depends on the student's ID and the course's secret alone. `grade` judges by the same draw
    the units that are listed beside the secret; this command adds them.
    """
    names = folders_of([*(student or []), *(read_students(students) if students else [])])
    sources = sources_of(course, unit or [])
    folder = out or Path("PRIVATE/solved" if solved else "variants")
    if not solved and secret_file.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{secret_file} must not lie in {folder}, which students get; choose another --out")
    if secret_file.exists():
        secret = read_secret(secret_file)
    else:
        secret = make_secret(secret_file)
        print(f"made a new secret, {secret_file}: keep it to the end of the term, and show it to no student")
    site = yaml.safe_load((course / "_config.yml").read_text("utf8"))["html"]["baseurl"]
    for source in sources:
        setup = published_setup(course / "exercises" / f"{source.stem}.ipynb")
        built: dict[tuple[str, ...], str] = {}
        for name in names:
            questions = questions_of(source.stem, student=name, secret=secret)
            drawn = tuple(str(question.value) for question in questions.values() if question.drawn)
            if drawn not in built:
                built[drawn] = build(source, setup, site, questions=questions, solved=solved)
            path = folder / name / f"{source.stem}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(built[drawn], "utf8")
        print(f"{source.stem}: {len(built)} variants for {len(names)} students")
    new = [source.stem for source in sources if source.stem not in handed_out(secret_file)]
    if not solved and new:
        note_handed_out(secret_file, new)
        print(f"grade will judge by variants: {', '.join(new)}, listed in {secret_file.parent / HANDED_OUT}")
    print(folder)


def sources_of(course: Path, units: list[str]) -> list[Path]:
    """Sources of the wanted units, or of all.

    Raises:
        ValueError: If the repository or a unit is missing.
    """
    folder = course / "solutions"
    found = {path.stem: path for path in sorted(folder.glob("*.py"))}
    if not found:
        raise ValueError(
            f"{folder} must hold the sources of the units, which an installed library does not bring; "
            "clone the course's repository and name its folder by --course"
        )
    unknown = [name for name in units if name not in found]
    if unknown:
        raise ValueError(f"units are {', '.join(found)}; got {', '.join(unknown)}")
    return [found[name] for name in units] if units else list(found.values())


def read_students(path: Path) -> list[str]:
    """IDs from a list: whole lines of a text file, or one column of a CSV file.

    The column of a CSV file is the one with a heading such as ``student`` or ``ID number``, and
    the first one if there is no such heading.

    Raises:
        ValueError: If the list is empty.
    """
    text = path.read_text("utf-8-sig")
    rows = [[line] for line in text.splitlines()]
    if path.suffix.lower() == ".csv":
        rows = [row for row in csv.reader(text.splitlines()) if any(row)]
        headings = [cell.strip().lower() for cell in rows[0]] if rows else []
        column = next((headings.index(name) for name in HEADINGS if name in headings), None)
        rows = [row[column or 0 : (column or 0) + 1] for row in (rows if column is None else rows[1:])]
    names = [row[0].strip() for row in rows if row and row[0].strip()]
    if not names:
        raise ValueError(f"{path} must hold the students' IDs, one a line; it holds none")
    return names


def folders_of(students: list[str]) -> list[str]:
    """Names of the folders: the IDs themselves, by which `grade` finds the variant again.

    Raises:
        ValueError: If there is none, one twice, or one that cannot name a folder.
    """
    if not students:
        raise ValueError("name a student by --student, or a list of them by --students")
    names: dict[str, str] = {}
    for student in students:
        key, name = normalised(student), unicodedata.normalize("NFC", student.strip())
        if key in names:
            raise ValueError(
                f"{student!r} is the same ID as {names[key]!r}; IDs must differ in more than case"
            )
        if (
            FORBIDDEN & set(name)
            or not name.isprintable()
            or name[0] in "._"
            or name[-1] == "."
            or len(name) > 100
        ):
            raise ValueError(
                f"{student!r} must be able to name a folder: no {' '.join(sorted(FORBIDDEN))}, no dot or "
                "underscore in front, at most 100 characters; take another ID"
            )
        names[key] = name
    return list(names.values())
