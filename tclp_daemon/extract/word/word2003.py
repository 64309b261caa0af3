"""The XML of Word 2003 (WordprocessingML 2003) as the parts that later versions of Word write.

Its elements have the same names and meanings, except for lists, tracked changes, notes, headers and pictures, which it
keeps where they are used. `xmlsafe` has renamed its namespace before.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from tclp_daemon.extract.word.autonumber import FORMAT_NUMBERS
from tclp_daemon.extract.word.docx_xml import R, V, W, integer

_AML = "{http://schemas.microsoft.com/aml/2001/core}"
_RELATIONS = "word/_rels/document.xml.rels"
_PICTURES = "word/media/"
_RENAMED = {
    "listPr": "numPr", "ilfo": "numId", "vmerge": "vMerge", "hmerge": "hMerge", "listDef": "abstractNum", "list": "num",
    "ilst": "abstractNumId", "nfc": "numFmt", "listStyleLink": "numStyleLink",
}  # fmt: skip
_GONE = frozenset({"Word.Deletion", "Word.Comment"})


def parts_of_word_2003(root: Any) -> dict[str, Any]:
    """The parts of a document by name; the tree is changed.

    Args:
        root: the w:wordDocument.
    """
    parts: dict[str, Any] = {"word/document.xml": root}
    relations = etree.Element("Relationships")
    for element in list(root.iter(_AML + "annotation")):
        if element.get(W + "type") in _GONE:
            element.tag = W + "del"
    for element in list(root.iter(*(W + name for name in _RENAMED))):
        _rename(element)
    for name, tag in (("word/styles.xml", "styles"), ("word/numbering.xml", "lists")):
        if (part := root.find(W + tag)) is not None:
            parts[name] = part
    for kind in ("footnote", "endnote"):
        _collect_notes(root, kind, parts)
    for element in list(root.iter(W + "hdr", W + "ftr")):
        _refer_to_header(element, parts, relations)
    for element in root.iter(W + "binData"):
        name = element.get(W + "name") or ""
        parts[_PICTURES + name.rsplit("/", 1)[-1]] = element
    for element in root.iter(V + "imagedata"):
        source = element.get("src") or ""
        element.set(R + "id", source)
        _relate(relations, source, "image", "media/" + source.rsplit("/", 1)[-1])
    for element in root.iter(W + "subDoc"):
        element.set(R + "id", element.get(W + "link") or "")
        _relate(relations, element.get(R + "id"), "subDocument", element.get(R + "id"), TargetMode="External")
    parts[_RELATIONS] = relations
    return parts


def _rename(element: Any) -> None:
    name = element.tag[len(W) :]
    element.tag = W + _RENAMED[name]
    if name == "listDef":
        element.set(W + "abstractNumId", element.get(W + "listDefId") or "")
    elif name == "list":
        element.set(W + "numId", element.get(W + "ilfo") or "")
    elif name == "nfc":
        element.set(W + "val", FORMAT_NUMBERS.get(integer(element.get(W + "val")) or 0, "decimal"))


def _collect_notes(root: Any, kind: str, parts: dict[str, Any]) -> None:
    """Moves the notes, which stand in the text, into a part of their own."""
    notes = etree.Element(f"{W}{kind}s")
    for number, note in enumerate(list(root.iter(W + kind)), start=1):
        holder = note.getparent()
        if holder is None or holder.tag != W + "r":
            continue  # the separators of notes
        reference = etree.Element(f"{W}{kind}Reference")
        reference.set(W + "id", str(number))
        holder.replace(note, reference)
        note.set(W + "id", str(number))
        notes.append(note)
    parts[f"word/{kind}s.xml"] = notes


def _refer_to_header(element: Any, parts: dict[str, Any], relations: Any) -> None:
    """Makes a part of a header or footer, which stands in the properties of its section."""
    kind = "header" if element.tag == W + "hdr" else "footer"
    name = f"{kind}{len(parts)}"
    parts[f"word/{name}.xml"] = element
    reference = etree.SubElement(element.getparent(), f"{W}{kind}Reference")
    reference.set(R + "id", name)
    _relate(relations, name, kind, f"{name}.xml")


def _relate(relations: Any, name: str, kind: str, target: str, **more: str) -> None:
    etree.SubElement(relations, "Relationship", {"Id": name, "Type": kind, "Target": target, **more})
