"""What lies between one browser and the site, and can be lost."""

import asyncio
import threading
from contextlib import contextmanager

from tests.faults.proxy import Proxy

NOWHERE = 0


class Network:
    def __init__(self, proxy, loop):
        self.proxy, self.loop, self.target = proxy, loop, proxy.target
        self.address = f"http://127.0.0.1:{proxy.port}"

    def lose(self):
        """Connections break, and new ones do not come about."""
        self.proxy.target = NOWHERE
        self.loop.call_soon_threadsafe(self.proxy.cut)

    def restore(self):
        self.proxy.target = self.target


@contextmanager
def network(port):
    """A network to that port of this machine."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    proxy = Proxy(port)
    asyncio.run_coroutine_threadsafe(proxy.__aenter__(), loop).result(30)
    try:
        yield Network(proxy, loop)
    finally:
        asyncio.run_coroutine_threadsafe(close(proxy), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def close(proxy):
    await proxy.__aexit__()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
