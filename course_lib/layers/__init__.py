"""Layers, one module a kind of equivariance."""
