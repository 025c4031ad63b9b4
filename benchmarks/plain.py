"""Plain documents of the size with which CouchDB itself was measured."""

import base64
import random

BYTES = 947
"""Of one document as JSON: a field of base64 and Chinese text, as the figures of CouchDB."""

_TEXT = "申请材料齐全，符合法定形式，经审核情况属实，同意按规定程序办理。"


def documents(source: random.Random, count: int, start: int = 0) -> list[dict[str, object]]:
    """Return documents whose ids rise; no two bodies are alike."""
    return [
        {
            "_id": f"hx-{number:08}",
            "blob": base64.b64encode(source.randbytes(384)).decode("ascii"),
            "text": _TEXT * 3 + "同意按规定程序办理。" * 2,
            "number": number,
        }
        for number in range(start, start + count)
    ]
