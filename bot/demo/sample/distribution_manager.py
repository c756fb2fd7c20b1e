"""A simulation of Distribution Manager: it answers a reset by sending again, a few points at a time.

It wakes by itself, which the real one does only after a redistribute; it cannot send what the source lost.
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

POINTS_PER_STEP = 4

# Jobs that are ready end first, so that each call shows one hop and no more.
READY_JOBS = """SELECT j.JobID, d.NALPath FROM DistributionJobs j JOIN DistributionPoints d ON d.DPID = j.DPID
    WHERE j.State = 1 ORDER BY j.JobID LIMIT ?"""
FINISH_COPY = """UPDATE PkgStatus SET Status = 3, UpdateTime = :now,
        SourceVersion = (SELECT PackageVersion FROM DistributionJobs WHERE JobID = :job)
    WHERE Type = 2 AND PkgServer = :holder AND ID = (SELECT PkgID FROM DistributionJobs WHERE JobID = :job)"""
FINISH_JOB = "UPDATE DistributionJobs SET State = 5, LastUpdateTime = :now WHERE JobID = :job"

RESET_SITES = """SELECT s.PKID, s.ID, s.SiteCode, p.SourceVersion FROM PkgStatus s
    JOIN SMSPackages p ON p.PkgID = s.ID AND p.StoredPkgVersion = p.SourceVersion
    WHERE s.Type = 1 AND s.SourceVersion = 0 AND s.Status = 2"""
RECEIVE = "UPDATE PkgStatus SET SourceVersion = ?, Status = 2, UpdateTime = ? WHERE PKID = ?"

# A point is sent the package when its own row was reset, or when its site has just received a newer version.
QUEUE = """INSERT INTO DistributionJobs
    SELECT (SELECT coalesce(max(JobID), 0) FROM DistributionJobs) + row_number() OVER (ORDER BY d.DPID),
        d.DPID, s.ID, p.SourceVersion, 1, :now, 2, 0, :now
    FROM PkgStatus s JOIN SMSPackages p ON p.PkgID = s.ID AND p.StoredPkgVersion = p.SourceVersion
    JOIN DistributionPoints d ON d.NALPath = s.PkgServer
    WHERE s.Type = 2 AND {due}
        AND NOT EXISTS (SELECT 1 FROM DistributionJobs j
            WHERE j.PkgID = s.ID AND j.DPID = d.DPID AND j.State < 5)
        AND EXISTS (SELECT 1 FROM PkgStatus m WHERE m.ID = s.ID AND m.Type = 1 AND m.SiteCode = s.SiteCode
            AND m.SourceVersion = p.SourceVersion AND m.Status IN (2, 3))"""
QUEUE_RESET_POINTS = QUEUE.format(due="s.SourceVersion = 0 AND s.Status = 2")
QUEUE_SITE = QUEUE.format(due="s.ID = :package AND s.SiteCode = :site AND s.SourceVersion < p.SourceVersion")


def step(path: Path, now: datetime) -> None:
    """Do one round of its work: end a few ready jobs, then look for rows that were reset."""
    moment = now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        for job, holder in connection.execute(READY_JOBS, (POINTS_PER_STEP,)).fetchall():
            facts = {"job": job, "holder": holder, "now": moment}
            connection.execute(FINISH_COPY, facts)
            connection.execute(FINISH_JOB, facts)
        for key, package, site, version in connection.execute(RESET_SITES).fetchall():
            connection.execute(RECEIVE, (version, moment, key))
            connection.execute(QUEUE_SITE, {"package": package, "site": site, "now": moment})
        connection.execute(QUEUE_RESET_POINTS, {"now": moment})
