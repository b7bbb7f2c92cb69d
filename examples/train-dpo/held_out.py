"""What is trained on and what is measured on: pairs that share no person, session or near-duplicate with the others."""

import hashlib
from pathlib import Path

from datasets import Dataset, concatenate_datasets

from read_export import NotAsPublished, load_part, read_meta

# Fewer held-out pairs than this say little: then whole components of train are held out beside them.
ENOUGH_PAIRS = 20


def choose_components(meta: list[dict], share: float = 0.2) -> set[str]:
    """Components with this share of the rows, by hash. The export's own split keeps components whole too."""
    chosen: set[str] = set()
    for component in sorted({line["component"] for line in meta}, key=lambda id: hashlib.sha256(id.encode()).digest()):
        if sum(line["component"] in chosen for line in meta) >= share * len(meta):
            break
        chosen.add(component)
    return chosen


def without(rows: Dataset, meta: list[dict], components: set[str]) -> Dataset:
    """The rows of no held-out component."""
    return rows.select([n for n, line in enumerate(meta) if line["component"] not in components])


def split_pairs(export: Path, manifest: dict, format: str) -> tuple[Dataset, Dataset, set[str]]:
    """Pairs to train on, pairs to measure on, and the components of train that are held out."""
    train = load_part(export, manifest, "preference", "train", format)
    held = load_part(export, manifest, "preference", "validation", format)
    if train is None:
        raise NotAsPublished("the export has no preference pairs to train on")
    if held is not None and len(held) >= ENOUGH_PAIRS:
        return train, held, set()
    meta = read_meta(export, manifest, "preference", "train")
    components = choose_components(meta)
    kept = without(train, meta, components)
    if len(kept) == 0:
        raise NotAsPublished("all pairs are of one component, so that none can be held out: export more people's rows")
    taken = train.select([n for n, line in enumerate(meta) if line["component"] in components])
    return kept, taken if held is None else concatenate_datasets([held, taken]), components


def load_unheld(export: Path, manifest: dict, part: str, format: str, components: set[str]) -> Dataset | None:
    """The train split of a part less what is held out, or None where the export has none."""
    rows = load_part(export, manifest, part, "train", format)
    return None if rows is None else without(rows, read_meta(export, manifest, part, "train"), components)
