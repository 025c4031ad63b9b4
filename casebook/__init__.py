"""What a node knows of its cases: write an act, open, fold, list.

Outposts and hubs share this package. It joins the three ignorant halves: `cases` (what is
lawful), `security` (who may read, who wrote) and `sync` (what is stored and travels).
"""
