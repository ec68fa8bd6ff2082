"""Every package that is written by hand for a test is also written again and compared."""

import pytest

from orchestrator.ssp.reader import read_ssp
from tests.ssp import texts
from tests.ssp.round_trip import again, changes

_BY_HAND = ("test_reader", "test_run", "test_against_fmpy")


@pytest.fixture(autouse=True)
def written_again(request, tmp_path):
    """After a test: each of its packages says the same when it is read, written and read again."""
    texts.MADE.clear()
    yield
    if request.module.__name__.rpartition(".")[2] not in _BY_HAND:
        return
    for path in {path: None for path in texts.MADE if path.suffix == ".ssp"}:
        description = read_ssp(path)
        assert changes(description, read_ssp(again(path, tmp_path))) == []
