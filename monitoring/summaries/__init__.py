"""Mergeable summaries of predictions: what a window is made of. Pure: no Django, no database.

Each file has one measure with ``of(rows) -> JSON`` and ``merge(a, b) -> JSON``; ``measures.py`` lists them. What is
counted merges exactly; what is sketched merges within the bound that its file states. Nothing in a summary is random
and nothing in it is a mean: the same rows give the same summary, and sums merge where means do not.
"""
