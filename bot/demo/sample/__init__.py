"""A sample ConfigMgr site database: two sites, forty distribution points and every way a package can drift.

It promises real shapes (tables, NAL paths, status numbers) and invented contents, and never
talks to a real site.
"""
