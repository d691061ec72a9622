"""Figures to play with in a live notebook, twins of those on the site; they need ipywidgets."""
