"""Clients that read slowly, vanish, repeat themselves, or lose their rights."""

import asyncio
import random
import time
import uuid
from pathlib import Path

from tests.faults.proxy import Proxy
from tests.faults.site import Site

ESTABLISHED = "01"


def connections(port):
    """Remote ports of the TCP connections that a server on this port holds open."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        if int(local.split(":")[1], 16) == port and state == ESTABLISHED:
            found.add(int(remote.split(":")[1], 16))
    return found


async def slow_reader(machine, *, messages, timeout=2.0, within=30.0, megabytes=20, sweep=3.0):
    """One member stops reading. The server keeps little for it, gives it up, and it resumes without a gap."""
    async with Site(machine, "slow", sweep=sweep, CHAT_SEND_TIMEOUT=timeout) as site:
        [worker] = await site.serve(1)
        ann = site.join(0, 0)
        bob = site.join(0, 1, receive_buffer=4096, heartbeat=None)
        witness = site.join(0, 1)
        await site.online([ann, bob, witness])
        await site.talk([ann], seconds=1, rate=10)
        before = worker.rss()
        bob.reading.clear()
        port = bob.wire.transport.get_extra_info("sockname")[1]
        site.history.write("fault", what="reader")
        began, most, gone = time.monotonic(), 0.0, None
        for number in range(messages):
            ann.send("🙂" * 900 + f" {uuid.uuid4()}")
            if number % 20 == 19:
                await ann.wait_until(lambda: len(ann.unanswered) < 40, 20)
                most = max(most, worker.rss() - before)
            if gone is None and port not in connections(worker.port):
                gone = time.monotonic() - began
        while gone is None and time.monotonic() < began + within:
            await asyncio.sleep(0.1)
            most = max(most, worker.rss() - before)
            if port not in connections(worker.port):
                gone = time.monotonic() - began
        site.figures |= {"messages": messages, "MB more": round(most, 1), "given up after": gone and round(gone, 1)}
        site.expect(gone is not None, f"still connected after {time.monotonic() - began:.0f} s")
        site.expect(most <= megabytes, f"{most:.0f} MB more")
        bob.reading.set()
        site.history.write("healed", what="reader")
        outcome = await site.verdict()
        ends = site.history.of("close")
        site.expect({event["client"] for event in ends} <= {bob.name}, "somebody else was closed", *ends)
        codes = {event["code"] for event in ends}
        site.expect(codes <= {4508, 1006}, f"a slow reader was closed with {sorted(codes)}", *ends)
        return outcome


async def half_open(machine, *, heartbeat=1.0, sweep=3.0):
    """What a client sends and is sent disappears; both sides notice, and it comes back."""
    async with Site(machine, "half_open", sweep=sweep, CHAT_HEARTBEAT=heartbeat) as site:
        [worker] = await site.serve(1)
        async with Proxy(worker.port) as proxy:
            ann = site.join(0, 0)
            bob = site.join(0, 1, ports=[proxy.port], heartbeat=heartbeat, open_timeout=heartbeat * 3)
            await site.online([ann, bob])
            await site.talk([ann, bob], seconds=1, rate=5)
            site.history.write("fault", what="network")
            stalled = time.monotonic()
            proxy.stall()
            talking = asyncio.ensure_future(site.talk([ann, bob], seconds=heartbeat * 4, rate=5))
            noticed = await bob.wait_until(lambda: not bob.online.is_set(), heartbeat * 3 + 2)
            site.figures["client noticed after"] = round(time.monotonic() - stalled, 1)
            site.expect(noticed, "the client does not notice")
            await talking
            proxy.resume()
            await bob.wait_until(bob.online.is_set, heartbeat * 3 + 2)  # a handshake may hang as well
            site.history.write("healed", what="network")
            return await site.verdict()


async def vanished(machine, *, heartbeat=1.0, sweep=3.0, closing=25.0):
    """A client disappears without a word, and its server gives it up."""
    async with Site(machine, "vanished", sweep=sweep, CHAT_HEARTBEAT=heartbeat) as site:
        [worker] = await site.serve(1)
        async with Proxy(worker.port) as proxy:
            site.join(0, 0)
            bob = site.join(0, 1, ports=[proxy.port], heartbeat=None)
            await site.online(site.clients)
            await site.talk(site.clients, seconds=0.5, rate=5)
            before = len(connections(worker.port))
            proxy.stall()
            # The client is not there any more: nothing of it reaches the server, not even its goodbye.
            stalled = time.monotonic()
            limit = stalled + heartbeat * 3 + sweep + closing
            while len(connections(worker.port)) >= before and time.monotonic() < limit:
                await asyncio.sleep(0.1)
            gone = len(connections(worker.port)) < before
            site.figures["server gave up after"] = round(time.monotonic() - stalled, 1)
            site.expect(gone, f"the server still holds it after {time.monotonic() - stalled:.0f} s")
            proxy.resume()
            proxy.cut()
            await bob.wait_until(bob.online.is_set, 5)
            return await site.verdict()


async def network_cuts(machine, *, rounds, sweep=3.0):
    """Connections break in the middle of everything."""
    async with Site(machine, "cuts", sweep=sweep) as site:
        workers = await site.serve(2)
        async with Proxy(workers[0].port) as first, Proxy(workers[1].port) as second:
            ports = [first.port, second.port]
            people = [site.join(chat, side, ports=ports) for chat in range(4) for side in (0, 1)]
            people.append(site.join_plain(0, 1, ports=ports))
            await site.online(people[:-1])
            talking = asyncio.ensure_future(site.talk(people, seconds=rounds * 0.5, rate=6))
            for number in range(rounds):
                await asyncio.sleep(random.uniform(0.2, 0.6))
                (first, second)[number % 2].cut()
            await talking
            return await site.verdict()


async def repeated_sends(machine, *, messages, copies=5, sweep=3.0, database="postgres", layer="core"):
    """Each message goes out five times over three sockets and HTTP, in any order: one row, one answer."""
    async with Site(machine, "repeats", sweep=sweep, database=database, layer=layer) as site:
        left, right = await site.serve(2)
        sockets = [site.join(0, 0, ports=[port]) for port in (left.port, right.port, right.port)]
        site.join(0, 1)
        await site.online(site.clients)
        apis = [site.api(0, 0, port) for port in (left.port, right.port)]
        ids = [str(uuid.uuid4()) for _ in range(messages)]
        for client_id in ids:
            sockets[0].note("invoke", client_id=client_id, text=f"text {client_id}")
        ways = [(client_id, way) for client_id in ids for way in (*sockets, apis[0]) for _ in range(copies)]
        random.shuffle(ways)
        posts, few = [], asyncio.Semaphore(20)

        async def post(api, client_id):
            async with few:
                return await api.post(site.chat(0), f"text {client_id}", client_id, invoke=False)

        for number, (client_id, way) in enumerate(ways):
            if way in sockets:
                await way.raw(type="send", client_id=client_id, text=f"text {client_id}")
            else:
                posts.append(asyncio.ensure_future(post(random.choice(apis), client_id)))
            if number % 20 == 0:
                await asyncio.sleep(0.02)
        answers = await asyncio.gather(*posts)
        await sockets[0].wait_until(lambda: len(site.history.of("ack", "err")) >= len(ways), 20)
        acks = site.history.of("ack")
        site.figures |= {"sent": len(ways), "answers": len(acks)}
        site.expect(
            len(acks) == len(ways), f"{len(ways)} tries, {len(acks)} answers", *site.history.of("err", "answer")
        )
        refused = [answer for answer in answers if answer is None or answer.status_code not in (200, 201)]
        site.expect(not refused, f"{len(refused)} HTTP calls failed: {refused[:3]}")
        fresh = dict.fromkeys(ids, 0)
        for ack in acks:
            fresh[ack["client_id"]] += not ack["dup"]
        site.expect(set(fresh.values()) == {1}, f"acknowledged as new: {sorted(fresh.values())}")
        await sockets[0].raw(type="send", client_id=ids[0], text="another text")
        conflict = await sockets[0].wait_until(lambda: any(e["code"] == "conflict" for e in site.history.of("err")), 5)
        site.expect(conflict, "another text under the same client_id was not refused")
        return await site.verdict()


RIGHTS = ("unfriend", "block", "logout", "deactivate", "password", "delete")


async def rights_removed(machine, *, rate=5, layer="core", sweep=3.0, removal=1.0, database="postgres"):
    """Rights end under load, each in a chat of its own, through another process of the site."""
    async with Site(machine, f"rights_{layer}", sweep=sweep, layer=layer, database=database) as site:
        left, right = await site.serve(2)
        await site.act("nothing")
        for chat in range(len(RIGHTS)):
            site.join(chat, 0, ports=[left.port])
            site.join(chat, 1, ports=[right.port])
            site.join(chat, 1, ports=[left.port])
            if layer != "memory":
                site.join_plain(chat, 1, ports=[right.port])
        await site.online(site.clients, 30)
        seconds = len(RIGHTS) * 0.4 + removal + 3
        talking = asyncio.ensure_future(site.talk(site.clients, seconds=seconds, rate=rate * 2 / 4))
        for chat, right_name in enumerate(RIGHTS):
            ann, bob = (site.person(chat, side) for side in (0, 1))
            losers = [bob, ann] if right_name in ("unfriend", "block", "delete") else [bob]
            await asyncio.sleep(0.4)
            for loser in losers:
                site.history.write("removing", user=loser["id"], chat=site.chat(chat), right=right_name)
            await site.act(right_name, user=bob["id"], **extra(right_name, ann, bob))
            for loser in losers:
                site.history.write("removed", user=loser["id"], chat=site.chat(chat), right=right_name)
        await asyncio.sleep(removal + 0.3)
        for chat, right_name in enumerate(RIGHTS):
            for side in (0, 1):
                if side == 1 or right_name in ("unfriend", "block", "delete"):
                    answer = await site.api(chat, side).post(site.chat(chat), f"too late {uuid.uuid4()}")
                    refused = answer is not None and answer.status_code in (401, 403, 404)
                    site.expect(refused, f"after {right_name}: {answer}")
        await talking
        for client in site.clients:
            chat = next(number for number in range(len(RIGHTS)) if site.chat(number) == client.chat)
            gone = client.person == site.person(chat, 1) or RIGHTS[chat] in ("unfriend", "block", "delete")
            site.expect(client.ended or not gone, f"{client.name} is still there after {RIGHTS[chat]}")
        site.figures["codes"] = sorted({event["code"] for event in site.history.of("stop") if event.get("code")})
        return await site.verdict(removal=removal)


def extra(right, ann, bob):
    if right in ("unfriend", "block"):
        return {"other": ann["id"]}
    return {"token": bob["token"]} if right == "logout" else {}


async def token_expires(machine, *, sweep=3.0):
    """A token runs out while its socket is open: the sweep ends it with 4401."""
    async with Site(machine, "expiry", sweep=sweep) as site:
        await site.serve(1)
        ann, bob = await site.join_all(1)
        talking = asyncio.ensure_future(site.talk([ann], seconds=sweep + 5, rate=4))
        await site.act("expire", token=bob.person["token"], seconds=1.0)
        expires = time.monotonic() + 1.0
        ended = await bob.wait_until(lambda: bob.ended, sweep + 6)
        site.figures["closed after"] = round(time.monotonic() - expires, 1)
        codes = [event.get("code") for event in site.history.of("stop") if event["client"] == bob.name]
        site.expect(ended and codes == [4401], f"closed with {codes}")
        site.expect(time.monotonic() - expires <= sweep + 2, "the sweep did not find it")
        await talking
        return await site.verdict()


async def changes_survive(machine, *, seconds=4.0, sweep=3.0):
    """Edits and deletions reach everybody, also who was away, and while Redis hangs."""
    async with Site(machine, "changes", sweep=sweep) as site:
        left, right = await site.serve(2)
        async with Proxy(right.port) as proxy:
            ann = site.join(0, 0, ports=[left.port])
            bob = site.join(0, 1, ports=[right.port])
            away = site.join(0, 1, ports=[proxy.port])
            await site.online([ann, bob, away])
            for _ in range(20):
                ann.send()
            await site.settle()
            proxy.stall()
            proxy.cut()

            async def change():
                for seq in range(1, 9):
                    await ann.edit(seq, f"edited {uuid.uuid4()}")
                    await asyncio.sleep(seconds / 12)
                for seq in (3, 5, 12):
                    await ann.delete(seq)
                    await asyncio.sleep(seconds / 12)

            changing = asyncio.ensure_future(change())
            await site.fault("redis", seconds, machine.redis.pause, machine.redis.resume)
            await changing
            proxy.resume()
            proxy.cut()
            await site.online([away])
            await asyncio.sleep(site.bound + 1)
            site.figures["changes"] = len(site.history.of("edited", "deleted"))
            outcome = await site.verdict()
            changed = [row for row in await asyncio.to_thread(site.rows) if row["edited_at"] or row["deleted_at"]]
            site.expect(len(changed) == 9, f"{len(changed)} rows were changed")
            return outcome
