"""Grids: many runs from one file of settings, through Snakemake."""
