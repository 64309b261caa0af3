"""What formatting says at a place of a Rich Text file, and the control words that set it.

It holds to the end of the group that it is set in. [RTF] 1.9.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from tclp_daemon.extract.word.rtf_parts import Embedded, Field, Shape, Sink


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Control word -> the property of `State` that it switches on, or off with the number 0.
SWITCHES = {
    "v": "hidden", "deleted": "deleted", "b": "bold", "caps": "capitals", "scaps": "capitals", "strike": "struck",
    "striked": "struck",
    **dict.fromkeys(
        _set("ul uld uldash uldashd uldashdd uldb ulhwave ulldash ulth ulthd ulthdash ulthdashd ulthdashdd ulthldash"
             " ululdbwave ulw ulwave"),
        "underlined",
    ),
}  # fmt: skip
# Control words that show a character.
CHARACTERS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "emspace": " ", "enspace": " ",
    "qmspace": " ", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "zwj": "",
    "zwnj": "",
}  # fmt: skip
SYMBOLS = {"~": " ", "_": "-", "-": "", "{": "{", "}": "}", "\\": "\\", "\t": "\t"}
# Groups that hold no text of the contract.
SKIPPED = _set(
    "objdata themedata colorschememapping datastore rsidtbl info generator annotation atnid"
    " atnauthor atndate atnref atrfstart atrfend bkmkstart bkmkend latentstyles xmlnstbl nonshppict blipuid filetbl"
    " revtbl private objname ftnsep ftnsepc aftnsep aftnsepc ftncn aftncn tc tcn xe rxe txe shprslt datafield pn"
    " nonesttables template listname falt panose pnseclvl background pgptbl xform oldcprops oldpprops oldtprops"
    " oldsprops passwordhash userprops xmlopen htmltag mhtmltag"
)
# Groups that old programs may skip, as "\*" before the control word says; we know these. All others are skipped.
STARRED = _set(
    "fldinst fldrslt formfield ffl ud shppict shpinst do nesttableprops objclass result footnote moMath moMathPara"
    " pntext listtext listtable listoverridetable shptxt dptxbxtext pict"
)


@dataclass
class State:
    """What formatting says at a place.

    Attributes:
        sink: takes the text; None where it is shown.
        shape: the shape around it, of which the text box and the pictures are shown.
        field, embedded: the field and the object around it.
        generated: it is in a table of contents that a field makes.
        font: number of the font, None for the document's default.
        fallbacks: how many characters follow a \\u for programs without Unicode.
        hidden, deleted: it does not show.
        bold, underlined, capitals: how headings look.
        struck, white: it may be meant to be gone.
        shaded, ground: the text or its paragraph stands on another colour than that of the paper.
        style: number of the paragraph's style.
        outline: 0-based outline level, 9 for body text; None where the style decides.
        list, level: number of the list that it is in, 0 for none, and 0-based level.
        in_table, depth: the paragraph is in a table, and in how many tables.
    """

    sink: Sink | None = None
    shape: Shape | None = None
    field: Field | None = None
    embedded: Embedded | None = None
    generated: bool = False
    font: int | None = None
    fallbacks: int = 1
    hidden: bool = False
    deleted: bool = False
    bold: bool = False
    underlined: bool = False
    capitals: bool = False
    struck: bool = False
    white: bool = False
    shaded: bool = False
    ground: bool = False
    style: int = 0
    outline: int | None = None
    list: int = 0
    level: int = 0
    in_table: bool = False
    depth: int = 0

    def copy(self) -> State:
        """A state that can be changed without this one; a group costs little more than this, so it is done by hand."""
        new = object.__new__(State)
        new.__dict__.update(self.__dict__)
        return new

    def reset_characters(self) -> None:
        r"""What \plain does."""
        self.font = None
        self.hidden = self.deleted = self.bold = self.underlined = self.capitals = False
        self.struck = self.white = self.shaded = False

    def reset_paragraph(self) -> None:
        r"""What \pard does."""
        self.style, self.outline, self.list, self.level, self.depth = 0, None, 0, 0, 0
        self.in_table = self.ground = False

    @property
    def gone(self) -> bool:
        """Whether text does not show."""
        return self.hidden or self.deleted

    @property
    def stands_out(self) -> bool:
        """Whether text looks like a heading."""
        return self.bold or self.underlined or self.capitals

    @property
    def tables(self) -> int:
        """How many tables the paragraph is in."""
        return max(self.depth, int(self.in_table))
