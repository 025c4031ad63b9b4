"""The printed checkpoint: what a log was on a day, for a person to countersign and keep.

Whoever keeps the paper can show later that the log was rewritten: its newest checkpoint must
then be proven to begin with this one.
"""

from collections.abc import Mapping
from html import escape

import segno

from security.tlog_notes import SignedCheckpoint
from web.texts import Texts

_STYLE = """
@page { size: A4; margin: 20mm }
body { font: 12pt/1.6 "Noto Sans CJK SC", sans-serif; max-width: 170mm; margin: 0 auto }
h1 { font-size: 18pt; text-align: center }
pre { font: 9pt/1.4 monospace; white-space: pre-wrap; word-break: break-all;
  border: 1px solid; padding: 3mm }
.sign { display: grid; grid-template-columns: 1fr 1fr; gap: 10mm; margin-top: 15mm }
.sign div { border-top: 1px solid; padding-top: 2mm; min-height: 25mm }
svg { width: 60mm; height: 60mm; display: block; margin: 5mm auto }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 1mm 5mm } dd { margin: 0;
  word-break: break-all }
"""


def sheet_html(signed: SignedCheckpoint, texts: Texts, about: Mapping[str, str]) -> str:
    """Give the sheet as a page of its own.

    Args:
        signed: the checkpoint, with whatever cosignatures it has by now.
        texts: of the reader's language.
        about: `unit`, `now` and `root_key`, as they are to be printed.
    """
    checkpoint = signed.checkpoint
    rows = {
        "sheet.unit": about["unit"],
        "sheet.origin": checkpoint.origin,
        "sheet.size": str(checkpoint.size),
        "sheet.root": checkpoint.root.hex(),
        "sheet.printed": about["now"],
        "sheet.root_key": about["root_key"],
    }
    lines = "".join(
        f"<dt>{escape(texts.text(key))}</dt><dd>{escape(value)}</dd>"
        for key, value in rows.items()
    )
    code = segno.make_qr(signed.text, error="m", boost_error=False)
    image = code.svg_inline(scale=3, border=2, omitsize=True)
    signs = "".join(
        f"<div>{escape(texts.text(key))}</div>" for key in ("sheet.by_hub", "sheet.by_audit")
    )
    title = escape(texts.text("sheet.title"))
    return (
        f'<!doctype html><html lang="{texts.language}"><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1><dl>{lines}</dl>"
        f"{image}<pre>{escape(signed.note.decode())}</pre>"
        f"<p>{escape(texts.text('sheet.use'))}</p>"
        f'<div class="sign">{signs}</div></html>\n'
    )
