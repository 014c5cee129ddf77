"""Training a PyTorch model: the engine on Lightning Fabric, and what it is made of."""
