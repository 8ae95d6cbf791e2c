"""Indexes by which the history finds and orders runs, and the function that names are looked up with."""

import django.contrib.postgres.indexes
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

# Trigrams of names without the extension pg_trgm, which not every PostgreSQL has.
TRIGRAMS = """
CREATE FUNCTION experiments_trigrams(value text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT substr(lower(value), place, 3)), '{}')
  FROM generate_series(1, length(lower(value)) - 2) AS place
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_audit_append_only"),
        ("experiments", "0005_metric_workspace"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(TRIGRAMS, "DROP FUNCTION experiments_trigrams(text)"),
        migrations.RemoveIndex(
            model_name="experiment",
            name="experiment_recent",
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "created_at", "id"],
                name="experiment_recent",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["workspace", "created_at", "id"],
                name="experiment_deleted",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "name", "id"],
                name="experiment_named",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "status", "created_at", "id"],
                name="experiment_by_status",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "architecture", "created_at", "id"],
                name="experiment_by_architecture",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "model_type", "created_at", "id"],
                name="experiment_by_model_type",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "dataset", "created_at", "id"],
                name="experiment_by_dataset",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "created_by", "created_at", "id"],
                name="experiment_by_created_by",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), models.Q(("origin", "here"), _negated=True)),
                fields=["workspace", "origin", "created_at", "id"],
                name="experiment_by_origin",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), models.Q(("run_type", "train"), _negated=True)),
                fields=["workspace", "run_type", "created_at", "id"],
                name="experiment_by_run_type",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                models.F("workspace"),
                django.db.models.expressions.CombinedExpression(models.F("finished_at"), "-", models.F("started_at")),
                models.F("id"),
                condition=models.Q(("deleted_at__isnull", True)),
                name="experiment_duration",
            ),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func(models.F("name"), function="experiments_trigrams"), name="experiment_name_trigrams"
            ),
        ),
    ]
