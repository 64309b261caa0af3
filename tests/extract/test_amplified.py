"""A small file that means much work ends in a document or a code before a worker's patience does."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from extract import amplified
from extract.docxmaker import Docx, make_docx, paragraph
from extract.test_malformed import CODES, read_in_child

from devdata import dev_data
from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document, read_embedded
from tclp_daemon.extract.budget import Budget
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.docx import read_docx
from tclp_daemon.extract.word.zipsafe import Package

pytestmark = pytest.mark.slow

ENDS = CODES - {ErrorCode.INTERNAL.value, ErrorCode.OUT_OF_MEMORY.value}
Makers = dict[str, Callable[[], bytes]]


def wrong(outcomes: dict[str, str]) -> dict[str, str]:
    """Those that did not end as they may; what the unpacker said is of no interest."""
    return {path: outcome for path, outcome in outcomes.items() if outcome.split(" from ")[0] not in ENDS}


def expect_ends(makers: Makers, suffix: str, folder: Path) -> None:
    """All in one child after the other, each within its patience of processor time."""
    files = []
    for name, make in makers.items():
        path = folder / f"{name}{suffix}"
        path.write_bytes(make())
        files.append((suffix, path))
    outcomes = read_in_child(files)
    assert wrong(outcomes) == {}
    assert len(outcomes) == len(makers)


@pytest.mark.parametrize("name", amplified.DOCX)
def test_amplified_docx(name: str, tmp_path: Path) -> None:
    expect_ends({name: amplified.DOCX[name]}, ".docx", tmp_path)


@pytest.mark.parametrize(
    ("makers", "suffix"), [(amplified.HTML, ".doc"), (amplified.TEXTS, ".txt"), (amplified.MARKDOWN, ".md")]
)
def test_amplified_text(makers: Makers, suffix: str, tmp_path: Path) -> None:
    expect_ends(makers, suffix, tmp_path)


def test_every_slow_word_file_ends() -> None:
    files = [(path.suffix, path) for path in sorted((dev_data() / "faults" / "slow").glob("*.docx"))]
    outcomes = read_in_child(files)
    assert wrong(outcomes) == {}
    assert len(outcomes) == len(files) >= 4


def test_each_byte_counts_each_time_it_is_read() -> None:
    data = make_docx(Docx(paragraph("a"), files={"word/big.bin": b" " * 9_000_000}))
    package = Package(data, Limits())
    package.read("word/big.bin")
    package.read("word/big.bin")
    with pytest.raises(ContractError) as caught:
        package.read("word/big.bin")
    assert caught.value.code is ErrorCode.EXPANDS_TOO_MUCH


def test_documents_in_documents_share_the_budget() -> None:
    budget = Budget(1000, Limits())
    inner = make_docx(Docx(paragraph("a"), files={"word/big.bin": b" " * 15_000_000}))
    Package(inner, Limits(), budget).read("word/big.bin")
    with pytest.raises(ContractError) as caught:
        Package(inner, Limits(), budget).read("word/big.bin")
    assert caught.value.code is ErrorCode.EXPANDS_TOO_MUCH


def test_a_part_that_is_embedded_often_is_read_once() -> None:
    page = b"<html><body><p>Shown twice.</p>" + b"<!--" + b"x" * 11_000_000 + b"-->"
    document = read_docx(
        make_docx(
            Docx(
                '<w:altChunk r:id="a"/>' + paragraph("Between.") + '<w:altChunk r:id="b"/>',
                files={"word/c.htm": page},
                relations=[("a", "aFChunk", "c.htm"), ("b", "aFChunk", "c.htm")],
            )
        ),
        ReadContext(read_embedded=read_embedded),
    )
    assert document.text.split("\n")[:3] == ["Shown twice.", "Between.", "Shown twice."]


def test_a_contract_put_together_from_many_documents_is_read() -> None:
    names = [f"c{at}" for at in range(200)]
    body = "".join(f'<w:altChunk r:id="{name}"/>' for name in names)
    files = {f"word/{name}.htm": f"<html><body><p>Clause {name}.</p></body></html>".encode() for name in names}
    relations = [(name, "aFChunk", f"{name}.htm") for name in names]
    contract = make_docx(Docx(body, files=files, relations=relations))
    document = read_docx(contract, ReadContext(read_embedded=read_embedded))
    assert document.text.split() == [word for name in names for word in ("Clause", f"{name}.")]
    assert document.warnings == ()


def test_a_long_contract_with_much_markup_is_read() -> None:
    # Two thousand pages as Word saves them have a part of 35 MB; here a sixth, with a sixth of the memory.
    markup = (
        '<w:r w:rsidR="00A1B2C3" w:rsidRPr="00C3B2A1"><w:rPr><w:rFonts w:ascii="Times New Roman" '
        'w:hAnsi="Times New Roman" w:cs="Times New Roman"/><w:sz w:val="22"/><w:szCs w:val="22"/>'
        '<w:lang w:val="en-GB"/></w:rPr><w:t xml:space="preserve">The Supplier shall, at its own cost, </w:t></w:r>'
    )
    run = markup * 6
    source = "".join(f'<w:p w:rsidR="{at:08X}">{run}</w:p>' for at in range(3000))
    assert len(source) > 5_000_000
    document = read_docx(make_docx(Docx(source)), ReadContext(Limits(memory_mb=256)))
    assert len(document.blocks) == 3000


def test_a_part_of_nothing_but_attributes_is_refused_before_it_becomes_a_tree() -> None:
    names = " ".join(f'a{at}="x"' for at in range(1600))
    source = f"<w:p {names}/>" * 2000
    with pytest.raises(ContractError) as caught:
        read_docx(make_docx(Docx(source)), ReadContext())
    assert caught.value.code is ErrorCode.EXPANDS_TOO_MUCH
    assert "attributes" in caught.value.message


def test_want_of_memory_is_not_taken_for_damage() -> None:
    script = """
import resource, sys
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.docx import read_docx
data = sys.stdin.buffer.read()
with open("/proc/self/status") as status:
    used = next(int(line.split()[1]) for line in status if line.startswith("VmData")) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + 150_000_000,) * 2)
try:
    read_docx(data, ReadContext())
except BaseException as error:
    print(type(error).__name__)
"""
    names = " ".join(f'a{at}="x"' for at in range(1000))
    data = make_docx(Docx(f"<w:p {names}/>" * 1500))
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=False)
    assert done.stdout == b"MemoryError\n"


def test_a_size_that_is_a_lie_unpacks_no_more_than_a_portion() -> None:
    package = Package(amplified.lying_size(), Limits())
    with pytest.raises(ContractError) as caught:
        package.read("word/document.xml")
    assert caught.value.code is ErrorCode.CORRUPT


def test_other_methods_of_packing_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(ContractError, match="packed in a way"):
        read_docx(buffer.getvalue(), ReadContext())


def test_of_parts_with_one_name_the_last_is_read_and_that_is_said() -> None:
    first = make_docx(Docx(paragraph("The first version.")))
    second = make_docx(Docx(paragraph("The second version.")))
    buffer = io.BytesIO(first)
    with zipfile.ZipFile(io.BytesIO(second)) as source, zipfile.ZipFile(buffer, "a") as archive:
        info = zipfile.ZipInfo("Word/document.xml")  # names differ in case, which Word does not heed
        archive.writestr(info, source.read("word/document.xml"))
    document = read_docx(buffer.getvalue(), ReadContext())
    assert document.text.strip() == "The second version."
    assert [warning.code for warning in document.warnings] == ["repeated_part"]


def test_a_part_that_is_there_twice_without_a_difference_gives_no_warning() -> None:
    data = make_docx(Docx(paragraph("The same.")))
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(zipfile.ZipInfo("Word/document.xml"), source.read("word/document.xml"))
    assert read_docx(buffer.getvalue(), ReadContext()).warnings == ()


def test_a_damaged_header_is_told_once() -> None:
    document = read_docx(amplified.damaged_headers(), ReadContext())
    assert [warning.code for warning in document.warnings] == ["part_unreadable"]


def test_blocks_count_though_they_say_little() -> None:
    with pytest.raises(ContractError) as caught:
        read_document(b"a\n\n" * 1000, ".txt", Limits(characters=10_000))
    assert caught.value.code is ErrorCode.TOO_MUCH_TEXT
