"""The short set for every change, and the long one for a release."""

from .scenarios import outages, people, processes

POINTS = ("before_commit", "after_commit", "after_broadcast", "after_ack")


def short_set():
    """(name, scenario, sizes): a few minutes on two processors."""
    for point in POINTS:
        yield f"killed {point}", processes.crash_point, {"point": point, "rounds": 2}
    yield "killed after_commit, SQLite", processes.crash_point, {
        "point": "after_commit", "rounds": 1, "database": "sqlite", "layer": "memory"
    }  # fmt: skip
    yield "killed before_commit, SQLite", processes.crash_point, {
        "point": "before_commit", "rounds": 1, "database": "sqlite", "layer": "memory"
    }  # fmt: skip
    yield "killed after_broadcast, daphne", processes.crash_point, {
        "point": "after_broadcast", "rounds": 1, "kind": "daphne"
    }  # fmt: skip
    yield "killed at random", processes.killed_at_random, {"seconds": 8, "clients": 10}
    yield "reconnect storm", processes.reconnect_storm, {"clients": 200, "seconds": 6, "back_off": (0.2, 2.0)}
    yield "rolling restart", processes.rolling_restart, {"drain": 1.5}
    yield "restored backup", processes.restored_backup, {}
    for what in ("pause", "kill", "flush", "capacity"):
        yield f"redis {what}", outages.redis_outage, {"what": what, "seconds": 4 if what == "pause" else 2}
    for what in ("pause", "kill"):
        yield f"redis {what}, pubsub", outages.redis_outage, {
            "what": what, "seconds": 4 if what == "pause" else 2, "layer": "pubsub"
        }  # fmt: skip
    yield "joining while redis hangs", outages.joining_without_redis, {}
    for what in ("pause", "restart", "full"):
        yield f"postgres {what}", outages.postgres_outage, {"what": what}
    yield "sqlite locked", outages.sqlite_locked, {}
    yield "sqlite, 4 writers", outages.sqlite_writers, {"seconds": 3}
    yield "clock steps", outages.clock_steps, {}
    yield "held chat", outages.held_chat, {}
    yield "memory layer, 2 processes", outages.memory_layer, {}
    yield "slow reader", people.slow_reader, {"messages": 2500}
    yield "half-open", people.half_open, {}
    yield "vanished", people.vanished, {}
    yield "network cuts", people.network_cuts, {"rounds": 6}
    yield "repeated sends", people.repeated_sends, {"messages": 10}
    yield "repeated sends, SQLite", people.repeated_sends, {"messages": 5, "database": "sqlite", "layer": "memory"}
    yield "rights removed", people.rights_removed, {}
    yield "rights removed, no layer", people.rights_removed, {"layer": "memory", "removal": 4.0, "sweep": 3.0}
    yield "token expires", people.token_expires, {}
    yield "changes survive", people.changes_survive, {"seconds": 3.0, "sweep": 2.0}


def long_set(*, rounds=100, minutes=10, clients=2000, sweep=25.0):
    """The same with the default sweep and the sizes of the promise."""
    more = {"sweep": sweep}
    for point in POINTS:
        yield f"killed {point}", processes.crash_point, {"point": point, "rounds": rounds, **more}
        yield f"killed {point}, daphne", processes.crash_point, {
            "point": point, "rounds": max(1, rounds // 10), "kind": "daphne", **more
        }  # fmt: skip
        yield f"killed {point}, SQLite", processes.crash_point, {
            "point": point, "rounds": max(1, rounds // 10), "database": "sqlite", "layer": "memory", **more
        }  # fmt: skip
    for kind, layer, share in (("uvicorn", "core", 0.6), ("uvicorn", "pubsub", 0.2), ("daphne", "core", 0.2)):
        yield f"killed at random, {kind}, {layer}", processes.killed_at_random, {
            "seconds": 60 * minutes * share, "clients": 20, "every": 5.0, "kind": kind, "layer": layer, **more
        }  # fmt: skip
    yield "reconnect storm", processes.reconnect_storm, {
        "clients": clients, "seconds": 60, "back_off": (1.0, 30.0), **more
    }  # fmt: skip
    for kind in ("uvicorn", "daphne"):
        yield f"rolling restart, {kind}", processes.rolling_restart, {"drain": 10.0, "workers": 3, "kind": kind, **more}
    yield "restored backup", processes.restored_backup, more
    for layer in ("core", "pubsub"):
        for what in ("pause", "kill", "flush", "capacity"):
            if (layer, what) != ("pubsub", "capacity"):  # it has none
                yield f"redis {what}, {layer}", outages.redis_outage, {
                    "what": what, "layer": layer, "seconds": 10.0, "rate": 10, **more
                }  # fmt: skip
    yield "joining while redis hangs", outages.joining_without_redis, {"seconds": 10.0, **more}
    for what in ("pause", "restart", "full"):
        yield f"postgres {what}", outages.postgres_outage, {"what": what, "seconds": 10.0, **more}
    yield "sqlite locked", outages.sqlite_locked, {"seconds": 5.0, **more}
    yield "sqlite, 4 writers", outages.sqlite_writers, {"seconds": 60.0, "rate": 10, **more}
    yield "clock steps", outages.clock_steps, more
    yield "held chat", outages.held_chat, {"chats": 10, "rate": 10, **more}
    yield "memory layer, 2 processes", outages.memory_layer, {"seconds": 20.0, **more}
    yield "memory layer, 2 processes, SQLite", outages.memory_layer, {"seconds": 20.0, "database": "sqlite", **more}
    yield "slow reader", people.slow_reader, {"messages": 10_000, "timeout": 30.0, "within": 60.0, **more}
    yield "half-open", people.half_open, {"heartbeat": 15.0, **more}
    yield "vanished", people.vanished, {"heartbeat": 15.0, **more}
    yield "network cuts", people.network_cuts, {"rounds": 100, **more}
    yield "repeated sends", people.repeated_sends, {"messages": 200, **more}
    yield "repeated sends, SQLite", people.repeated_sends, {
        "messages": 100, "database": "sqlite", "layer": "memory", **more
    }  # fmt: skip
    yield "rights removed", people.rights_removed, {"rate": 8, **more}
    yield "rights removed, no layer", people.rights_removed, {"rate": 8, "layer": "memory", "removal": 30.0, **more}
    yield "token expires", people.token_expires, more
    yield "changes survive", people.changes_survive, {"seconds": 10.0, **more}
