"""Trains a tiny model on an export of Flywheel with TRL, on the CPU, and measures it on pairs that were held out.

    python train.py EXPORT --method dpo|kto|sft [--steps 30] [--format parquet|jsonl] [--seed 1]

For a model of your own replace what `tiny_model` builds, and lower the learning rate.
"""

import argparse
import copy
import sys
import tempfile
import warnings
from pathlib import Path

import torch
from datasets import Dataset, disable_progress_bars
from transformers import PrinterCallback, Trainer, TrainerCallback, set_seed
from transformers.utils import logging
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer, unpair_preference_dataset

from held_out import load_unheld, split_pairs
from margin import margins_of, summary
from read_export import NotAsPublished, check_files, read_manifest
from tiny_model import build_model, build_tokenizer

BETA = 0.1


class PrintLoss(TrainerCallback):
    """A line for each step."""

    def on_log(self, args, state, control, logs=None, **kwargs) -> None:
        if "loss" not in logs:
            return
        margin = f"  margin {float(logs['rewards/margins']):+.4f}" if "rewards/margins" in logs else ""
        print(f"step {state.global_step:3d}  loss {float(logs['loss']):.4f}{margin}", flush=True)


def dpo_trainer(pairs: Dataset, advice: dict, common: dict, given: dict) -> Trainer:
    """DPO on pairs, with the share of labels that the export expects to be wrong."""
    smoothing = advice["label_smoothing"] or 0.0
    # TRL's default loss, `sigmoid`, reads no `label_smoothing`, and says nothing about it.
    loss = "robust" if 0 < smoothing < 0.5 else "sigmoid"
    print(f"DPO on {len(pairs)} pairs, loss_type {loss}, label_smoothing {smoothing}")
    config = DPOConfig(**common, beta=BETA, loss_type=[loss], label_smoothing=smoothing)
    return DPOTrainer(**given, ref_model=copy.deepcopy(given["model"]), args=config, train_dataset=pairs)


def kto_trainer(rows: Dataset | None, pairs: Dataset, advice: dict, common: dict, given: dict) -> Trainer:
    """KTO on the unpaired rows, weighted as the export says; on pairs taken apart where those are of one label."""
    weights = advice["kto_desirable_weight"], advice["kto_undesirable_weight"]
    if rows is None or None in weights:
        print("The unpaired rows are not of both labels, so KTO takes the pairs apart")
        # KTOTrainer would too, but it reads rows in their order: first a thousand chosen sides, then the rejected ones.
        rows, weights = unpair_preference_dataset(pairs).shuffle(common["seed"]), (1.0, 1.0)
    print(f"KTO on {len(rows)} rows, desirable_weight {weights[0]}, undesirable_weight {weights[1]}")
    config = KTOConfig(**common, beta=BETA, desirable_weight=weights[0], undesirable_weight=weights[1])
    return KTOTrainer(**given, ref_model=copy.deepcopy(given["model"]), args=config, train_dataset=rows)


def sft_trainer(rows: Dataset | None, common: dict, given: dict) -> Trainer:
    """SFT on the wanted answers."""
    if rows is None:
        raise NotAsPublished("the export has no supervised rows")
    print(f"SFT on {len(rows)} rows, loss on the completion alone")
    return SFTTrainer(**given, args=SFTConfig(**common), train_dataset=rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="A few steps of DPO, KTO or SFT on an export of Flywheel.")
    parser.add_argument("export", type=Path)
    parser.add_argument("--method", choices=("dpo", "kto", "sft"), default="dpo")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--format", choices=("parquet", "jsonl"), default="parquet")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    disable_progress_bars()
    logging.set_verbosity_error()
    warnings.simplefilter("ignore", FutureWarning)
    torch.use_deterministic_algorithms(True)
    set_seed(args.seed)

    manifest = read_manifest(args.export)
    check_files(args.export, manifest)
    advice = manifest["trainer"]
    max_length = advice["max_length_at_least"]
    pairs, held, components = split_pairs(args.export, manifest, args.format)
    tokenizer = build_tokenizer(pairs)
    model = build_model(tokenizer, max_length)
    reference = copy.deepcopy(model).eval()
    common = {
        "output_dir": tempfile.mkdtemp(prefix="train-dpo-"),
        "max_steps": args.steps,
        "max_length": max_length,
        "per_device_train_batch_size": 8,
        "learning_rate": 1e-3,
        "seed": args.seed,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "logging_steps": 1,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
    }
    given = {"model": model, "processing_class": tokenizer, "callbacks": [PrintLoss()]}
    if args.method == "dpo":
        trainer = dpo_trainer(pairs, advice, common, given)
    elif args.method == "kto":
        rows = load_unheld(args.export, manifest, "unpaired", args.format, components)
        trainer = kto_trainer(rows, pairs, advice, common, given)
    else:
        trainer = sft_trainer(load_unheld(args.export, manifest, "supervised", args.format, components), common, given)
    trainer.remove_callback(PrinterCallback)  # PrintLoss stands in its place

    def measure() -> str:
        return summary(margins_of(model, reference, tokenizer, held, max_length, BETA))

    print(f"TRL kept {len(trainer.train_dataset)} rows; {len(held)} pairs and {len(components)} components are held out")
    print(f"held-out margin before: {measure()}")
    trainer.train()
    print(f"held-out margin after:  {measure()}")


if __name__ == "__main__":
    try:
        main()
    except NotAsPublished as error:
        sys.exit(f"train: {error}")
