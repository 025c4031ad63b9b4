"""How Chinese characters are read: all readings of each, since names take the rare ones.

曾 is zeng in a surname and ceng elsewhere; a search must find it under both. Only single
characters are looked up, so a program may set `PYPINYIN_NO_PHRASES=true` before it imports
this, which saves the dictionary of phrases: some 45 MB of memory and 0.1 s of the start.
"""

from pypinyin import Style, pinyin


def readings(character: str) -> tuple[str, ...]:
    """All readings of one character, without tones; ü is written v as keyboards have it.

    Empty for whatever has no reading, such as a letter or a sign.
    """
    if character.isascii():
        return ()
    found = pinyin(character, heteronym=True, style=Style.NORMAL)
    return tuple(reading for reading in found[0] if reading.isascii() and reading.isalpha())
