"""Spreadsheets from strangers: rows come out, everything else is one clear fault."""

import io
import zipfile

import openpyxl
import pytest

from web.sheets import (
    SHEET_BYTES_MAX,
    SHEET_ROWS_MAX,
    UNPACKED_BYTES_MAX,
    SheetError,
    read_sheet,
    write_sheet,
)

TABLE = [["姓名", "面积"], ["张例甲", "3.50"], ["", "2"]]


def code_of(content: bytes) -> tuple[str, int]:
    with pytest.raises(SheetError) as caught:
        read_sheet(content)
    return caught.value.fault.code, caught.value.fault.line


def with_part(name: str, content: bytes) -> bytes:
    """A workbook in which one part was replaced or added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(write_sheet(TABLE))) as made,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for part in made.namelist():
            if part != name:
                archive.writestr(part, made.read(part))
        archive.writestr(name, content)
    return out.getvalue()


def test_a_workbook_that_was_written_is_read_again() -> None:
    assert read_sheet(write_sheet(TABLE)) == TABLE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_of_text_is_read_in_the_encodings_of_the_office(encoding: str) -> None:
    text = "姓名,面积\r\n张例甲,3.50\r\n,2\r\n,\r\n"

    assert read_sheet(text.encode(encoding)) == TABLE


def test_text_that_looks_like_a_formula_is_written_as_text_and_refused_when_read() -> None:
    content = write_sheet([["=1+1"]])

    cell = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]["A1"]

    assert (cell.value, cell.data_type) == ("=1+1", "s")
    assert code_of(content) == ("sheet_formula", 1)


def test_a_formula_of_a_workbook_is_refused_with_its_line() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["姓名"])
    sheet.append(['=HYPERLINK("http://example.cn")'])
    out = io.BytesIO()
    book.save(out)

    assert code_of(out.getvalue()) == ("sheet_formula", 2)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "sheet_empty"),
        (b"\n\n,,\n", "sheet_empty"),
        (b"a\0b", "sheet_unreadable"),
        (b"\xff\xff\xff", "sheet_unreadable"),
        (b'"a', "sheet_unreadable"),
        (b"PK\x03\x04 no archive", "sheet_unreadable"),
        (b"x" * (SHEET_BYTES_MAX + 1), "sheet_size"),
        (b"a\n" * (SHEET_ROWS_MAX + 1), "sheet_rows"),
        (b"a," * 70 + b"b", "sheet_columns"),
        (b"a" * 4001, "sheet_cell"),
        (b"a,=1+1", "sheet_formula"),
    ],
    ids=range(11),
)
def test_a_sheet_that_is_none_is_one_fault(content: bytes, code: str) -> None:
    assert code_of(content)[0] == code


def test_a_workbook_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    bomb = with_part("xl/worksheets/sheet2.bin", bytes(UNPACKED_BYTES_MAX + 1))

    assert len(bomb) < SHEET_BYTES_MAX
    assert code_of(bomb)[0] == "sheet_bomb"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_workbook_with_entities_is_refused_in_any_encoding(encoding: str) -> None:
    text = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>'

    hostile = with_part("xl/sharedStrings.xml", text.encode(encoding))

    assert code_of(hostile)[0] == "sheet_unreadable"
