"""Which sentences the judge is asked about.

The classifier reads a sentence alone, so it is unsure where the telling word is an abbreviation, or a term that the
contract defines elsewhere. Such sentences are let through whatever its probability.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tclp_daemon.analysis.definitions import Definitions

# A sentence with a term that is defined as something telling passes from this share of the gate's probability on.
_DEFINED = 1 / 6
# Names of schemes, standards and gases. Some have other meanings, too: the judge knows the context.
_NAMED = re.compile(
    r"\b(?:LEED|BREEAM|NABERS|GRESB|HQE|DGNB|Passivhaus|Green Globes|ENERGY STAR|Energy Star|EPCs?|MEES|SECR|ESOS|TM44"
    r"|TCFD|TNFD|CSRD|ESRS|SFDR|SBTi?|SBTs|CDP|PCAF|GHGs?|CO2e?|tCO2e?|CO₂e?|SF6|HFCs?|GWP|CDR|DAC|BECCS|CCUS|MRV|RECs?"
    r"|REGOs?|GoOs?|RPS|ETS|EUAs?|UKAs?|CERs?|VERs?|VCUs?|CORSIA|REDD\+?|UNFCCC|IPCC|BNG|FSC|PEFC|SLLs?|SPTs?|PPAs?"
    r"|ISO 14064|ISO 14001|ISO 50001|PAS 2060|PAS 2080)\b"
    r"|(?i:\b(?:net[- ]zero|greenhouse gas|carbon dioxide|carbon[- ](?:neutral|footprint|removal|credit|offset|intensity)"
    r"|low[- ]carbon|zero[- ]carbon|decarboni[sz]|climate|global warming|energy efficien|renewable energ|recycled content"
    r"|embodied carbon|biodiversity|sustainab))"
)


def candidates(
    texts: Sequence[str], probabilities: Sequence[float], gate: float, definitions: Definitions
) -> list[int]:
    """Indices of the sentences that may be climate language, ascending.

    Args:
        texts: all sentences of a contract.
        probabilities: the classifier's, one for each.
        gate: the probability from which any sentence is one.
        definitions: of the contract.
    """
    least = gate * _DEFINED
    passed = [p >= gate or bool(_NAMED.search(text)) for text, p in zip(texts, probabilities, strict=True)]
    telling = {i for i, through in enumerate(passed) if through}
    return [
        i
        for i, text in enumerate(texts)
        if passed[i]
        or (probabilities[i] >= least and any(used.sentence in telling for used in definitions.used_in(text)))
    ]
