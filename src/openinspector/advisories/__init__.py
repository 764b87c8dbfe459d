"""Knowledge: feeds, all normalised to OSV, compiled into one advisory database."""

from openinspector.advisories.database import AdvisoryDatabase

__all__ = ["AdvisoryDatabase"]
