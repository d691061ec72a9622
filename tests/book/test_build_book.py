"""The site is built anew when anything that it shows has changed."""

import build_book
import pytest


@pytest.mark.parametrize(
    "name",
    [
        "course_lib/layers/regular.py",
        "book/ledger/one.json",
        "book/ledger/polyps-colab/two.json",
        "book/weights/net.safetensors",
    ],
)
def test_what_chapters_read_counts(tmp_path, monkeypatch, name):
    monkeypatch.setattr(build_book, "ROOT", tmp_path)
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    states = {build_book.digest(*build_book.LIBRARY)}
    for text in ("new", "changed"):
        path.write_text(text)
        states.add(build_book.digest(*build_book.LIBRARY))
    assert len(states) == 3
