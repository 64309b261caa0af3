"""Whether text is language, or what is left of it where a file does not say which letters its signs stand for.

A PDF may paint "The" and mean "7KH" by it, or three boxes. No list of words can tell, since a contract may be in any
language. But all languages in Latin letters share their commonest pairs of letters, and no cipher keeps them. Tables,
lists of codes and names must pass, so only runs of letters are compared, and what is too short is left undecided.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from itertools import pairwise

# Small words of many languages. Three letters at least: a cipher may turn one word of two letters into another.
_SMALL_WORDS = frozenset(
    "the and for shall any was will has that with this from not are which such other und der die das den von mit ist "
    "nicht oder les des une que pour par dans est sur los las del con por para che per della sono het een van och att "
    "det som til med jest oraz nie lub przez się nebo jako sau din care pentru hogy vagy joka tai ovat bir ile için "
    "veya dos das com não uma dhe një agus".split()
)
# The pairs of letters that are common in thirty languages, accents aside: more than three in five in each of them.
_COMMON = frozenset(
    "en an er in de re ar te ra ta nd es ni na li it at st ie he or di on al ri el me et ve le as ed do ne os to da se "
    "ll th ha ir ma ti co sa be un la nt od tu is ad om ro ng si ns ge um il va ch ka ai ig tr wa rt am vi ia ja du em "
    "rd oi ci ak gu je ur us za ot ei br mi im ag pa sc eg po hu ho sp ea su rn ga av no fr ba ts ru og ko pr mo ca dr "
    "nn ce id gi bo so ac rs gn zi cu nc tt dd ki bi ob ku ul iv ud pi dh ow ic ik".split()
)
# One character in ten of Chinese is one of these, of Japanese one of these or a syllable.
_COMMON_HAN = frozenset(
    "的一是不了在人有我他这中大来上个国和也子时方同第条本合约定日年月期者其所或及以之為為与為與條約會會事業務等"
)
_PAIRS_SHARE = 0.47  # 0.62 to 0.9 in languages, 0.2 in ciphers
_SMALL_WORDS_SHARE = 0.05  # 0.2 in English
_FEWEST_SIGNS = 40
_FEWEST_PAIRS = 20
_FEWEST_WORDS = 25
_BROKEN_SHARE = 0.3
_ODD_SHARE = 0.3
_POINTS_SHARE = 0.4
_POINTS_KINDS = 8  # a price list has five
_SAME_SHARE = 0.6
_UNKNOWN_SHARE = 0.2
_ACCENTS_SHARE = 0.5  # 0.3 in Vietnamese
_HAN_SHARE = 0.03

_RUN = re.compile(r"[a-wyz][a-z]{2,}")  # not what stands for words left out: "xxxx"
_WORD = re.compile(r"[^\W\d_]+(?:[-'’./&,:;()_]+[^\W\d_]+)*")
_FILLERS = frozenset("._-–—=*•·…xX")  # stand for words that are to come, or lead to a page number
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_CAMEL = re.compile(r"[a-z][A-Z]")
_PLAIN = frozenset(".,;:!?()[]{}/-–—_'\"“”‘’„«»…·•*%€$£§&@+=<>|#°☐☒☑□■▪→©®™\u00b2\u00b3½¼¾")
_FOLDED = str.maketrans("łøđıßðþæœħ", "lodisdteeh")
_UNKNOWN = frozenset({"Co", "Cn", "Cc", "Cs"})


def is_legible(text: str) -> bool | None:
    """Whether a text is language; None where there is too little of it to tell.

    Args:
        text: some lines; a few hundred characters suffice.
    """
    words = text.lower().split()
    small = [word for word in words if word in _SMALL_WORDS]
    if len(small) >= _SMALL_WORDS_SHARE * len(words) and len(set(small)) > 1:
        return True
    signs = Counter(text)
    for blank in [sign for sign in signs if sign.isspace()]:
        del signs[blank]
    if signs.total() < _FEWEST_SIGNS:
        return None
    if _is_soup(signs, text):
        return False
    letters = Counter({sign: count for sign, count in signs.items() if sign.isalpha()})
    latin = sum(count for sign, count in letters.items() if sign < "\u0250" or "\u1e00" <= sign < "\u1f00")
    if latin < letters.total() / 2:
        return _is_other_script(letters)
    if sum(count for sign, count in letters.items() if sign > "\x7f") > _ACCENTS_SHARE * latin:
        return False
    return False if _has_broken_words(text) else _has_common_pairs(text)


def _is_soup(signs: Counter[str], text: str) -> bool:
    """Signs that are no text in any language: unknown ones, odd ones, or one and the same."""
    total = signs.total()
    unknown = sum(count for sign, count in signs.items() if unicodedata.category(sign) in _UNKNOWN or sign == "\ufffd")
    odd = sum(count for sign, count in signs.items() if not (sign.isalnum() or sign in _PLAIN))
    sign, count = signs.most_common(1)[0]
    same = count > _SAME_SHARE * total and sign not in _FILLERS and not sign.isdigit()
    points = {sign: 0 for sign in signs if not sign.isalnum()}
    scattered = sum(1 for sign, after in pairwise(text) if sign in points and sign != after)  # leaders are one
    if len(points) >= _POINTS_KINDS and scattered > _POINTS_SHARE * total:
        return True
    return same or unknown > _UNKNOWN_SHARE * total or odd > _ODD_SHARE * total


def _is_other_script(letters: Counter[str]) -> bool:
    """Chinese needs a few of its commonest characters; Greek, Russian, Arabic and the rest are believed."""
    han = sum(count for sign, count in letters.items() if "\u3400" <= sign < "\ua000")
    if han < letters.total() / 2:
        return True
    kana = sum(count for sign, count in letters.items() if "\u3040" <= sign < "\u3100")
    return kana + sum(letters[sign] for sign in _COMMON_HAN) > _HAN_SHARE * letters.total()


def _has_broken_words(text: str) -> bool:
    """Whether many words have signs or capitals inside. Those with digits may be codes.

    Each word counts once: the path of the file may stand at the foot of every page.
    """
    whole = broken = 0
    for token in set(text.split()):
        word = _AROUND.sub("", token)
        if not any(sign.isalpha() for sign in word) or any(sign.isdigit() for sign in word):
            continue
        if _WORD.fullmatch(word) and not _CAMEL.search(word):
            whole += 1
        elif "@" not in word and "//" not in word:
            broken += 1
    return whole + broken >= _FEWEST_WORDS and broken > _BROKEN_SHARE * (whole + broken)


def _has_common_pairs(text: str) -> bool | None:
    folded = "".join(sign for sign in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(sign))
    pairs: Counter[str] = Counter()
    for run in set(_RUN.findall(folded.translate(_FOLDED))):  # an abbreviation in each line of a list counts once
        pairs.update(map("".join, pairwise(run)))
    total = pairs.total()
    if total < _FEWEST_PAIRS:
        return None
    # Of few pairs, fewer may be common by chance: two standard deviations.
    return sum(pairs[pair] for pair in _COMMON) / total + 1 / math.sqrt(total) >= _PAIRS_SHARE
