import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.couchdb_http.errors import ReplyError
from sync.couchdb_http.multipart import PartReader, part_head

BODY = (
    b"ignored\r\n--edge\r\nContent-Type: application/json\r\n\r\n{}\r\n--edge  \r\n"
    b"Content-Disposition: attachment; filename=x\r\n\r\n\r\n--edge\r\n\r\nlast\r\n--edge--tail"
)


def parts(pieces: list[bytes], boundary: str = "edge") -> list[tuple[dict[str, str], bytes]]:
    reader = PartReader(pieces, boundary)
    return [(dict(part.headers), b"".join(part.pieces)) for part in reader.parts()]


@given(st.lists(st.integers(min_value=1, max_value=40), max_size=40))
def test_parts_are_the_same_however_the_body_is_cut(lengths: list[int]) -> None:
    pieces, rest = [], BODY
    for length in lengths:
        pieces.append(rest[:length])
        rest = rest[length:]

    assert parts([*pieces, rest]) == [
        ({"content-type": "application/json"}, b"{}"),
        ({"content-disposition": "attachment; filename=x"}, b""),
        ({}, b"last"),
    ]


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_what_was_written_is_read(contents: list[bytes]) -> None:
    boundary = "4f1c0a9b2d3e4f5061728394a5b6c7d8"
    body = b"".join(
        f"--{boundary}\r\n".encode() + part_head({"Content-Type": "image/png"}) + one + b"\r\n"
        for one in contents
    )

    read = parts([body + f"--{boundary}--".encode()], boundary)

    assert [content for _, content in read] == contents


def test_what_is_left_unread_of_a_part_is_skipped() -> None:
    heads = [part.headers for part in PartReader([BODY], "edge").parts()]

    assert len(heads) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b"--edge\r\nContent-Type: x\r\n\r\ncut",
        b"--edge\r\nContent-Type: x",
        b"--edgeless\r\n\r\n",
        b"--edge\r\n" + b"Name: value\r\n" * 3000 + b"\r\nx\r\n--edge--",
    ],
)
def test_a_body_that_is_no_multipart_is_refused(body: bytes) -> None:
    with pytest.raises(ReplyError):
        parts([body])


@pytest.mark.parametrize("boundary", ["", "x" * 300])
def test_a_boundary_that_cannot_be_one_is_refused(boundary: str) -> None:
    with pytest.raises(ReplyError):
        PartReader([b""], boundary)
