"""PyTorch twins of the surrogates, the acquisition functions and the densities of a search."""
