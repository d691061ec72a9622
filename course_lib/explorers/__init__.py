"""The numbers behind the interactive figures: the site computes them again, notebooks take them from here."""
