"""Which annotations belong to a layer that is hidden. Of annotations, pdfium neither tells nor heeds it.

pdfminer knows the objects of a file; the rules are those of PDF 2.0, 8.11 (optional content). It may follow a hostile
file for ever, so it runs in a process of its own. Few files come here: those with layers and annotations in them.
"""

from __future__ import annotations

import json
import subprocess

from tclp_daemon.config import Limits
from tclp_daemon.extract.child import run_apart

_PROCESSOR_S = 15  # for all pages
_PATIENCE_S = 60  # by the clock, on a busy machine
# Prints a list of [page, place], both from 0.
_SCRIPT = """
import io, json, logging, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1]) + 1))
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[2]) * 1_000_000,) * 2)
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFObjRef, dict_value, list_value, resolve1
logging.disable()

def name(value):
    return getattr(resolve1(value), "name", None)

document = PDFDocument(PDFParser(io.BytesIO(sys.stdin.buffer.read())))
config = dict_value(dict_value(document.catalog["OCProperties"]).get("D", {}))
named = {state: {ref.objid for ref in list_value(config.get(state, []))} for state in ("ON", "OFF")}
base = name(config.get("BaseState")) != "OFF"

known = {}

def shows(value, depth=0):
    if not isinstance(value, PDFObjRef):
        return works_out(value, depth)
    if value.objid not in known:  # an expression may name another, or itself, again and again
        known[value.objid] = True
        known[value.objid] = works_out(value, depth)
    return known[value.objid]

def works_out(value, depth):
    item = resolve1(value)
    if depth > 20 or item is None:
        return True
    if isinstance(item, list):
        states = [shows(each, depth + 1) for each in item[1:]]
        return {"Not": not all(states), "Or": any(states)}.get(name(item[0]), all(states))
    if name(item.get("Type")) == "OCMD":
        if item.get("VE") is not None:
            return shows(item["VE"], depth + 1)
        groups = resolve1(item.get("OCGs"))
        groups = groups if isinstance(groups, list) else [item.get("OCGs")]
        states = [shows(each, depth + 1) for each in groups if resolve1(each) is not None]
        policy = name(item.get("P"))
        answers = {"AllOn": all(states), "AnyOff": not all(states), "AllOff": not any(states)}
        return not states or answers.get(policy, any(states))
    number = value.objid if isinstance(value, PDFObjRef) else None
    return number not in named["OFF"] if base else number in named["ON"]

hidden = []
for number, page in enumerate(PDFPage.create_pages(document)):
    for place, note in enumerate(list_value(page.annots or [])):
        layer = dict_value(note).get("OC")
        if layer is not None and not shows(layer):
            hidden.append([number, place])
print(json.dumps(hidden))
"""


def hidden_annotations(data: bytes, limits: Limits) -> set[tuple[int, int]]:
    """The annotations in hidden layers, by page and place among its annotations, both from 0.

    What cannot be found out counts as shown.

    Args:
        data: the file.
        limits: memory of the process.
    """
    arguments = (str(_PROCESSOR_S), str(limits.memory_mb))
    try:
        output = run_apart(_SCRIPT, *arguments, data=data, seconds=_PATIENCE_S).stdout
        return {(page, place) for page, place in json.loads(output)}
    except (subprocess.TimeoutExpired, ValueError):
        return set()
