"""A figure that is computed and drawn anew whenever one of its controls is moved."""

import html
import io
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

try:
    import ipywidgets
except ImportError as error:
    raise ImportError(
        "figures to play with in a notebook need ipywidgets, which is not here; "
        "install it with: pip install 'equivariance-course[widgets]'"
    ) from error

DPI = 100


class LiveFigure(ipywidgets.VBox):
    """Controls, a picture, and a line of text with the numbers.

    It works with ipywidgets 7, as in Colab, and 8. A kernel must be running: in a built page
    the picture would stay as it is, so the site shows other figures.

    Args:
        controls: Widgets with a value, under the names of the arguments of ``compute``.
        compute: From the controls' values to what is shown.
        draw: From that to a figure.
        say: From that to a sentence with the numbers.

    Attributes:
        controls: The widgets; set their ``value`` to move them.
        data: What was computed last.
        sentence: The line of text.
    """

    def __init__(
        self,
        controls: Mapping[str, Any],
        *,
        compute: Callable[..., Any],
        draw: Callable[[Any], Figure],
        say: Callable[[Any], str],
    ):
        self.controls = controls
        self.data: Any = None
        self.sentence = ""
        self._compute, self._draw, self._say = compute, draw, say
        self._picture, self._line = ipywidgets.Image(format="png"), ipywidgets.HTML()
        super().__init__([*controls.values(), self._picture, self._line])
        for control in controls.values():
            control.observe(self._show, names="value")
        self._show()

    def _show(self, change: object = None) -> None:
        self.data = self._compute(**{name: control.value for name, control in self.controls.items()})
        figure, png = self._draw(self.data), io.BytesIO()
        figure.savefig(png, format="png", dpi=DPI)
        plt.close(figure)
        self._picture.value = png.getvalue()
        self.sentence = self._say(self.data)
        self._line.value = html.escape(self.sentence)


def slider(label: str, low: float | int, high: float | int, value: float | int, *, step: float | int = 1):
    """A slider that acts when it is let go, for each step costs a picture.

    Args:
        label: What stands beside it, with the unit.
        low: Smallest value.
        high: Largest value.
        value: Value at the start.
        step: Distance of two values; whole numbers give a slider of whole numbers.
    """
    whole = all(isinstance(x, int) for x in (low, high, value, step))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(
        description=label,
        min=low,
        max=high,
        value=value,
        step=step,
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"width": "min(30rem, 100%)"},
    )


def choice(label: str, options: dict[str, Any], value: object) -> ipywidgets.Dropdown:
    """A list to choose from.

    Args:
        label: What stands beside it.
        options: Words and the values they stand for.
        value: Value at the start.
    """
    style = {"description_width": "initial"}
    return ipywidgets.Dropdown(description=label, options=options, value=value, style=style)
