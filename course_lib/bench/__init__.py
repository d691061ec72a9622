"""Benchmarks: what equivariance costs, against ordinary convolution, e2cnn and e3nn. No test is timed."""
