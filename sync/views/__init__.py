"""What somebody else than its own program sees of a store, and may do to it.

Each view is a `DocumentStore` over another one, so that the CouchDB protocol is served from it
as from any: to one device its own scope (`scoped`), to IT staff everything and nothing to
change (`reading`), to whoever serves a file everything but what the program keeps (`guarded`).
"""
