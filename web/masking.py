"""Personal data as lists and prints may show them: enough to tell people apart at the desk."""

_STAR = "*"
_HEAD, _TAIL = 6, 4
_SHORT = 8


def mask_name(name: str) -> str:
    """A name with its first character alone: `张*`, `欧**`, `A***`.

    The number of stars is the length of the name up to four, so that a long name is not told
    by its length.
    """
    text = name.strip()
    if not text:
        return ""
    return text[0] + _STAR * max(1, min(len(text) - 1, 3))


def mask_applicant(name: str, privacy: str) -> str:
    """A name in a list: of a minor or a sick person not even the family name is shown.

    `privacy` is that of the item: `minor`, `health`, or nothing.
    """
    return mask_text(name) if privacy else mask_name(name)


def mask_number(number: str) -> str:
    """A number with its ends alone: `120103********0003`, `138****5678`; short ones vanish."""
    text = number.strip()
    if len(text) <= _SHORT:
        return text[:1] + _STAR * (len(text) - 1) if text else ""
    head = _HEAD if len(text) > _HEAD + _TAIL + 3 else 3
    return text[:head] + _STAR * (len(text) - head - _TAIL) + text[-_TAIL:]


def mask_text(text: str) -> str:
    """Free text, of which nothing may be shown, as a fixed row of stars."""
    return _STAR * 6 if text.strip() else ""
