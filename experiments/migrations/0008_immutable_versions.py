"""The database itself keeps versions of recipes as they were written, and steps of a model's life as they happened."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION experiments_recipeversion_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.recipe_id, NEW.major, NEW.minor, NEW.patch, NEW.manifest, NEW.parent_version_id, NEW.effective,
        NEW.effective_sha256, NEW.changes, NEW.change_note, NEW.created_at)
       IS DISTINCT FROM
       (OLD.recipe_id, OLD.major, OLD.minor, OLD.patch, OLD.manifest, OLD.parent_version_id, OLD.effective,
        OLD.effective_sha256, OLD.changes, OLD.change_note, OLD.created_at) THEN
        RAISE EXCEPTION 'versions of recipes are immutable; write a new one' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER immutable BEFORE UPDATE ON experiments_recipeversion
FOR EACH ROW EXECUTE FUNCTION experiments_recipeversion_immutable();

CREATE FUNCTION experiments_stagechange_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'stage changes are append-only' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OF version_id, kind, from_stage, to_stage, at, through, reason, forced, blockers, gate
OR DELETE ON experiments_stagechange
FOR EACH ROW EXECUTE FUNCTION experiments_stagechange_append_only();
"""

ALLOW = """
DROP TRIGGER immutable ON experiments_recipeversion;
DROP FUNCTION experiments_recipeversion_immutable();
DROP TRIGGER append_only ON experiments_stagechange;
DROP FUNCTION experiments_stagechange_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("experiments", "0007_recipes_and_registry")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
