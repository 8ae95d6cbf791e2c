"""A model card as a Markdown file. Nothing that people or data say can become markup in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.utils import timezone
from django.utils.text import slugify

from experiments.metric_words import label
from experiments.models import ModelVersion
from experiments.selectors.metrics import MetricGroup
from experiments.selectors.model_card import Section
from mlopspro.core import formats

SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~])")
LINE_START = re.compile(r"^(\s*\d*)([=.)-])", re.MULTILINE)


def stem(version: ModelVersion) -> str:
    """Of file names: letters, digits, dots and hyphens only, whatever the model is called."""
    return f"{slugify(version.model.name)[:80] or 'model'}-{version.number}"


def file_name(version: ModelVersion) -> str:
    return f"{stem(version)}-model-card.md"


def as_markdown(version: ModelVersion, sections: Sequence[Section]) -> str:
    """The whole card; generated words are marked as such, section by section."""
    made = timezone.now().strftime("%Y-%m-%d %H:%M UTC")
    parts = [f"# Model card: {inline(version.model.name)} {version.number}", f"Made on {made} from the registry."]
    for section in sections:
        parts.append(f"## {section.about.title}")
        if section.written:
            on = section.written.at.strftime(" on %Y-%m-%d") if section.written.at else ""
            parts += [block(section.written.text), f"*Written by {inline(section.written.by or 'somebody')}{on}.*"]
        elif section.is_missing:
            parts.append(f"*Nobody has written this yet. {section.about.prompt}*")
        if section.facts or section.sentences or section.groups:
            parts.append("*Generated:*")
        if section.facts:
            parts.append("\n".join(f"- {inline(name)}: {inline(value)}" for name, value in section.facts))
        if section.sentences:
            parts.append("\n".join(f"- {inline(sentence)}" for sentence in section.sentences))
        parts += [_table(group) for group in section.groups]
    return "\n\n".join(parts) + "\n"


def _table(group: MetricGroup) -> str:
    """The metrics of one protocol with their reference lines, then those of the segments."""
    lines = [f"**{inline(group.label)} protocol**", "", "| Metric | Model | Random | Popularity | Oracle | Users |",
             "| --- | ---: | ---: | ---: | ---: | ---: |"]  # fmt: skip
    for row in group.overall:
        one = row.metric
        figures = [formats.metric(value) for value in (one.value, one.random, one.popularity, one.oracle)]
        lines.append(f"| {inline(row.label)} | {' | '.join(figures)} | {formats.number(one.users_counted)} |")
    if group.segments:
        names = [inline(label(name)) for name in group.segment_names]
        lines += ["", f"| Segment | Users | {' | '.join(names)} |", "| --- | ---: |" + " ---: |" * len(names)]
        for segment in group.segments:
            cells = [formats.metric(cell.value if cell else None) for cell in segment.cells]
            lines.append(f"| {inline(segment.label)} | {formats.number(segment.users)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def inline(text: str) -> str:
    """One line of plain words: neither HTML nor Markdown, and no link."""
    return SPECIAL.sub(r"\\\1", _without_html(" ".join(str(text).split())))


def block(text: str) -> str:
    """Paragraphs and line breaks are kept, markup is not."""
    plain = LINE_START.sub(r"\1\\\2", SPECIAL.sub(r"\\\1", _without_html(text.strip())))
    return plain.replace("\n", "  \n")


def _without_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
