"""PyTorch surrogates of expensive FMUs: data, training, packages, instances; the only door to torch."""
