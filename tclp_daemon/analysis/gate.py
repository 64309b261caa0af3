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
# Some have other meanings, too: the judge knows the context. Left out are those that mean something else almost always:
# EPC (engineering, procurement and construction), CCS, CDM, NDC, STC, LCA.
_SCHEMES = (
    # buildings
    r"LEED|BREEAM|NABERS|NatHERS|GRESB|CRREM|HQE|DGNB|MEES|TM44|Passivhaus|Green Globes|Green Star"
    r"|ENERGY STAR|Energy Star",
    # reporting and targets
    r"TCFD|TNFD|ISSB|IFRS S[12]|CSRD|CSDDD|ESRS|SFDR|SECR|ESOS|NGERS?|CDP|PCAF|SASB|SBTi?|SBTs",
    # certificates, allowances and credits, and where they are traded
    r"(?:I-|S)?RECs?|REGOs?|GoOs?|LGCs?|ACCUs?|RPS|RGGI|LCFS|RTFO|CBAM|ETS|EUAs?|UKAs?|NZUs?|CERs|VERs|VCUs?|CORSIA"
    r"|REDD\+?|V?PPAs?|SLLs?|SPTs?",
    # gases, and how they are counted and removed
    r"GHGs?|[kM]?t?CO[2₂](?:e|eq)?|CH4|N2O|SF6|NF3|HFCs?|GWP|MRV|CDR|DAC|DACCS|BECCS|CCUS",
    # treaties and bodies
    r"UNFCCC|IPCC|COP ?2\d|Paris Agreement|Kyoto Protocol|Paris-aligned",
    # land and timber
    r"BNG|FSC|PEFC",
    # standards
    r"ISO ?(?:14001|1406[478]|50001)|PAS ?(?:2050|2060|2080)",
)
_SUBJECTS = (
    r"net[- ]zero|(?:low|zero)[- ]carbon|decarboni[sz]|embodied carbon"
    r"|carbon[- ](?:neutral|footprint|removal|credit|offset|intensity|budget|price|pricing|tax|emission|reduction)",
    r"greenhouse gas|carbon dioxide|scope [123] emission|global warming|climate|science[- ]based target",
    r"renewable (?:energy|electricity|power)|energy efficien|energy performance certificate|recycled content",
    r"biodiversity|sustainab",
)
NAMED = re.compile(rf"\b(?:{'|'.join(_SCHEMES)})(?!\w)|\b(?i:{'|'.join(_SUBJECTS)})")


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
    passed = [p >= gate or bool(NAMED.search(text)) for text, p in zip(texts, probabilities, strict=True)]
    telling = {i for i, through in enumerate(passed) if through}
    return [
        i
        for i, text in enumerate(texts)
        if passed[i]
        or (probabilities[i] >= least and any(used.sentence in telling for used in definitions.used_in(text)))
    ]
