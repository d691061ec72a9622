"""From ledger entries of classifiers to the tables and figures of the results chapters."""
