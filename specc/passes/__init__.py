"""Passes over the graph: each takes a graph and gives a new one, or facts about it."""
