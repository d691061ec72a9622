"""The whole ledger as tables, and one of its runs once more."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from course_lib.data.catalogue import DRAWN, SYNTHETIC
from course_lib.ledger import BENCHMARKS, Entry, read_entry
from course_lib.scores import ClassificationScores, ParticleScores
from course_lib.scoring import load_splits, make_entry
from course_lib.training import fit
from course_lib.weights import build_network

HEADER = ["run", "score", "turned", "parameters, M", "epoch", "minutes", "MB", "data"]


def series(ledger: Path) -> dict[str, list[Entry]]:
    """Entries by the folder that holds them, as a path below the ledger; its own come first, as ``"."``.

    Raises:
        ValueError: If a file in it is no entry.
    """
    folders = {path.parent for path in ledger.rglob("*.json")} - {ledger / BENCHMARKS}
    return {
        folder.relative_to(ledger).as_posix(): [read_entry(path) for path in sorted(folder.glob("*.json"))]
        for folder in sorted(folders)
    }


def ledger_table(entries: Sequence[Entry], *, address: str) -> str:
    """Runs as a Markdown table, each name a link to its entry.

    The score is the Dice, or the AUC, of the upright test images; of particles the mean
    squared error. "Turned" is the agreement at 45 degrees, the mean AUC over all angles and
    axes, or the error on turned sets.

    Args:
        entries: Ledger entries of one folder.
        address: Address of the folder.
    """
    rows = [HEADER, ["---"] * len(HEADER)]
    for entry in entries:
        score, turned = _scores(entry)
        rows.append(
            [
                f"[{entry.name.replace('_', ' ')}]({address}/{entry.name}.json)",
                score,
                turned,
                f"{entry.parameters / 1e6:.3f}",
                f"{entry.scores.validation.epoch} of {entry.settings.epochs}",
                f"{entry.seconds / 60:.1f}",
                f"{entry.peak_memory_mb:,.0f}",
                f"`{entry.data_sha256[:8]}`",
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _scores(entry: Entry) -> tuple[str, str]:
    if isinstance(entry.scores, ClassificationScores):
        aucs = [auc for axis in entry.scores.turned.values() for auc in axis.auc]
        return f"AUC {entry.scores.test.auc:.3f}", f"{sum(aucs) / len(aucs):.3f}"
    if isinstance(entry.scores, ParticleScores):
        return f"MSE {entry.scores.foresight.mse:.4f}", f"{entry.scores.turned.mse:.4f}"
    agreement = entry.scores.agreement
    at_45 = agreement.mean[agreement.angles_deg.index(45)]
    return f"Dice {entry.scores.test.dice.mean:.3f}", f"{at_45:.3f}"


def repeat(entry: Entry) -> Entry:
    """Train and score a run of the ledger again, from its settings alone, and write nothing.

    Args:
        entry: A run on data that is there; choose a small one.
    """
    settings = entry.settings
    splits = load_splits(settings)
    drawn = settings.data in (SYNTHETIC, *DRAWN)  # by floating point, so not to the last bit on every machine
    if splits.sha256 != entry.data_sha256 and not drawn:
        raise ValueError(
            f"{settings.data} must have the checksum {entry.data_sha256[:8]}... of the entry, "
            f"got {splits.sha256[:8]}...; fetch the same files"
        )
    model = build_network(settings)
    with tempfile.TemporaryDirectory() as folder:
        progress = fit(model, splits.train, splits.val, settings, folder=Path(folder), accelerator="cpu")
    return make_entry(model, splits, settings, progress, accelerator="cpu")
