"""Benchmarks: what equivariance costs, against ordinary convolution and against e2cnn. No test is timed."""
