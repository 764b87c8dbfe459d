"""Managed instances and their software, as their agents would tell of them."""

from datetime import datetime, timedelta
from typing import Any

from tests.emulator.state import State, now

SECONDS = "%Y-%m-%dT%H:%M:%SZ"
"""How SSM writes when inventory was collected."""


class Software:
    """The managed instances of all accounts."""

    def __init__(self, state: State) -> None:
        self._state = state

    def manage(
        self,
        account: str,
        region: str,
        instance: str,
        platform: tuple[str, str] = ("Amazon Linux", "2023"),
        packages: list[dict[str, str]] | None = None,
        age: timedelta = timedelta(),
        platform_type: str = "Linux",
        **told: Any,
    ) -> None:
        """Let an instance be managed; without packages it has handed nothing over yet.

        `packages` are entries of AWS:Application, collected `age` ago; `told` are more members of
        SSM's InstanceInformation.
        """
        given = {
            "InstanceId": instance,
            "PlatformName": platform[0],
            "PlatformVersion": platform[1],
            "PlatformType": platform_type,
            **told,
        }
        for name in ("RegistrationDate", "LastPingDateTime"):
            if isinstance(given.get(name), str):
                given[name] = datetime.fromisoformat(given[name])
        place = self._state.places[account, region]
        place.nodes[instance] = {**_defaults(instance), **place.nodes.get(instance, {}), **given}
        if packages is not None:
            place.inventory[instance, "AWS:Application"] = {
                "TypeName": "AWS:Application",
                "SchemaVersion": "1.1",
                "CaptureTime": (now() - age).strftime(SECONDS),
                "Content": packages,
            }

    def unmanage(self, account: str, region: str, instance: str) -> None:
        """Let an instance be managed no more; what it handed over goes too."""
        place = self._state.places[account, region]
        del place.nodes[instance]
        for key in [each for each in place.inventory if each[0] == instance]:
            del place.inventory[key]


def _defaults(instance: str) -> dict[str, Any]:
    return {
        "PingStatus": "Online",
        "AgentVersion": "3.3.2299.0",
        "IsLatestVersion": True,
        "ResourceType": "EC2Instance",
        "SourceId": instance,
        "SourceType": "AWS::EC2::Instance",
        "ComputerName": f"{instance}.internal",
        "RegistrationDate": now(),
        "LastPingDateTime": now(),
    }
