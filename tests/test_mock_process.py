"""The bundled mock as a process: it serves while the block lasts, and no longer."""

import asyncio
import urllib.request

import pytest

from sseprobe.errors import SseprobeError
from sseprobe.mock_process import MockProcess, running_mock, running_mock_async


def is_up(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/healthz", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_it_serves_while_the_block_lasts() -> None:
    with running_mock(scenario="tokens=3") as mock:
        assert mock.url == f"http://127.0.0.1:{mock.port}"
        assert mock.truth_url.startswith("http://127.0.0.1:")
        assert is_up(mock.url)
    assert not is_up(mock.url)


def test_wrong_settings_say_why() -> None:
    with pytest.raises(SseprobeError, match="--mode nonsense: unknown mode"), running_mock(mode="nonsense"):
        pass


def test_the_loop_is_free_while_it_starts() -> None:
    async def run() -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.ensure_future(count())
        async with running_mock_async() as mock:
            counting.cancel()
            assert await asyncio.to_thread(is_up, mock.url)
        assert turns > 10
        assert not await asyncio.to_thread(is_up, mock.url)

    asyncio.run(run())


def test_one_that_is_killed_before_it_is_ready_is_no_mock() -> None:
    mock = MockProcess()
    mock.kill()
    with pytest.raises(SseprobeError, match="did not start"):
        mock.wait_ready()
    mock.close()
