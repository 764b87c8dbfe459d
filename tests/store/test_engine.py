"""Opening the database, and doing a thing alone."""

from openinspector.store import Store, open_store


def test_one_does_it_alone(store: Store) -> None:
    if store.is_sqlite:
        with store.alone("x") as first:
            assert first
        return
    other = open_store(store.engine.url.render_as_string(hide_password=False))
    with store.alone("x") as first, other.alone("x") as second, other.alone("y") as third:
        assert (first, second, third) == (True, False, True)
    with other.alone("x") as again:
        assert again
    other.close()
