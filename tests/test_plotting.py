import base64
import io
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import plotting
from course_lib.families import FAMILIES
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.plotting import FAMILY_COLOURS, plot_fiber, plot_image, plot_kernel, plot_kernel_bank, slider

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawing(value):
    figure, ax = plt.subplots(figsize=(2, 2))
    ax.bar(0, value)
    ax.set_ylim(0, 10)
    return figure


def frames_of(figure):
    encoded = re.findall(r"data:image/webp;base64,([^\"]+)", figure.html)
    return [Image.open(io.BytesIO(base64.b64decode(frame))) for frame in encoded]


def test_style_is_found_by_name():
    with plt.style.context("course_lib.course"):
        assert plt.rcParams["image.cmap"] == "gray"


def test_every_family_has_a_colour_of_its_own():
    assert set(FAMILIES) <= set(FAMILY_COLOURS)
    assert len(set(FAMILY_COLOURS.values())) == len(FAMILY_COLOURS)


def test_kernel_colours_are_symmetric_about_zero():
    ax = plot_kernel(torch.tensor([[1.0, -3.0], [0.0, 2.0]]), numbers=True)
    assert ax.images[0].get_clim() == (-3, 3)
    assert [text.get_text() for text in ax.texts] == ["1", "-3", "0", "2"]


def test_zero_kernel_can_be_drawn():
    assert plot_kernel(torch.zeros(3, 3)).images[0].get_clim() == (-1, 1)


def test_image_in_grey_and_in_colour():
    assert plot_image(torch.rand(1, 4, 5)).images[0].get_array().shape == (4, 5)
    assert plot_image(torch.rand(3, 4, 5)).images[0].get_array().shape == (4, 5, 3)
    with pytest.raises(ValueError, match="1 or 3 channels, got 4"):
        plot_image(torch.rand(4, 4, 5))


def test_fiber_shares_limits_and_names_elements():
    features = torch.zeros(8, 4, 4)
    features[5, 0, 0] = -7
    axes = plot_fiber(features, DihedralGroup(4))
    assert [ax.get_title() for ax in axes[:6]] == ["0°", "90°", "180°", "270°", "flip, 0°", "flip, 90°"]
    assert {ax.images[0].get_clim() for ax in axes} == {(-7, 7)}


def test_fiber_of_the_wrong_size_or_axes_are_named():
    with pytest.raises(ValueError, match="C_4 has 4 entries, got 8"):
        plot_fiber(torch.zeros(8, 4, 4), CyclicGroup(4))
    with pytest.raises(ValueError, match="C_4 needs 4 axes"):
        plot_fiber(torch.zeros(4, 4, 4), CyclicGroup(4), axes=[plt.subplots()[1]])


def test_kernel_bank_has_a_row_an_output_entry():
    bank = torch.zeros(4, 4, 3, 3)
    bank[2, 1] = 5
    axes = plot_kernel_bank(bank, CyclicGroup(4))
    assert axes[2, 1].images[0].get_array().min() == 5
    assert axes[1, 2].images[0].get_array().max() == 0
    assert axes[2, 0].get_ylabel() == "180°" and axes[0, 3].get_title() == "270°"


def test_slider_holds_every_frame_and_shows_the_first():
    figure = slider(drawing, [1, 5, 9], label="height in px", alt="A bar.")
    frames = frames_of(figure)
    blue = [
        sum(p[2] > p[0] + 50 for p in np.asarray(frame.convert("RGB")).reshape(-1, 3).astype(int))
        for frame in frames
    ]
    assert 0 < blue[0] < blue[1] < blue[2]
    assert len({frame.size for frame in frames}) == 1
    assert figure.html.count("display:none") == 2 and figure.html.index("display:block") < figure.html.index(
        "display:none"
    )
    assert 'alt="A bar. height in px: 5."' in figure.html
    assert figure._repr_html_() == figure.html and "base64" not in repr(figure)
    assert plt.get_fignums() == []


def test_slider_needs_nothing_from_elsewhere():
    figure = slider(drawing, [1, 2], label="height", alt="A bar.")
    assert not re.search(r"https?:|<script|<link| id=", figure.html)


def test_slider_escapes_what_it_is_given():
    figure = slider(drawing, [1, 2], label='a "<b>"', alt='<img> & "co"')
    assert "<b>" not in figure.html and "<img>" not in figure.html


def test_slider_refuses_one_value_and_too_many_bytes(monkeypatch):
    with pytest.raises(ValueError, match="at least 2 values, got 1"):
        slider(drawing, [1], label="height", alt="A bar.")
    monkeypatch.setattr(plotting, "FRAME_BYTES", 1000)
    with pytest.raises(ValueError, match="more than 1000; take fewer values"):
        slider(drawing, [1, 2], label="height", alt="A bar.")
