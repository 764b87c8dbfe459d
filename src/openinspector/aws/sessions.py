"""Clients of AWS for every account: our own credentials, or a role assumed in a member account.

Clients retry throttled calls by themselves, slower and slower (botocore's adaptive mode), and are
shared by all threads.
"""

import threading
from collections.abc import Mapping
from typing import Any

import msgspec

from openinspector.aws.at_once import limit
from openinspector.aws.trouble import aws_calls

_SESSION_NAME = "openinspector"
_ATTEMPTS = 8
_SECONDS = 60


class Access(msgspec.Struct, frozen=True):
    """How member accounts are entered: the name of the role, and its external identifier."""

    role: str = "OpenInspector"
    external_id: str | None = None


class Sessions:
    """Clients by account, region and service."""

    def __init__(self, access: Access, partition: str = "aws") -> None:
        self._access = access
        self._partition = partition
        self._lock = threading.Lock()
        self._sessions: dict[str, Any] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._own: str | None = None

    def client(self, account: str, region: str, service: str) -> Any:
        """A boto3 client. Raises `AwsTrouble` when the account cannot be entered."""
        key = (account, region, service)
        with self._lock:
            found = self._clients.get(key)
            if found is None:
                with aws_calls(f"entering account {account}"):
                    found = self._session(account).client(
                        service, region_name=region, config=_config()
                    )
                    found.meta.events.register("before-parse", _check_whole)
                    limit(found, service)
                self._clients[key] = found
            return found

    @property
    def own_account(self) -> str:
        """The account of our own credentials."""
        with self._lock:
            return self._own_account()

    def _own_account(self) -> str:
        if self._own is None:
            with aws_calls("asking whose the AWS credentials are"):
                client = self._base().client("sts", region_name="us-east-1", config=_config())
                self._own = str(client.get_caller_identity()["Account"])
        return self._own

    def _session(self, account: str) -> Any:
        if account not in self._sessions:
            own = account == self._own_account()
            self._sessions[account] = self._base() if own else self._assumed(account)
        return self._sessions[account]

    def _base(self) -> Any:
        import boto3

        if "" not in self._sessions:
            self._sessions[""] = boto3.Session()
        return self._sessions[""]

    def _assumed(self, account: str) -> Any:
        """A session whose credentials are renewed before they end."""
        import boto3
        from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
        from botocore.session import Session as CoreSession

        base = self._base()
        arguments = {"RoleSessionName": _SESSION_NAME}
        if self._access.external_id:
            arguments["ExternalId"] = self._access.external_id
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=base._session.create_client,
            source_credentials=base.get_credentials(),
            role_arn=f"arn:{self._partition}:iam::{account}:role/{self._access.role}",
            extra_args=arguments,
        )
        core = CoreSession()
        # The models of the services are large, and the same for every account.
        core.register_component("data_loader", base._session.get_component("data_loader"))
        core._credentials = DeferredRefreshableCredentials(
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )
        return boto3.Session(botocore_session=core)


def _check_whole(operation_model: Any, response_dict: Mapping[str, Any], **_: object) -> None:
    """Refuse an answer that is no JSON where it should be: botocore takes it for an empty one.

    What a listing leaves out is gone, so half a listing must not pass for a whole one. Raises
    `ResponseParserError`, as botocore does for half an XML document.
    """
    from botocore.parsers import ResponseParserError

    body = response_dict["body"]
    spoken = operation_model.service_model.resolved_protocol
    if response_dict["status_code"] >= 300 or not body or not isinstance(body, bytes):
        return
    if spoken in ("json", "rest-json"):
        try:
            msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        except msgspec.DecodeError as error:
            raise ResponseParserError(f"{operation_model.name} answers no JSON: {error}") from error


def _config() -> Any:
    from botocore.config import Config

    return Config(
        retries={"mode": "adaptive", "total_max_attempts": _ATTEMPTS},
        connect_timeout=_SECONDS,
        read_timeout=_SECONDS,
        user_agent_extra="openinspector",
        max_pool_connections=32,
    )
