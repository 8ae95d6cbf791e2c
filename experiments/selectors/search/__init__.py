"""How the history finds and orders runs: the query's tree becomes conditions of the ORM, an order becomes lanes.

``names`` says which metrics and parameters a workspace has, ``resolve`` what a name in a query means, ``conditions``
turns the tree into ``Q``; no SQL is ever built from what people write.
"""
