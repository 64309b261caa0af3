"""Document -> sentences -> probabilities -> findings -> verdict.

`segment` splits the document into sentences and `fragments` limits how many tiny ones are judged; `classifier` gives
each a probability; `thresholds` says from which probability a sentence is a finding; `findings` describes the findings;
`verdict` follows from their number. `model_folder` is what the classifier reads from disk.
"""
