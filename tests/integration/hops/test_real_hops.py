"""Each simulated hop and the server that it imitates, side by side before one origin: they must do the same."""

import pytest

from tests.support.hops.pairs import PAIRS, Pair, compare
from tests.support.requirements import missing


@pytest.mark.timeout(240)
@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_the_simulation_does_as_the_server(pair: Pair) -> None:
    """Added delay within 20 % or 30 ms, bursts within one event, the same endings, the same answers to leaving."""
    if pair.real.path is None:
        missing(f"{pair.real.program} is not installed: apt-get install {pair.real.package}")
    assert compare(pair).differ == []
