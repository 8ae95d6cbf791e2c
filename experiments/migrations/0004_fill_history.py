"""Rows that exist get what lists of runs search by: workspace of metrics, parameters, the hash without seeds."""

from django.db import migrations


def fill(apps, schema_editor):
    from experiments.services.searchable import parameter_rows
    from experiments.services.spec import settings_hash

    Experiment = apps.get_model("experiments", "Experiment")
    ParameterValue = apps.get_model("experiments", "ParameterValue")
    for run in Experiment.objects.select_related("dataset").iterator(chunk_size=500):
        run.settings_hash = settings_hash(
            dataset_sha256=run.dataset.sha256,
            architecture=run.architecture,
            parameters=run.parameters,
            split=run.split,
        )
        run.save(update_fields=["settings_hash"])
        ParameterValue.objects.bulk_create(
            ParameterValue(workspace_id=run.workspace_id, experiment_id=run.pk, **row)
            for row in parameter_rows(run.parameters)
        )


class Migration(migrations.Migration):
    dependencies = [("experiments", "0003_history")]

    operations = [
        migrations.RunSQL(
            "UPDATE experiments_metricvalue m SET workspace_id = e.workspace_id"
            " FROM experiments_experiment e WHERE e.id = m.experiment_id",
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
