"""Pictures of networks, made from the graph alone: what is folded, where it stands, how it looks.

`folding` closes blocks and puts equal iterations of a loop in one place, `picture` makes boxes and
edges of that, which every format draws; `layout` and `layered` give the SVG its coordinates.
"""
