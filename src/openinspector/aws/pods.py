"""Pods of EKS clusters: which images run in them, asked of each cluster's own API.

Source: EKS user guide ("Grant IAM users access to Kubernetes with EKS access entries": the token is
a presigned GetCallerIdentity), Kubernetes API reference (list of v1 Pod, in pages). The role needs
an access entry with AmazonEKSViewPolicy, or the cluster answers 401 or 403.
"""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from openinspector.aws.in_use import Seen, image_of
from openinspector.aws.sessions import Sessions
from openinspector.aws.trouble import AwsTrouble, Denied, aws_calls

_PAGE = 500
_SECONDS = 30.0
_TOKEN_SECONDS = 60
_MOST_BYTES = 64 * 1024 * 1024
_MOST_WORKLOADS = 100
_PREFIXES = ("docker-pullable://", "docker://")


def list_clusters(sessions: Sessions, account: str, region: str) -> list[str]:
    """The names of all clusters. Raises `AwsTrouble`."""
    with aws_calls(f"ListClusters (EKS) in {account}, {region}"):
        client = sessions.client(account, region, "eks")
        pages = client.get_paginator("list_clusters").paginate()
        return [name for page in pages for name in page["clusters"]]


def eks_pods(
    sessions: Sessions, account: str, region: str, name: str, now: datetime
) -> Iterator[Seen]:
    """Every pod of a cluster. Raises `AwsTrouble` when the cluster does not let us see them."""
    with aws_calls(f"DescribeCluster {name} in {account}, {region}"):
        client = sessions.client(account, region, "eks")
        cluster = client.describe_cluster(name=name)["cluster"]
    for pod in _pods(cluster, _token(sessions, account, region, name)):
        yield _seen(cluster["arn"], pod, now)


def _token(sessions: Sessions, account: str, region: str, cluster: str) -> str:
    """A token that proves who we are: a signed question that only AWS can answer."""
    from botocore.signers import RequestSigner

    client = sessions.client(account, region, "sts")
    model = client.meta.service_model
    signer = RequestSigner(
        model.service_id,
        region,
        "sts",
        "v4",
        client._request_signer._credentials,
        client.meta.events,
    )
    asked = {
        "method": "GET",
        "url": f"{client.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    with aws_calls(f"signing for the cluster {cluster}"):
        url = signer.generate_presigned_url(
            asked, region_name=region, expires_in=_TOKEN_SECONDS, operation_name=""
        )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _pods(cluster: dict[str, Any], token: str) -> Iterator[dict[str, Any]]:
    import urllib3

    authority = (cluster.get("certificateAuthority") or {}).get("data") or ""
    try:
        certificate = base64.b64decode(authority).decode("ascii")
    except ValueError as error:
        raise AwsTrouble(f"{cluster['name']}: its certificate cannot be read") from error
    pool = urllib3.PoolManager(retries=2, timeout=_SECONDS, ca_cert_data=certificate or None)
    position = ""
    while True:
        fields: dict[str, Any] = {"limit": _PAGE, **({"continue": position} if position else {})}
        try:
            answer = pool.request(
                "GET",
                f"{cluster['endpoint']}/api/v1/pods",
                fields=fields,
                headers={"Authorization": f"Bearer {token}"},
                preload_content=False,
                redirect=False,
            )
            body = answer.read(_MOST_BYTES + 1)
        except urllib3.exceptions.HTTPError as error:
            raise AwsTrouble(f"{cluster['name']}: its API cannot be reached: {error}") from error
        if answer.status in (401, 403):
            raise Denied(
                f"{cluster['name']}: its API answers {answer.status}; give the role an access entry"
                " with AmazonEKSViewPolicy"
            )
        if answer.status != 200 or len(body) > _MOST_BYTES:
            raise AwsTrouble(f"{cluster['name']}: its API answers {answer.status} to pods")
        try:
            page = json.loads(body)
            yield from page["items"]
            position = (page.get("metadata") or {}).get("continue") or ""
        except (ValueError, KeyError, TypeError) as error:
            raise AwsTrouble(f"{cluster['name']}: its API's answer cannot be read") from error
        if not position:
            return


def _seen(cluster: str, pod: dict[str, Any], now: datetime) -> Seen:
    metadata, status = pod.get("metadata") or {}, pod.get("status") or {}
    running = status.get("phase") == "Running"
    owners = metadata.get("ownerReferences") or [{"name": metadata.get("name"), "kind": "Pod"}]
    workloads = [
        {"name": str(each.get("name")), "type": str(each.get("kind"))}
        for each in owners[:_MOST_WORKLOADS]
    ]
    told = {
        "namespace": str(metadata.get("namespace", "")),
        "workloadInfoList": workloads,
    }
    started = status.get("startTime") or metadata.get("creationTimestamp")
    last = now if running or not started else datetime.fromisoformat(started)
    statuses = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
    return Seen(
        cluster,
        {"awsEksMetadataDetails": told},
        frozenset(named for each in statuses if (named := _image(each.get("imageID") or ""))),
        running,
        last.timestamp(),
    )


def _image(name: str) -> tuple[str, str, str, str] | None:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return image_of(name)
