"""Fixtures of this folder."""

from tests.aws_fixtures import aws, moto_url

__all__ = ["aws", "moto_url"]
