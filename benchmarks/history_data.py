"""Fills the history of a benchmark's own database with SQL: runs as people have them, twelve metrics and six parameters
each, some without, some deleted, over 200 datasets and 8 architectures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from experiments.models import Dataset, Experiment
from experiments.tests.factories import make_dataset, make_experiment
from mlopspro.accounts.models import Workspace

DATASETS = 200
METRICS = (
    *(("rated", name, True) for name in ("f1_at_10", "precision_at_10", "recall_at_10", "ndcg_at_10")),
    *(("catalogue", f"{name}_at_10", True) for name in ("precision", "recall", "ndcg", "map", "mrr", "coverage")),
    *(("pointwise", name, False) for name in ("rmse", "mae")),
)
PARAMETERS = {  # name: what a run has, of its number i
    "learning_rate": "(ARRAY['0.0003', '0.001', '0.003', '0.01'])[1 + i % 4]",
    "embedding_dim": "(ARRAY['16', '32', '50', '64'])[1 + (i / 4) % 4]",
    "batch_size": "(ARRAY['128', '256', '512'])[1 + i % 3]",
    "epochs": "(5 + i % 40)::text",
    "reg_lambda": "(round(uniform(i, 77)::numeric, 6))::text",
    "optimizer": "(ARRAY['adam', 'sgd', 'adagrad'])[1 + (i / 7) % 3]",
}
ARCHITECTURES = "ARRAY['hybrid', 'als', 'bpr', 'ease', 'popularity', 'item_knn', 'svd', 'ranking']"
UNIFORM = """
CREATE OR REPLACE FUNCTION pg_temp.uniform(i int, stream int) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint4extended(i, stream) & 1048575) / 1048576.0 $$
"""
OVERRIDES = {
    "id": "md5('run' || i)::uuid",
    "name": "(ARCHITECTURES)[1 + i % 8] || '-movielens-' || lpad(i::text, 7, '0')"
    " || CASE WHEN i % 20011 = 17 THEN ' kestrel' ELSE '' END",
    "architecture": "(ARCHITECTURES)[1 + i % 8]",
    "model_type": "(ARRAY['hybrid', 'baseline', 'ranking'])[1 + i % 3]",
    "status": "CASE WHEN i % 50 = 7 THEN 'failed' WHEN i % 50 = 8 THEN 'cancelled' ELSE 'completed' END",
    "failure_reason": "CASE WHEN i % 50 = 7 THEN 'it broke' ELSE '' END",
    "created_at": "now() - ((TOTAL - i) || ' minutes')::interval - interval '1 hour'",
    "queued_at": "now() - ((TOTAL - i) || ' minutes')::interval - interval '1 hour'",
    "started_at": "now() - ((TOTAL - i) || ' minutes')::interval - interval '59 minutes'",
    "finished_at": "now() - ((TOTAL - i) || ' minutes')::interval - interval '59 minutes'"
    " + (uniform(i, 5) * 3000 || ' seconds')::interval",
    "deleted_at": "CASE WHEN i % 100 = 99 THEN now() END",
    "tags": "CASE WHEN i % 10 = 3 THEN ARRAY['nightly'] WHEN i % 5000 = 11 THEN ARRAY['golden'] ELSE '{}' END",
    "dataset_id": "(SELECT ids[1 + (hashint4extended(i, 9) & 1023) % DATASETS] FROM datasets)",
}


def fill(workspace: Workspace, runs: int) -> None:
    """``runs`` runs, then what PostgreSQL's own housekeeping would do by and by."""
    datasets = [make_dataset(workspace, name=f"Shop {number}").pk for number in range(DATASETS)]
    pattern = make_experiment(workspace, name="pattern", dataset=Dataset.objects.get(pk=datasets[0]))
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute(UNIFORM)
        cursor.execute("CREATE TEMP TABLE datasets AS SELECT %s::uuid[] AS ids", [datasets])
        with _without_indexes("experiments_experiment"):
            cursor.execute(_runs_sql(runs), [runs, pattern.pk])
        with _without_indexes("experiments_metricvalue"):
            for number, (protocol, name, higher) in enumerate(METRICS):
                cursor.execute(_METRIC_SQL, [workspace.pk, protocol, name, number, higher, *_shape(name), runs])
        with _without_indexes("experiments_parametervalue"):
            for name, text in PARAMETERS.items():
                sql = _PARAMETER_SQL.replace("TEXT", text.replace("uniform(", "pg_temp.uniform(").replace("%", "%%"))
                cursor.execute(sql, [workspace.pk, name, runs])
        pattern.delete()
        cursor.execute("VACUUM ANALYZE experiments_experiment, experiments_metricvalue, experiments_parametervalue")
        cursor.execute("RESET statement_timeout")


def _shape(name: str) -> tuple[float, float]:
    """(offset, scale) of a metric's values: RMSE and MAE lie around 1."""
    return (0.55, 0.9) if name in ("rmse", "mae") else (0.0, 1.0)


# Good runs are good by every metric, more or less; u(i, n) is the n-th random number of run i.
_METRIC_SQL = """
INSERT INTO experiments_metricvalue
  (workspace_id, experiment_id, protocol, name, segment, k, value, higher_is_better, users_counted, users_left_out,
   definition)
SELECT %s, md5('run' || i)::uuid, %s, %s, 'all', 10,
  offs + scale * (0.7 * (CASE WHEN higher THEN u(i, 3) ELSE 1 - u(i, 3) END) + 0.3 * u(i, 100 + stream)),
  higher, 943, 0, '1'
FROM (SELECT i, %s::int AS stream, %s::bool AS higher, %s::float8 AS offs, %s::float8 AS scale
      FROM generate_series(1, %s) AS i) AS runs
WHERE i %% 50 NOT IN (7, 8)
""".replace("u(i", "pg_temp.uniform(i")
_PARAMETER_SQL = """
INSERT INTO experiments_parametervalue (workspace_id, experiment_id, name, text, number)
SELECT %s, md5('run' || i)::uuid, %s, text, CASE WHEN text ~ '^[0-9.]+$' THEN text::float8 END
FROM (SELECT i, TEXT AS text FROM generate_series(1, %s) AS i) AS written
"""


def _runs_sql(runs: int) -> str:
    columns = [field.column for field in Experiment._meta.concrete_fields]
    values = [OVERRIDES.get(column, f"p.{column}") for column in columns]
    text = ", ".join(values).replace("ARCHITECTURES", ARCHITECTURES).replace("TOTAL", str(runs))
    text = text.replace("DATASETS", str(DATASETS)).replace("uniform(", "pg_temp.uniform(").replace("%", "%%")
    return (
        f"INSERT INTO experiments_experiment ({', '.join(columns)}) SELECT {text} "  # noqa: S608
        "FROM experiments_experiment p, generate_series(1, %s) AS i WHERE p.id = %s"
    )


@contextmanager
def _without_indexes(table: str) -> Iterator[None]:
    """Indexes and constraints are dropped and made again: filling sorted is ten times faster."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('u', 'f')",
            [table],
        )
        constraints = cursor.fetchall()
        for name, _ in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = %s::regclass AND NOT indisprimary",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _, definition in indexes:
            cursor.execute(definition)
        for name, definition in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
