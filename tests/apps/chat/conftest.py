import pytest
from channels.layers import channel_layers


@pytest.fixture(autouse=True)
def _fresh_layer():
    """One of Redis stays bound to the loop of the test before, where that ended in the middle of a receive."""
    channel_layers.backends.clear()
    yield
    channel_layers.backends.clear()
