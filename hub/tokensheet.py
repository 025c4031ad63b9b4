"""Enrolment tokens on paper: one block each, to be cut and sealed in an envelope."""

from collections.abc import Iterable, Mapping
from html import escape

import segno

from web.texts import Texts

_STYLE = """
@page { size: A4; margin: 15mm }
body { font: 11pt/1.5 "Noto Sans CJK SC", sans-serif; max-width: 180mm; margin: 0 auto }
section { display: grid; grid-template-columns: 50mm 1fr; gap: 6mm; border: 1px dashed;
  padding: 5mm; margin-bottom: 6mm; break-inside: avoid }
svg { width: 50mm; height: 50mm } code { font: 11pt/1.5 monospace; word-spacing: 2mm }
h2 { margin: 0; font-size: 14pt }
"""


def sheet_html(tokens: Iterable[Mapping[str, object]], texts: Texts) -> str:
    """Give the sheet as a page of its own.

    Args:
        tokens: `unit`, `name`, `device`, `until` and `token` of each.
        texts: of the reader's language.
    """
    blocks = "".join(_block({key: str(row[key]) for key in row}, texts) for row in tokens)
    title = escape(texts.text("hub.token.title"))
    return (
        f'<!doctype html><html lang="{texts.language}"><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}</style>{blocks}</html>\n"
    )


def _block(row: Mapping[str, str], texts: Texts) -> str:
    code = segno.make_qr(row["token"], error="m", boost_error=False)
    image = code.svg_inline(scale=3, border=2, omitsize=True)
    groups = escape(row["token"]).replace("-", " ")
    use = escape(texts.text("hub.token.use", device=row["device"], until=row["until"]))
    return (
        f"<section><div>{image}</div><div><h2>{escape(row['name'])}</h2>"
        f"<p>{escape(row['unit'])}</p><p>{use}</p><code>{groups}</code></div></section>"
    )
