"""Records that carry the registry: a statement in clear, in the feed of whoever passes it on.

The record says where the statement has to go; who is allowed to say it is a matter of the
statement's own signature. So any node above may carry what another has signed.
"""

from security.errors import FormatError
from security.header import NO_CASE, STATEMENT, Header, encode_header
from security.records import Record, assemble
from security.signing import Signer
from security.statements import STATEMENT_BYTES_MAX


def carry_statement(header: Header, statement: bytes, signer: Signer) -> Record:
    """Give the record that carries a statement to all units whom its path concerns.

    The path ends with the unit that the statement is of interest to; that unit, all above it
    and all below it get the record.

    Raises:
        FormatError: The header is not that of a statement.
    """
    if header.type != STATEMENT or header.case != NO_CASE:
        raise FormatError("the header of a carried statement has another type, or a case")
    if len(statement) > STATEMENT_BYTES_MAX:
        raise FormatError(f"a statement has at most {STATEMENT_BYTES_MAX} bytes")
    return assemble(encode_header(header), statement, signer)


def carried_statement(record: Record) -> bytes:
    """Give the statement in a record; it has not been looked at.

    Raises:
        FormatError: The record carries none, or belongs to a case.
    """
    if record.header.type != STATEMENT or record.header.case != NO_CASE:
        raise FormatError("the record carries no statement")
    if len(record.sealed) > STATEMENT_BYTES_MAX:
        raise FormatError(f"a statement has at most {STATEMENT_BYTES_MAX} bytes")
    return record.sealed
