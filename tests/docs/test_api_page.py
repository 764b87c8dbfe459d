"""The page of the API names exactly the operations of the service models."""

import re

import botocore.session

from tests.docs.pages import FOLDER

_ROW = re.compile(r"^\| (\w+) \| `(\w+) ([^`]+)` \| \S", re.M)


def test_the_page_lists_every_operation_as_the_models_have_it() -> None:
    session = botocore.session.get_session()
    models = (session.get_service_model(name) for name in ("inspector2", "inspector-scan"))
    expected = {
        (operation.name, operation.http["method"], operation.http["requestUri"])
        for model in models
        for operation in map(model.operation_model, model.operation_names)
    }
    assert set(_ROW.findall((FOLDER / "api.md").read_text())) == expected
