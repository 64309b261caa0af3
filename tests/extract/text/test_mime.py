"""E-mails, and web pages in one file: what people see of them is read, and what is attached is named."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from tclp_daemon.config import Limits
from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document

WORDS = "4.1 The Supplier’s plan shall reduce its greenhouse gas emissions by 50 per cent by 2030, as far as it can."
PAGE = f"<html><body><p><b>4. Climate</b></p><p>{WORDS}</p></body></html>"


def mail(subject: str = "Supply – draft") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann <a@example.com>", "b@example.com", subject
    return message


def archive(*parts: tuple[str, str, bytes, str], start: str = "") -> bytes:
    """A web page in one file, as Word writes it: parts of (type, location, bytes, transfer encoding)."""
    type = f'Content-Type: multipart/related; boundary="----=_P"{start}'
    head = f"MIME-Version: 1.0\r\n{type}\r\n\r\nSingle File Web Page.\r\n"
    body = b"".join(
        f"\r\n------=_P\r\nContent-Location: {place}\r\nContent-ID: <{place}>\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\nContent-Type: {type}\r\n\r\n".encode()
        + content
        for type, place, content, encoding in parts
    )
    return head.encode() + body + b"\r\n------=_P--\r\n"


def read(data: bytes, suffix: str = ".mht") -> Document:
    return read_document(data, suffix, Limits())


def encoded(text: str, charset: str, transfer: str) -> bytes:
    message = EmailMessage()
    message.set_content(text, charset=charset, cte=transfer)
    return message.as_bytes().partition(b"\n\n")[2]


@pytest.mark.parametrize("suffix", [".doc", ".mht", ".mhtml"])
@pytest.mark.parametrize("charset", ["utf-8", "windows-1252"])
@pytest.mark.parametrize("transfer", ["quoted-printable", "base64", "8bit"])
def test_a_page_in_one_file(transfer: str, charset: str, suffix: str) -> None:
    page = (f'text/html; charset="{charset}"', "file:///C:/a.htm", encoded(PAGE, charset, transfer), transfer)
    files = ("text/xml", "file:///C:/filelist.xml", b"<xml><MainFile/></xml>", "7bit")
    document = read(archive(page, files), suffix)
    assert document.text == f"4. Climate\n{WORDS}\n"
    assert [block.clause for block in document.blocks] == ["4", "4.1"]
    assert [warning.code for warning in document.warnings] == ["content_mismatch"] * (suffix == ".doc")


def test_the_root_of_a_page_is_the_part_that_the_header_names() -> None:
    other = ("text/html", "header", b"<p>Running header</p>", "7bit")
    page = ("text/html; charset=utf-8", "root", PAGE.encode(), "8bit")
    assert "Running" not in read(archive(other, page, start='; start="<root>"')).text
    frames = ("text/html", "frames", b"<html><frameset><frame src=root></frameset></html>", "7bit")
    assert WORDS in read(archive(frames, page)).text


@pytest.mark.parametrize("transfer", ["quoted-printable", "base64"])
def test_an_email_saved_as_text(transfer: str) -> None:
    message = mail()
    message.set_content(WORDS, cte=transfer)
    document = read(message.as_bytes(), ".txt")
    assert document.text.splitlines() == [
        "From: Ann <a@example.com>",
        "To: b@example.com",
        "Subject: Supply – draft",
        WORDS,
    ]


def test_an_email_with_two_bodies_an_attachment_and_one_forwarded() -> None:
    forwarded = mail("Older")
    forwarded.set_content("Older words on net zero.")
    message = mail()
    message.set_content("Plain twin of the page.")
    message.add_alternative(PAGE, subtype="html", cte="base64")
    message.get_payload()[1].add_related(b"GIF89a", "image", "gif", cid="<logo>", filename="logo.gif")  # type: ignore[union-attr]
    message.make_mixed()
    message.add_attachment(b"%PDF-1.7", "application", "pdf", filename="contract ü.pdf")
    message.add_attachment(forwarded)
    document = read(b"From ann Mon Jan  1 00:00:00 2024\n" + message.as_bytes(), ".txt")
    assert "Plain twin" not in document.text
    assert [block.clause for block in document.blocks if WORDS in document.text[block.start : block.end]] == ["4.1"]
    assert "Older words on net zero." in document.text
    (attached,) = [warning for warning in document.warnings if warning.unread]
    assert (attached.code, attached.parts) == ("attached_file", ("contract ü.pdf",))


def test_an_empty_twin_does_not_hide_the_other_body() -> None:
    message = mail()
    message.set_content(WORDS)
    message.add_alternative("<html><body></body></html>", subtype="html")
    assert WORDS in read(message.as_bytes(), ".txt").text


def test_a_message_that_breaks_off_or_has_no_boundary_is_read_as_far_as_it_goes() -> None:
    page = archive(("text/html; charset=utf-8", "root", PAGE.encode(), "8bit"))
    assert WORDS in read(page[: page.index(b"</body>")]).text
    assert WORDS in read(page.replace(b'boundary="----=_P"', b"type=x")).text


def test_a_contract_with_fields_is_no_message() -> None:
    text = "Supplier: Acme\nContent: steel\nSubject: supply\n\nContent-Type: means the type of content.\n"
    assert read(text.encode(), ".txt").format == "txt"


@pytest.mark.parametrize(
    "header",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)),
        b"Content-Type: message/rfc822\n\n" * 100_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 500_000,
    ],
)
def test_nesting_without_end_is_refused(header: bytes) -> None:
    with pytest.raises(ContractError) as caught:
        read(b"MIME-Version: 1.0\n" + header + b"end")
    assert caught.value.code is ErrorCode.TOO_DEEP


def test_long_parameters_and_long_headers_cost_little() -> None:
    head = b"MIME-Version: 1.0\nContent-Type: text/plain" + b"; a=b" * 10_000 + b"\n"
    assert "word" in read(head + b"X: y\n" * 20_000 + b"\nword").text


@pytest.mark.parametrize("charset", ["no-such", '"a\0b"', "utf-7", "punycode", "*0*=a%00'b'c", '""', "utf-16"])
def test_charsets_that_are_none_are_not_used(charset: str) -> None:
    head = f"From: a\nMIME-Version: 1.0\nContent-Type: text/plain; charset={charset}\n\n"
    assert read(f"{head}The Supplier shall report.".encode()).text == "The Supplier shall report.\n"


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf\r\n" + mail().as_bytes().rstrip() + b"\nMIME-Version: 1.0\n",
        (mail().as_bytes().rstrip() + b"\nMIME-Version: 1.0\n").decode(),
    ],
)
def test_a_message_that_an_editor_has_saved(data: bytes | str) -> None:
    head = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
    body = head + encoded(WORDS, "utf-8", "base64").decode()
    whole = data + body.encode() if isinstance(data, bytes) else (data + body).encode("utf-16")
    assert read(whole, ".txt").text.splitlines()[2:] == ["Subject: Supply – draft", WORDS]


def test_the_body_of_a_message_that_lost_its_header() -> None:
    message = mail()
    message.set_content("Plain twin of the page.")
    message.add_alternative(PAGE, subtype="html", cte="base64")
    body = message.as_bytes().partition(b"\n\n")[2]
    assert read(body, ".txt").text == f"4. Climate\n{WORDS}\n"
    message.make_mixed()
    message.add_attachment(b"%PDF-1.7", "application", "pdf", filename="c.pdf")
    document = read(message.as_bytes().partition(b"\n\n")[2], ".txt")
    assert WORDS in document.text
    assert "Plain twin" not in document.text
    assert ("c.pdf",) in [warning.parts for warning in document.warnings]
    assert read(b"--rule\nContent of the contract: none\n\nwords", ".txt").format == "txt"


def test_frames_of_a_page_are_read_behind_it() -> None:
    first = ("text/html", "https://a/", b"<p>Cover words.</p><iframe src='cid:two'></iframe>", "7bit")
    second = ("text/html", "two", b"<p>Second.</p><iframe\nclass=a src=https://a/three></iframe>", "7bit")
    third = ("text/html; charset=utf-8", "https://a/three", PAGE.encode(), "8bit")
    unused = ("text/html", "four", b"<p>Running header</p>", "7bit")
    page = archive(first, unused, third, second).replace(b"cid:two", b"cid:two")
    assert read(page).text == f"Cover words.\nSecond.\n4. Climate\n{WORDS}\n"
