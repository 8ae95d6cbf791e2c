"""Reads a .wandb file back: LevelDB's log format, W&B's header, one protobuf record after another.

Format: https://github.com/google/leveldb/blob/main/doc/log_format.md with a 7-byte header in front.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record

BLOCK = 32768
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def records(path: Path) -> Iterator[Record]:
    data = path.read_bytes()
    assert data[:4] == b":W&B"
    position, parts = 7, b""
    while position + 7 <= len(data):
        left = BLOCK - position % BLOCK
        if left < 7:
            position += left
            continue
        _, length, kind = struct.unpack("<IHB", data[position : position + 7])
        parts = (b"" if kind in (FULL, FIRST) else parts) + data[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(parts)
            yield record


@dataclass
class OfflineRun:
    run_id: str = ""
    name: str = ""
    job_type: str = ""
    project: str = ""
    notes: str = ""
    labels: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    exit_codes: list[int] = field(default_factory=list)


def read(path: Path) -> OfflineRun:
    run = OfflineRun()
    for record in records(path):
        match record.WhichOneof("record_type"):
            case "run":
                head = record.run
                run.run_id, run.name, run.project = head.run_id, head.display_name, head.project
                run.job_type, run.notes, run.labels = head.job_type, head.notes, list(head.tags)
                run.config |= {item.key: json.loads(item.value_json) for item in head.config.update}
            case "history":
                items = record.history.item
                run.history.append({_key(item): json.loads(item.value_json) for item in items})
            case "summary":
                run.summary |= {_key(item): json.loads(item.value_json) for item in record.summary.update}
            case "files":
                run.files += [file.path for file in record.files.files]
            case "exit":
                run.exit_codes.append(record.exit.exit_code)
    return run


def _key(item: Any) -> str:
    return item.key or ".".join(item.nested_key)
