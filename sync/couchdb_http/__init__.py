"""A store served in the CouchDB protocol, so that CouchDB, PouchDB and their kin replicate.

`application` is the whole as one WSGI application over a `DocumentStore`; `server` runs it.
JavaScript of design documents is stored and replicated, but never run.
"""
