"""Reads an export of Flywheel: checks every file against the manifest, then loads it as a trainer would.

    python read_export.py EXPORT [--format parquet|jsonl]

EXPORT is the folder that `flywheel export run` names. Needs `datasets` alone. Exits with 1 where a file is not what the
manifest says.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

from datasets import Dataset, Features, Json, List, concatenate_datasets, disable_progress_bars, load_dataset

PARTS = ("preference", "unpaired", "supervised")
SIDES = ("prompt", "chosen", "rejected", "completion")


class NotAsPublished(Exception):
    """A file of the export is not what its manifest says."""


def read_manifest(export: Path) -> dict:
    """The manifest, whose name holds its own SHA-256: what it lists cannot be changed without that being seen."""
    found = sorted(export.glob("manifest-*.json"))
    if len(found) != 1:
        raise NotAsPublished(f"{export} has {len(found)} manifests, not one: pass the folder that the export named")
    content = found[0].read_bytes()
    if found[0].stem != f"manifest-{hashlib.sha256(content).hexdigest()}":
        raise NotAsPublished(f"{found[0].name} does not hold what its name says: fetch the export again")
    return json.loads(content)


def check_files(export: Path, manifest: dict) -> None:
    """Raises NotAsPublished where a file is missing, has other bytes, or has other rows than the manifest says."""
    for file in manifest["files"]:
        path = export / file["path"]
        if not path.is_file():
            raise NotAsPublished(f"{file['path']} is missing: fetch the export again")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != file["sha256"]:
            raise NotAsPublished(f"{file['path']} has other bytes than its manifest says: fetch the export again")
        if file["format"] == "jsonl" and content.count(b"\n") != file["rows"]:
            raise NotAsPublished(f"{file['path']} has {content.count(bytes([10]))} rows, not {file['rows']}")


def shards_of(manifest: dict, part: str, split: str, format: str) -> list[dict]:
    """The shards of TRL's layout in their order."""
    wanted = {"target": "trl", "shape": part, "split": split, "format": format}
    shards = [file for file in manifest["files"] if all(file[key] == value for key, value in wanted.items())]
    return sorted(shards, key=lambda file: file["path"])


def as_captured(row: dict) -> dict:
    """Takes away the nulls that Arrow filled in, and makes arguments objects: what chat templates want."""
    for side in SIDES:
        if side not in row:
            continue
        row[side] = [{key: value for key, value in message.items() if value is not None} for message in row[side]]
        for call in (call for message in row[side] for call in message.get("tool_calls", ())):
            if isinstance(call["function"]["arguments"], str):
                call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return row


def load_part(export: Path, manifest: dict, part: str, split: str, format: str = "parquet") -> Dataset | None:
    """The rows of one part and split as they were captured, or None where the export has none."""
    loaded = []
    for file in shards_of(manifest, part, split, format):
        reader = "json" if format == "jsonl" else format
        rows = load_dataset(reader, data_files=str(export / file["path"]), split="train")
        if len(rows) != file["rows"]:
            raise NotAsPublished(f"{file['path']} was read as {len(rows)} rows, not {file['rows']}")
        # As `Json` a message has its own keys alone. A transform would do it too, but TRL's SFTTrainer refuses one.
        columns = {name: List(Json()) if name in SIDES else type for name, type in rows.features.items()}
        loaded.append(rows.map(as_captured, features=Features(columns)))
    return concatenate_datasets(loaded) if loaded else None


def read_meta(export: Path, manifest: dict, part: str, split: str) -> list[dict]:
    """The sidecar's lines: the n-th is about the n-th row of `load_part`."""
    shards = shards_of(manifest, part, split, "jsonl") or shards_of(manifest, part, split, "parquet")
    lines = []
    for file in shards:
        sidecar = Path(file["path"]).with_suffix(".jsonl").as_posix().replace("/", "-")
        lines += (export / "meta" / sidecar).read_text("utf8").removesuffix("\n").split("\n")
    return [json.loads(line) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks an export of Flywheel and shows a row of each part.")
    parser.add_argument("export", type=Path)
    parser.add_argument("--format", choices=("parquet", "jsonl"), default="parquet")
    args = parser.parse_args()
    disable_progress_bars()
    manifest = read_manifest(args.export)
    check_files(args.export, manifest)
    print(f"export {manifest['export_id']}: {len(manifest['files'])} files are what the manifest says")
    print(f"trainer {json.dumps(manifest['trainer'])}")
    for part in PARTS:
        for split in ("train", "validation"):
            rows = load_part(args.export, manifest, part, split, args.format)
            if rows is None:
                continue
            meta = read_meta(args.export, manifest, part, split)
            strategies = Counter(line["strategy"] for line in meta)
            counts = ", ".join(f"{name} {count}" for name, count in sorted(strategies.items()))
            print(f"{part} {split}: {len(rows)} rows ({counts})")
            print(json.dumps(rows[0], ensure_ascii=False))


if __name__ == "__main__":
    try:
        main()
    except NotAsPublished as error:
        sys.exit(f"read_export: {error}")
