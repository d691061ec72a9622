"""The command group, and how its errors reach the user."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

WRONG_USE, INTERRUPTED = 2, 130


class Tidy(TyperGroup):
    """Commands whose errors reach the user as one line that names the remedy."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ValueError, OSError, ImportError) as error:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
            raise typer.Exit(WRONG_USE) from error
        except KeyboardInterrupt as error:
            print("\ninterrupted; the same command goes on from the last finished epoch", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from error


app = typer.Typer(
    cls=Tidy,
    help="Train, evaluate and use the networks of the course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Ledger = Annotated[Path, typer.Option(help="Folder of the ledger entries.")]
Accelerator = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
