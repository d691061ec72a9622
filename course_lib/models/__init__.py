"""Networks assembled from the parts of any layer family."""
