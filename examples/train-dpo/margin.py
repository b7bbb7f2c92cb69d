"""DPO's implicit reward, measured without TRL: what a trainer says of its own progress is not taken on trust."""

import json

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase


@torch.no_grad()
def log_probability(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, row: dict, side: str, cut: int
) -> float:
    """Sum of the log-probabilities of a side's tokens after its prompt, of the first `cut` tokens of both."""
    template = {"tools": json.loads(row["tools"]) if row.get("tools") else None, "return_dict": False}
    prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, **template)
    ids = torch.tensor([tokenizer.apply_chat_template(row["prompt"] + row[side], **template)[:cut]])
    logits = model(ids).logits[0, :-1].log_softmax(-1)
    return logits.gather(1, ids[0, 1:, None])[len(prompt) - 1 :].sum().item()


def margins_of(
    model: PreTrainedModel,
    reference: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Dataset,
    cut: int,
    beta: float,
) -> list[float]:
    """For each pair the reward of its chosen side less that of its rejected one, in nats times `beta`."""
    model.eval()

    def reward(row: dict, side: str) -> float:
        given = (tokenizer, row, side, cut)
        return beta * (log_probability(model, *given) - log_probability(reference, *given))

    return [reward(row, "chosen") - reward(row, "rejected") for row in pairs]


def summary(margins: list[float]) -> str:
    """The mean, and in how many pairs the chosen side is preferred."""
    return f"{sum(margins) / len(margins):+.4f}, above 0 in {sum(m > 0 for m in margins)} of {len(margins)}"
