"""Front-end files come from npm by an exact lock; only the named ones are served."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from mlopspro import assets, npm

LOCK = json.loads(npm.LOCK.read_text())
PACKAGE = json.loads((npm.REPOSITORY / "package.json").read_text())


@pytest.fixture
def fetched():
    if assets.missing():
        pytest.fail(f"run manage.py fetch_assets first; missing: {assets.missing()}")


@pytest.mark.parametrize("name", assets.ALLOWED)
def test_every_named_file_is_found(fetched, name):
    assert Path(finders.find(name)).stat().st_size > 1000


@pytest.mark.parametrize(
    "name", ["vendor/package.json", "vendor/../package.json", "vendor/chart.umd.js", "chart.js/dist/chart.umd.min.js"]
)
def test_nothing_else_of_the_packages_is_served(fetched, name):
    assert not assets.VendorFinder().find(name)


def test_collecting_copies_just_these_files_and_drops_references_to_source_maps(fetched):
    collected = dict(assets.VendorFinder().list([]))
    assert set(collected) == set(assets.ALLOWED)
    script = collected["vendor/chart.umd.min.js"].open("vendor/chart.umd.min.js").read()
    assert b"Chart.js v4.6.1" in script
    assert b"sourceMappingURL" not in script


def test_versions_are_exact_and_the_lock_follows_them():
    for name, version in PACKAGE["dependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name}: {version} is no exact version"
        assert LOCK["packages"][f"node_modules/{name}"]["version"] == version


def test_the_lock_has_a_sha512_for_each_package_and_no_registry_address():
    packages = {name: entry for name, entry in LOCK["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        algorithm, digest = entry["integrity"].split("-", 1)
        assert algorithm == "sha512", name
        assert len(base64.b64decode(digest)) == hashlib.sha512().digest_size, name
        assert "resolved" not in entry, name


def test_without_npm_on_the_path_the_one_of_the_wheel_is_taken(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    node, script = npm.npm_command()
    assert Path(node).is_file()
    assert script.endswith("npm-cli.js")


def test_a_lock_that_changed_since_the_fetch_is_noticed(monkeypatch, tmp_path):
    (tmp_path / "lock").write_text("new")
    (tmp_path / "stamp").write_text("old")
    monkeypatch.setattr(npm, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(npm, "STAMP", tmp_path / "stamp")
    assert not npm.is_current()
    (tmp_path / "stamp").write_text("new")
    assert npm.is_current()
