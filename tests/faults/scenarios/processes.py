"""Server processes that are killed, replaced, or find an older database."""

import asyncio
import random
import signal
import time

from tests.faults import checker
from tests.faults.site import Site


async def crash_point(machine, *, point, rounds, database="postgres", kind="uvicorn", layer="core", sweep=3.0):
    """A worker dies at the chosen moment; its clients come back and repeat, those of the other worker miss nothing."""
    async with Site(machine, f"crash_{point}", database=database, layer=layer, sweep=sweep) as site:
        [doomed] = await site.serve(1, kind=kind, crash=f"{point}:3")
        [steady] = await site.serve(1, kind=kind)
        ann = site.join(0, 0, ports=[doomed.port], back_off=(0.1, 0.5))
        fellow = site.join(0, 1, ports=[doomed.port], back_off=(0.1, 0.5))
        site.join(0, 1, ports=[steady.port])
        site.join_plain(0, 1, ports=[steady.port])
        await site.online(site.clients)
        for number in range(rounds):
            for _ in range(40):
                if not doomed.is_running:
                    break
                for _ in range(random.randint(1, 3)):
                    ann.send()
                await asyncio.sleep(0.1)
            site.expect(await doomed.ended(10), f"round {number}: the worker never came to {point}")
            # Those of the other worker are owed everything all the time.
            site.history.write("fault", what="worker", clients=[ann.name, fellow.name])
            doomed.kill()
            last = number == rounds - 1
            await site.again(doomed, crash="" if last else f"{point}:{random.randint(1, 6)}")
            site.history.write("healed", what="worker")
            await ann.wait_until(lambda: ann.online.is_set() or not doomed.is_running, 30)
        outcome = await site.verdict()
        repeats = sum(event["dup"] for event in site.history.of("ack") if event["via"] == "ws")
        site.figures |= {"rounds": rounds, "repeats": repeats}
        if point in ("after_commit", "after_broadcast"):
            # Not one in each round: a worker may also die at the repeat itself, before it comes to anything new.
            site.expect(repeats >= 1, f"{repeats} repeats were answered as such in {rounds} rounds")
        return outcome


async def killed_at_random(machine, *, seconds, clients=20, every=2.0, kind="uvicorn", layer="core", sweep=3.0):
    """Two workers, one of them killed now and then, while everybody talks and reads over either."""
    async with Site(machine, "random", layer=layer, sweep=sweep) as site:
        workers = await site.serve(2, kind=kind)
        await site.join_all(clients // 2)
        for chat in range(3):
            site.join_plain(chat, 1)
        talking = asyncio.ensure_future(site.talk(site.clients, seconds=seconds, rate=2))
        kills = 0
        while not talking.done():
            await asyncio.wait([talking], timeout=random.uniform(0.5, 1.5) * every)
            if talking.done():
                break
            victim = workers[kills % 2]
            site.history.write("fault", what="worker")
            victim.kill()
            await site.again(victim)
            site.history.write("healed", what="worker")
            kills += 1
        await talking
        outcome = await site.verdict()
        times = sorted(resume_times(site.history.events))
        p99 = times[int(len(times) * 0.99)] if times else 0.0
        site.figures |= {"kills": kills, "resume p99": round(p99, 2)}
        site.expect(p99 <= 5, f"99 of 100 clients were back only after {p99:.1f} s")
        return outcome


def resume_times(events):
    """From the end of each connection that had got in to the next one that does."""
    inside, since = set(), {}
    for event in events:
        client = event.get("client")
        if event["e"] == "hello":
            inside.add(client)
            if client in since:
                yield event["t"] - since.pop(client)
        elif event["e"] == "close" and client in inside:
            inside.discard(client)
            since[client] = event["t"]


async def reconnect_storm(machine, *, clients, seconds, back_off, sweep=3.0, sessions=20):
    """A worker with many sockets dies, and all its clients come to the other one."""
    async with Site(machine, "storm", sweep=sweep) as site:
        doomed, steady = await site.serve(2)
        ports = [doomed.port]
        chats = len(site.world["chats"])
        for number in range(clients):
            site.join(number // 2 % chats, number % 2, ports=ports, back_off=back_off)
            if number % 100 == 99:
                await site.online(site.clients[-100:], 60)
        await site.online(site.clients, 60)
        few = site.clients[:10]
        ports[:] = [steady.port]
        doomed.kill()
        began = time.monotonic()
        site.history.write("fault", what="worker")
        # What a full deploy may take: everybody has to be back by then.
        talking = asyncio.ensure_future(site.talk(few, seconds=seconds, rate=1))
        most = 0
        while not talking.done():
            await asyncio.wait([talking], timeout=0.3)
            most = max(most, await asyncio.to_thread(machine.postgres.sessions, site.database))
        back = [await client.wait_until(client.online.is_set, 1) for client in site.clients]
        site.history.write("healed", what="worker")
        times = [event["t"] - began for event in site.history.of("hello") if event["t"] > began]
        site.figures |= {"clients": clients, "back after": round(max(times, default=0), 1), "sessions": most}
        site.expect(all(back), f"{back.count(False)} of {clients} clients did not come back within {seconds} s")
        site.expect(most <= sessions, f"{most} database sessions")
        return await site.verdict()


async def rolling_restart(machine, *, drain=2.0, workers=2, kind="uvicorn", sweep=3.0):
    """Each worker is drained and stopped after a new one has come; clients are sent away with 1012 and resume."""
    async with Site(machine, "rolling", sweep=sweep, CHAT_DRAIN_SECONDS=drain) as site:
        old = await site.serve(workers, kind=kind)
        ports = list(site.ports)  # those that a balancer would choose among
        site_clients = [site.join(chat, side, ports=ports) for chat in range(6) for side in (0, 1)]
        await site.online(site_clients)
        talking = asyncio.ensure_future(site.talk(site_clients, seconds=workers * (drain + 4), rate=3))
        for one in old:
            [fresh] = await site.serve(1, kind=kind)
            ports.append(fresh.port)
            one.signal(signal.SIGUSR1)
            await asyncio.sleep(0.2)
            ready = await site.http_get(one.port, "/readyz")
            site.expect(ready.status_code == 503, f"a draining worker says that it is ready ({ready.status_code})")
            ports.remove(one.port)
            await asyncio.sleep(drain + 0.5)
            site.history.write("note", stopping=one.name)
            site.expect(await asyncio.to_thread(one.stop, 15), f"{one.name} did not end after SIGTERM")
        await talking
        codes = {event["code"] for event in site.history.of("close")}
        site.figures["close codes"] = sorted(codes)
        site.expect(codes == {1012}, f"sockets were closed with {sorted(codes)}")
        site.expect(len(site.history.of("close")) >= len(site_clients), "not every socket was sent away")
        return await site.verdict()


async def restored_backup(machine, *, sweep=3.0):
    """The database goes back to an older state; clients that know more are told to forget it."""
    async with Site(machine, "restored", sweep=sweep) as site:
        [worker] = await site.serve(1)
        ann, bob = await site.join_all(1)
        await site.talk([ann, bob], seconds=1, rate=10)
        await site.settle()
        worker.kill()
        await asyncio.to_thread(machine.postgres.create, f"{site.database}-backup", site.database)
        await site.again(worker)
        await site.online([ann, bob])
        await site.talk([ann, bob], seconds=1, rate=10)
        await site.settle()
        worker.kill()
        before_rows = await asyncio.to_thread(site.rows)
        before = list(site.history.events)
        for client in (ann, bob):
            await client.wait_until(lambda client=client: not client.online.is_set(), 5)
        restored_at = site.history.write("note", what="restored")["t"]
        await asyncio.to_thread(machine.postgres.create, site.database, f"{site.database}-backup")
        await site.again(worker)
        await site.online([ann, bob])
        await site.talk([ann, bob], seconds=1, rate=10)
        resets = [event for event in site.history.of("reset") if event["t"] > restored_at]
        site.expect(len(resets) == 2, f"{len(resets)} of 2 clients were told to begin anew")
        after = await site.verdict(since=restored_at)
        after.problems[:0] = checker.check(before, before_rows, site.members, checker.Bounds(delivery=site.bound))
        return after
