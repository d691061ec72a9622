"""Group equivariant convolutional networks: the library behind the course."""
