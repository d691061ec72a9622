"""Data sets by name: ``load("kvasir-seg")`` gives training, validation and test set."""

from course_lib.data.catalogue import load

__all__ = ["load"]
