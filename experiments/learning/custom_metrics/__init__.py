"""A small language for metrics that people define: arithmetic over counts and ranks of users, and over other metrics.

    mean(catalogue.ndcg_at_10 where relevant >= 5)
    catalogue: share(first_rank <= 3)
    metrics.rated.f1_at_10 / (1 + metrics.pointwise.rmse)

It is read by a parser of its own and evaluated by numpy; nothing of Python is reachable from it. Work is linear in the
number of users (n log n where protocols are joined), and text and depth are bounded.
"""

from experiments.learning.custom_metrics.columns import STANDARD, Columns
from experiments.learning.custom_metrics.compiled import Compiled, compile_expression
from experiments.learning.custom_metrics.errors import ExpressionError
from experiments.learning.custom_metrics.evaluation import Outcome
from experiments.learning.custom_metrics.tables import Needs, NoUserTables, UserTables, read_users

__all__ = [
    "STANDARD",
    "Columns",
    "Compiled",
    "ExpressionError",
    "Needs",
    "NoUserTables",
    "Outcome",
    "UserTables",
    "compile_expression",
    "read_users",
]
