"""Command line: the only package that prints, parses arguments or ends the program."""
