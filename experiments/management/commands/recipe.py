"""``manage.py recipe``: show, change, approve, archive, clone, compare, export and import recipes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models import Level, Recipe, RecipeVersion
from experiments.recipes.completing import arranged
from experiments.recipes.differences import leaves, path_of
from experiments.recipes.located_json import JsonMistake, read
from experiments.selectors import recipes as rows
from experiments.services import recipe_files, recipes
from experiments.services.actors import actor_of, recipe_of, version_of, workspace_of
from experiments.services.spec import Refused
from mlopspro.accounts.models import Workspace

ACTS = "show | new-version | approve | archive | restore | clone | diff | export | import"


class Command(BaseCommand):
    help = f"Work with one recipe: {ACTS}. See manage.py list_recipes for their names."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is done")
        acts = parser.add_subparsers(dest="act", required=True, metavar=ACTS)
        show = _of_recipe(acts, "show", "What it says, and which level says it")
        show.add_argument("--version", default="", help="Number; the newest where it is left out")
        show.add_argument("--own", action="store_true", help="Only what this level says, as JSON")
        new = _of_recipe(acts, "new-version", "Save a manifest as a new draft")
        new.add_argument("manifest", type=Path, help="JSON file with what this level says")
        new.add_argument("--note", required=True, help="What changes, and why")
        new.add_argument("--number", default=None, help="Such as 1.3.0; proposed where it is left out")
        new.add_argument("--expected-latest", default=None, help="Refuse if another version came meanwhile")
        approve = _of_recipe(acts, "approve", "Approve a version")
        approve.add_argument("--version", default="", help="Number; the newest where it is left out")
        approve.add_argument("--note", default="")
        _of_recipe(acts, "archive", "Take it out of lists and launches").add_argument("--reason", default="")
        _of_recipe(acts, "restore", "Bring an archived recipe back")
        clone = _of_recipe(acts, "clone", "A recipe of its own that says the same")
        clone.add_argument("name")
        clone.add_argument("--level", default=None, choices=Level.values)
        clone.add_argument("--parent", default="", help="Name or id of the recipe to inherit from")
        diff = _of_recipe(acts, "diff", "What differs between two versions")
        diff.add_argument("before", help="Number")
        diff.add_argument("after", help="Number")
        export = _of_recipe(acts, "export", "All versions as one JSON file")
        export.add_argument("--to", type=Path, default=None, help="File; standard output where it is left out")
        bring = acts.add_parser("import", help="Read an exported recipe; its versions come as drafts")
        bring.add_argument("file", type=Path)
        bring.add_argument("--name", default="", help="Another name than the file's")
        bring.add_argument("--parent", default="", help="Name or id of the recipe to inherit from")

    def handle(self, *, act: str, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        acts: dict[str, Callable[[Workspace, dict[str, Any]], None]] = {
            "show": self._show,
            "new-version": self._new_version,
            "approve": self._approve,
            "archive": self._archive,
            "restore": self._restore,
            "clone": self._clone,
            "diff": self._diff,
            "export": self._export,
            "import": self._import,
        }
        try:
            acts[act](workspace, options)
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error

    def _show(self, workspace: Workspace, options: dict[str, Any]) -> None:
        recipe, version = _version(workspace, options)
        if options["own"]:
            self._json(arranged(version.manifest))
            return
        self.stdout.write(f"{recipe.name} {version.number}  {version.status}  {recipe.family}  {recipe.level}")
        for layer in rows.layers_of(version)[:-1]:
            self.stdout.write(f"inherits from {layer.version}")
        origins = rows.origins_of(version)
        for path, value in _leaves(arranged(version.effective)):
            self.stdout.write(f"{path} = {json.dumps(value, ensure_ascii=False)}  [{origins[path]}]")

    def _new_version(self, workspace: Workspace, options: dict[str, Any]) -> None:
        recipe = recipe_of(workspace, options["recipe"])
        try:
            manifest = read(_text(options["manifest"])).value
        except JsonMistake as error:
            raise CommandError(f"{options['manifest']}: {error}") from error
        version = recipes.save_version(
            recipe,
            actor=actor_of(options["actor"]),
            manifest=manifest,
            number=options["number"],
            change_note=options["note"],
            expected_latest=options["expected_latest"],
        )
        self.stdout.write(f"Saved {version}, a draft with {len(version.changes)} changes")

    def _approve(self, workspace: Workspace, options: dict[str, Any]) -> None:
        _, version = _version(workspace, options)
        done = recipes.approve(version, actor=actor_of(options["actor"]), note=options["note"])
        self.stdout.write(f"{done} is approved")

    def _archive(self, workspace: Workspace, options: dict[str, Any]) -> None:
        recipe = recipe_of(workspace, options["recipe"])
        recipes.archive(recipe, actor=actor_of(options["actor"]), reason=options["reason"])
        self.stdout.write(f"{recipe.name} is archived")

    def _restore(self, workspace: Workspace, options: dict[str, Any]) -> None:
        recipe = recipes.restore(recipe_of(workspace, options["recipe"]), actor=actor_of(options["actor"]))
        self.stdout.write(f"{recipe.name} is {recipe.status} again")

    def _clone(self, workspace: Workspace, options: dict[str, Any]) -> None:
        made = recipes.clone(
            recipe_of(workspace, options["recipe"]),
            actor=actor_of(options["actor"]),
            name=options["name"],
            level=options["level"],
            parent=_parent(workspace, options),
        )
        self.stdout.write(f"Made {made.name} ({made.pk}), a draft")

    def _diff(self, workspace: Workspace, options: dict[str, Any]) -> None:
        recipe = recipe_of(workspace, options["recipe"])
        before, after = (version_of(recipe, options[name]) for name in ("before", "after"))
        found = rows.compare_versions(before, after)
        for change in found:
            values = [json.dumps(value, ensure_ascii=False) for value in (change.before, change.after)]
            words = {"added": f"+ {values[1]}", "removed": f"- {values[0]}", "changed": f"{values[0]} → {values[1]}"}
            self.stdout.write(f"{change.path}: {words[change.kind]}")
        if not found:
            self.stdout.write("No difference")

    def _export(self, workspace: Workspace, options: dict[str, Any]) -> None:
        document = recipe_files.export(recipe_of(workspace, options["recipe"]))
        if options["to"] is None:
            self._json(document)
            return
        options["to"].write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        self.stdout.write(f"Wrote {options['to']}: {len(document['versions'])} versions")

    def _import(self, workspace: Workspace, options: dict[str, Any]) -> None:
        made = recipe_files.import_recipe(
            workspace=workspace,
            actor=actor_of(options["actor"]),
            content=_bytes(options["file"]),
            name=options["name"],
            parent=_parent(workspace, options),
        )
        self.stdout.write(f"Imported {made.name} ({made.pk}) with {made.versions.count()} versions, all drafts")

    def _json(self, content: Any) -> None:
        self.stdout.write(json.dumps(content, indent=2, ensure_ascii=False))


def _of_recipe(acts: Any, name: str, words: str) -> Any:
    parser = acts.add_parser(name, help=words)
    parser.add_argument("recipe", help="Name or id")
    return parser


def _version(workspace: Workspace, options: dict[str, Any]) -> tuple[Recipe, RecipeVersion]:
    recipe = recipe_of(workspace, options["recipe"])
    return recipe, version_of(recipe, options["version"])


def _parent(workspace: Workspace, options: dict[str, Any]) -> Recipe | None:
    return recipe_of(workspace, options["parent"]) if options["parent"] else None


def _leaves(content: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(path_of(parts), value) for parts, value in leaves(content).items()]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{path}: is no text in UTF-8") from error
