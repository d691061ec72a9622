"""Data sets fetched from their own sites, with their terms said first and their content checked."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pooch

from course_lib.data import digits, medmnist, polyps
from course_lib.data.catalogue import DRAWN, NAMES, SYNTHETIC, check_name
from course_lib.data.sources import Folder, Source, data_folder, find, find_file
from course_lib.data.transfer import PATIENT, Patience, Say, download
from course_lib.data.unpacking import SIGNATURE, unpack_rar

FETCHABLE = tuple(name for name in NAMES if name not in DRAWN and name != SYNTHETIC)

# The address on the page of the set. Its publisher gives no checksum; this is the one that
# others who fetch the file have noted, torch_em among them.
KVASIR_ADDRESSES = ("https://datasets.simula.no/downloads/kvasir-seg.zip",)
KVASIR_DIGEST = "sha256:03b30e21d584e04facf49397a2576738fd626815771afbbf788f74a7153478f7"

# The page of the set leads to Dropbox, first to the one link and now to the other; a RAR
# archive without a published checksum, so its content is checked when it is unpacked.
CLINICDB_ADDRESSES = (
    "https://www.dropbox.com/scl/fi/ky766dwcxt9meq3aklkip/CVC-ClinicDB.rar?rlkey=61xclnrraadf1niqdvldlds93&dl=1",
    "https://www.dropbox.com/s/p5qe9eotetjnbmq/CVC-ClinicDB.rar?dl=1",
)

# The first site of MNIST (yann.lecun.com) now refuses; these two mirrors hold the same files.
MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)
MNIST_DIGESTS = {
    "train-images-idx3-ubyte": "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}


def fetch(name: str, root: str | Path | None = None, *, say: Say, patience: Patience = PATIENT) -> list[Path]:
    """Fetch a data set into the folder where ``load`` looks, unless it is there and good.

    Args:
        name: Name for ``load``; not one of the drawn sets, which need no file.
        root: Folder of the data. Without it the folder in the variable ``COURSE_DATA`` is
            taken, else the user's cache.
        say: Told the terms of use before anything is fetched, then the progress, a line at a time.
        patience: How long to wait for a server and how often to ask.

    Returns:
        The files of the set, or its folder.

    Raises:
        ValueError: If there is no such set, what is there is damaged, or what came is wrong.
        ConnectionError: If no server gave the file; a later call goes on where this one stopped.
        OSError: If the disk is full or the folder cannot be written.
    """
    if name in (SYNTHETIC, *DRAWN):
        raise ValueError(f"{name} is drawn by the package and needs no file; load it by its name")
    check_name(name, FETCHABLE)
    folder = data_folder(root)
    if name in digits.SETS:
        return fetch_digits(name, folder, say, patience)
    if name in medmnist.FLAGS:
        return [fetch_medmnist(name, folder, say, patience)]
    spec = polyps.KVASIR if name == polyps.KVASIR.name else polyps.CLINICDB
    if source := find(name, [folder]):
        check_polyps(spec, source)
        say(f"{source.path} is there already and good")
        return [source.path]
    say(f"terms of {name}: {spec.licence}")
    return [(fetch_kvasir if spec is polyps.KVASIR else fetch_clinicdb)(folder / "polyps", say, patience)]


def fetch_medmnist(flag: str, folder: Path, say: Say, patience: Patience) -> Path:
    """Fetch the file of a MedMNIST set from the address that its authors' package names."""
    known = medmnist.facts(flag)
    path = find_file([f"{flag}.npz"], folder, "medmnist") or folder / "medmnist" / f"{flag}.npz"
    if not is_good(path, partial(medmnist.check_file, flag), say):
        say(f"terms of {flag}: {known['license']}")
        download([known["url"]], path, has_digest(f"md5:{known['MD5']}"), say, patience)
    return path


def fetch_digits(name: str, folder: Path, say: Say, patience: Patience) -> list[Path]:
    """Fetch the files of MNIST from which a set of digits is made."""
    paths = []
    for file in (file for source in digits.SETS[name].sources for file in digits.FILES[source]):
        packed = f"{file.name}.gz"
        path = find_file([packed, file.name], folder, "mnist") or folder / "mnist" / packed
        if not is_good(path, partial(digits.content, file), say):
            say(f"terms of {packed}: {digits.LICENCE}")
            path = path.with_name(packed)
            addresses = [f"{mirror}/{packed}" for mirror in MNIST_MIRRORS]
            download(addresses, path, has_digest(MNIST_DIGESTS[file.name]), say, patience)
        paths.append(path)
    return paths


def fetch_kvasir(folder: Path, say: Say, patience: Patience) -> Path:
    """Fetch Kvasir-SEG as the zip file of its own site."""
    path = folder / "kvasir-seg.zip"
    download(KVASIR_ADDRESSES, path, has_digest(KVASIR_DIGEST), say, patience)
    return path


def fetch_clinicdb(folder: Path, say: Say, patience: Patience) -> Path:
    """Fetch CVC-ClinicDB as the RAR archive of its own site, and unpack and check it.

    An archive that is there already is not fetched again. It is removed in the end.
    """
    archive, unpacked = folder / "CVC-ClinicDB.rar", folder / "cvc-clinicdb"
    if not is_good(archive, is_rar, say):
        download(CLINICDB_ADDRESSES, archive, is_rar, say, patience)
    say(f"unpacking {archive.name}")
    unpack_rar(archive, unpacked, lambda fresh: check_polyps(polyps.CLINICDB, Folder(fresh)))
    archive.unlink()
    return unpacked


def is_good(path: Path, check: Callable[[Path], object], say: Say) -> bool:
    """Whether a file is there and passes its check."""
    if not path.exists():
        return False
    try:
        check(path)
    except ValueError as error:
        say(f"will be replaced: {error}")
        return False
    say(f"{path} is there already and good")
    return True


def has_digest(digest: str) -> Callable[[Path], None]:
    """A check that a file has this checksum, written as ``"md5:..."`` or ``"sha256:..."``."""
    kind, _, wanted = digest.partition(":")

    def check(path: Path) -> None:
        found = pooch.file_hash(str(path), alg=kind)
        if found != wanted:
            raise ValueError(
                f"{path.stem} must have the {kind} {wanted}, what came has {found}; it was removed, try "
                "again, and if it comes again the file at the source has changed"
            )

    return check


def is_rar(path: Path) -> None:
    """Raise where a file is no RAR archive, such as a page that says "not available"."""
    with path.open("rb") as file:
        start = file.read(len(SIGNATURE))
    if start != SIGNATURE:
        raise ValueError(
            f"{path.name} must be a RAR archive, what came begins with {start!r}; fetch it by hand from "
            f"{polyps.CLINICDB.address}"
        )


def check_polyps(spec: polyps.PolypSet, source: Source) -> None:
    """Raise where the content of a set differs from the published one in any pixel.

    Raises:
        ValueError: It says what is wrong.
    """
    found = polyps.content_sha256(spec, source)
    if found != spec.sha256:
        raise ValueError(
            f"{source.path}: SHA-256 of the pictures of {spec.name} must be {spec.sha256}, got {found}; some "
            "are missing or changed, move it away and fetch it again"
        )
