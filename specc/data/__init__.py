"""Data: what `data:` says of it, the formats it may have, and the batches that training sees."""
