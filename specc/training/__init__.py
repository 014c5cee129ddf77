"""Training: what `train:` says of it, and the loop that the engines of all backends share."""
