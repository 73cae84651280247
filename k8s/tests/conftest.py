"""Each test that asks for `manifests` runs over every rendering."""

import pytest
from manifests import Manifests


def pytest_generate_tests(metafunc):
    if "manifests" in metafunc.fixturenames:
        renderings = Manifests.all()
        assert renderings, "nothing was rendered"
        metafunc.parametrize("manifests", renderings, ids=[each.name for each in renderings])


@pytest.fixture(scope="session")
def dev():
    return next(each for each in Manifests.all() if each.name == "overlay-dev")
