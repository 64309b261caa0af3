"""A BERT classifier reads only the first token of its last layer, so that layer need not compute the others.

Only their keys and values are needed: about a sixth of the layer's work. torch is imported when it is first needed.
"""

from __future__ import annotations

import copy
from typing import Any


def skip_unread_tokens(model: Any) -> Any:
    """The model with a last layer that computes the first token only; the same object where that does not work.

    The shortened model is tried on a sample; if it fails, or its answer differs from that of the complete model, the
    complete model is returned.
    """
    import torch

    if getattr(model.config, "model_type", "") != "bert" or getattr(model.config, "is_decoder", False):
        return model

    try:
        short = copy.deepcopy(model)
        short.bert.encoder.layer[-1] = first_token_layer(short.bert.encoder.layer[-1])
        ids = torch.tensor([[3, 5, 7, 9, 11], [3, 5, 7, 0, 0]], device=model.device)
        mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], device=model.device)
        with torch.inference_mode():
            whole = model(input_ids=ids, attention_mask=mask).logits.float()
            part = short(input_ids=ids, attention_mask=mask).logits.float()
    except (RuntimeError, TypeError, AttributeError, IndexError, ValueError):
        return model
    tolerance = 1e-3 if model.dtype == torch.float32 else 0.1
    return short if torch.allclose(whole, part, atol=tolerance) else model


def first_token_layer(layer: Any) -> Any:
    """A BERT layer that computes the first token only, with the same weights under the same names."""
    import torch

    attention = layer.attention.self

    class FirstTokenLayer(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.attention, self.intermediate, self.output = layer.attention, layer.intermediate, layer.output

        def forward(self, hidden_states: Any, attention_mask: Any = None, *_: Any, **__: Any) -> Any:
            first = hidden_states[:, :1]
            rows, length, width = hidden_states.shape
            heads = attention.num_attention_heads

            def split(x: Any) -> Any:
                return x.view(rows, -1, heads, width // heads).transpose(1, 2)

            mask = None if attention_mask is None else attention_mask[:, :, :1, :length]
            found = torch.nn.functional.scaled_dot_product_attention(
                split(attention.query(first)),
                split(attention.key(hidden_states)),
                split(attention.value(hidden_states)),
                attn_mask=mask,
            )
            found = found.transpose(1, 2).reshape(rows, 1, width)
            found = self.attention.output(found, first)
            return self.output(self.intermediate(found), found)

    return FirstTokenLayer().to(next(layer.parameters()).device).eval()
