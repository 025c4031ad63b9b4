"""The printed share of the escrow key: words, QR code and checksum on one page."""

from html import escape

import segno

from security.escrow import Share
from web.texts import Texts

_STYLE = """
@page { size: A4; margin: 20mm }
body { font: 12pt/1.6 "Noto Sans CJK SC", sans-serif; max-width: 170mm; margin: 0 auto }
h1 { font-size: 18pt; text-align: center }
ol { columns: 3; border: 1px solid; padding: 5mm 5mm 5mm 15mm; font-family: monospace }
svg { width: 70mm; height: 70mm; display: block; margin: 5mm auto }
.sign { border-top: 1px solid; margin-top: 20mm; padding-top: 2mm }
"""


def share_page(share: Share, shares: int, public: bytes, texts: Texts) -> str:
    """The page for one holder; whoever reads it has the share."""
    about = texts.text(
        "escrow.page.about",
        number=share.number,
        shares=shares,
        threshold=share.threshold,
        key=public.hex(),
        check=share.check,
    )
    title = escape(texts.text("escrow.page.title"))
    words = "".join(f"<li>{escape(word)}</li>" for word in share.words.split())
    image = segno.make_qr(share.words, error="m").svg_inline(scale=3, border=4, omitsize=True)
    return (
        f'<!doctype html><html lang="{texts.language}"><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>"
        f"<p>{escape(about)}</p><ol>{words}</ol>{image}"
        f"<p>{escape(texts.text('escrow.page.use'))}</p>"
        f'<p class="sign">{escape(texts.text("escrow.page.sign"))}</p></html>\n'
    )
