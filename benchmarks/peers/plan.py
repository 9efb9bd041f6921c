"""Side by side: contact plans by klientela and by OR-Tools' and HiGHS's solvers, on the same problems.

    python benchmarks/peers/plan.py random --count 200       # small ones: optima of HiGHS, OR-Tools and klientela agree
    python benchmarks/peers/plan.py exact                    # 100,000 clients beside OR-Tools' min-cost flow
    python benchmarks/peers/plan.py coupled --clients 2000   # minutes, gaps and rolling limits: the gap and the time
    python benchmarks/peers/plan.py exact --alone --absent 3 # and a manager's absence of three days, replanned
    python benchmarks/peers/plan.py small --count 20         # 200 clients of many kinds with couplings beside CP-SAT

needs the program `plan_solve` of the release build (`--solver`), numpy, ortools and, for `random`, highspy. What is
timed is solving with the problem in memory; reading files and building the other solvers' graphs are not. It ends with 1
where answers differ or a plan does not pass its checker.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIRST_DAY = 20788  # Tuesday, 2026-12-01


def working_days(count: int) -> np.ndarray:
    """The first so many days from FIRST_DAY on that are no Saturday or Sunday."""
    days = np.arange(FIRST_DAY, FIRST_DAY + count * 2 + 7)
    return days[(days + 3) % 7 < 5][:count]


class Problem:
    """A PlanProblem in arrays; `write` makes the file that plan_solve reads."""

    def __init__(self, managers: int, days: int, channels: int, minutes: int, contacts: list[int] | None):
        self.days, self.managers, self.channels = working_days(days), managers, channels
        self.minutes = np.full((managers, days), minutes)
        self.contacts = None if contacts is None else np.tile(np.array(contacts), (managers, days, 1))
        self.pools: list[list[int]] = []
        self.preferences = np.zeros((0, days), dtype=np.int64)
        self.limits: list[list[tuple[int, int, int]]] = []
        self.client_limits = np.zeros(0, dtype=np.int64)
        self.one_manager = np.zeros(0, dtype=np.int64)
        # Columns: client, pool, channels, preference, minutes, gap, value, first, last (days by index).
        self.touches = np.zeros((0, 9), dtype=np.int64)

    def write(self, path: pathlib.Path) -> None:
        def flat(values) -> str:
            values = np.asarray(values).ravel()
            return f"{len(values)} " + " ".join(map(str, values.tolist()))

        lines = [flat(self.days), f"{self.managers} {self.channels}", flat(self.minutes)]
        lines.append("0" if self.contacts is None else flat(self.contacts))
        shifts = [
            f"{m} {d} 480 {480 + self.minutes[m, d]}"
            for m in range(self.managers)
            for d in range(len(self.days))
            if self.minutes[m, d] > 0
        ]
        lines.append(f"{len(shifts)}\n" + "\n".join(shifts))
        lines.append(f"{len(self.pools)}\n" + "\n".join(flat(pool) for pool in self.pools))
        lines.append("0")
        lines.append(f"{len(self.preferences)}\n" + "\n".join(flat(row) for row in self.preferences))
        lines.append("0")
        lines.append(
            f"{len(self.limits)}\n"
            + "\n".join(f"{len(rows)} " + " ".join(f"{n} {k} {mask}" for n, k, mask in rows) for rows in self.limits)
        )
        lines.append(f"{len(self.client_limits)}")
        lines += [
            f"-1 {limit} {one}"
            for limit, one in zip(self.client_limits.tolist(), self.one_manager.tolist(), strict=True)
        ]
        lines.append("0")
        lines.append(f"{len(self.touches)}")
        day = self.days.tolist()
        lines += [
            f"{c} {p} {ch} 0 -1 {pref} {m} {g} {v} {day[a]} {day[b]}"
            for c, p, ch, pref, m, g, v, a, b in self.touches.tolist()
        ]
        path.write_text("\n".join(lines) + "\n")

    def worth(self, touch: np.ndarray, day: int) -> int:
        return int(touch[6] + (self.preferences[touch[3], day] if touch[3] >= 0 else 0))


def transport_problem(
    random: np.random.Generator, clients: int, managers: int, days: int, touches: float, load: float, pool: int
) -> Problem:
    """Touches of one length with disjoint windows of a client, at a share of the managers' capacity."""
    counts = np.maximum(1, random.poisson(touches - 1, clients) + 1)
    counts = np.minimum(counts, days)
    total = int(counts.sum())
    # Slots of five minutes; at most 288 of them fit into a day, so that many touches make shorter ones.
    slots = max(1, round(total / load / (managers * days)))
    length = 1 if slots > 90 else 5
    problem = Problem(managers, days, 1, slots * length, None)
    problem.pools = [sorted({m, *((m + 1 + i) % managers for i in range(pool - 1))}) for m in range(managers)]
    problem.preferences = random.integers(0, 4000, (64, days)) - 1000
    problem.client_limits = np.full(clients, -1)
    problem.one_manager = np.zeros(clients, dtype=np.int64)
    client = np.repeat(np.arange(clients), counts)
    place = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    count = np.repeat(counts, counts)
    first = place * days // count
    last = (place + 1) * days // count - 1
    owner = random.integers(0, managers, clients)[client]
    value = (random.pareto(2.0, clients)[client] * 20000).astype(np.int64) + random.integers(3000, 20000, total)
    value = np.minimum(value, 5_000_000)
    preference = random.integers(-1, 64, total)
    columns = [client, owner, np.ones(total), preference, np.full(total, length), np.zeros(total), value, first, last]
    problem.touches = np.stack([np.asarray(column, dtype=np.int64) for column in columns], axis=1)
    return problem


def coupled_problem(
    random: np.random.Generator,
    clients: int,
    managers: int,
    days: int,
    touches: float,
    load: float,
    limited: float,
    pool: int = 1,
    wide: bool = False,
) -> Problem:
    """Calls, meetings and mails of several lengths with wide windows, gaps, rolling limits and limits by channel.

    With `pool` so many managers share a client; with `wide` a touch may be on any day.
    """
    counts = np.minimum(np.maximum(1, random.poisson(touches - 1, clients) + 1), 12)
    total = int(counts.sum())
    client = np.repeat(np.arange(clients), counts)
    place = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    count = np.repeat(counts, counts)
    channel = random.choice(3, total, p=[0.5, 0.1, 0.4])
    minutes = np.where(channel == 0, random.choice([5, 10, 15], total), np.where(channel == 1, 60, 2))
    capacity = 480
    wanted = minutes.sum() / load / (managers * days)
    if wanted < capacity:
        capacity = max(60, int(wanted))
    meetings = max(1, int((channel == 1).sum() / load / (managers * days)))
    problem = Problem(managers, days, 3, capacity, [2**31 - 1, meetings, 2**31 - 1])
    problem.pools = [sorted({(m + i) % managers for i in range(pool)}) for m in range(managers)]
    problem.preferences = random.integers(0, 4000, (64, days)) - 1000
    problem.limits = [[(2, 7, 0xFFFFFFFF)], [(1, 14, 2), (3, 10, 0xFFFFFFFF)]]
    kind = random.random(clients)
    problem.client_limits = np.where(kind < limited * 0.7, 0, np.where(kind < limited, 1, -1))
    problem.one_manager = np.zeros(clients, dtype=np.int64)
    middle = place * days // count
    first = np.maximum(0, middle - random.integers(0, 5, total))
    last = np.minimum(days - 1, middle + random.integers(1, 9, total))
    if wide:
        first, last = np.zeros_like(first), np.full_like(last, days - 1)
    owner = random.integers(0, managers, clients)[client]
    value = (random.pareto(2.0, clients)[client] * 20000).astype(np.int64) + random.integers(3000, 20000, total)
    value = np.minimum(value * np.where(channel == 1, 4, np.where(channel == 0, 2, 1)), 5_000_000)
    gap = random.integers(1, 4, total)
    preference = random.integers(-1, 64, total)
    columns = [client, owner, 1 << channel, preference, minutes, gap, value, first, last]
    problem.touches = np.stack([np.asarray(column, dtype=np.int64) for column in columns], axis=1)
    return problem


def small_problem(seed: int, limited: float | None) -> tuple[str, Problem]:
    """One of 200 clients in words and numbers; of five kinds in turn, each with a load and a share of limits of its own."""
    random = np.random.default_rng(seed)
    load = float(random.uniform(0.7, 3))
    share = float(random.uniform(0, 1)) if limited is None else limited
    kind, managers, touches, pool, wide = [
        ("two managers", 2, 5.7, 1, False),
        ("one manager", 1, 5.7, 1, False),
        ("five managers", 5, 5.7, 1, False),
        ("two of three managers each", 3, 4.0, 2, False),
        ("any day", 2, 3.0, 1, True),
    ][seed % 5]
    problem = coupled_problem(random, 200, managers, 22, touches, load, share, pool, wide)
    return f"{kind}, load {load:.2f}, {share:.0%} limited", problem


def options_of(problem: Problem) -> tuple[np.ndarray, ...]:
    """Touch, manager, day and worth of everything that can be chosen, worth above zero."""
    touch, manager, day, worth = [], [], [], []
    pools = [np.array(pool) for pool in problem.pools]
    rows = problem.touches
    for first in range(len(problem.days)):
        inside = np.flatnonzero((rows[:, 7] <= first) & (rows[:, 8] >= first))
        extra = np.where(rows[inside, 3] >= 0, problem.preferences[rows[inside, 3], first], 0)
        value = rows[inside, 6] + extra
        inside, value = inside[value > 0], value[value > 0]
        widest = max(len(pool) for pool in pools)
        for i in range(widest):
            has = np.array([len(pool) > i for pool in pools])[rows[inside, 1]]
            member = np.array([pool[min(i, len(pool) - 1)] for pool in pools])[rows[inside, 1]]
            touch.append(inside[has])
            manager.append(member[has])
            day.append(np.full(has.sum(), first))
            worth.append(value[has])
    return tuple(np.concatenate(column) for column in (touch, manager, day, worth))


def min_cost_flow(problem: Problem) -> tuple[int, float, float]:
    """Objective, seconds and processor seconds of OR-Tools' min-cost flow; the graph is there before the clock starts."""
    from ortools.graph.python import min_cost_flow as flow

    touch, manager, day, worth = options_of(problem)
    days, touches = len(problem.days), len(problem.touches)
    bins = problem.managers * days
    length = int(problem.touches[0, 4])
    solver = flow.SimpleMinCostFlow()
    refused = touches + bins
    solver.add_arcs_with_capacity_and_unit_cost(touch, touches + manager * days + day, np.ones(len(touch)), -worth)
    everyone = np.arange(touches)
    solver.add_arcs_with_capacity_and_unit_cost(
        everyone, np.full(touches, refused), np.ones(touches), np.zeros(touches, dtype=np.int64)
    )
    solver.add_arcs_with_capacity_and_unit_cost(
        touches + np.arange(bins), np.full(bins, refused), problem.minutes.ravel() // length, np.zeros(bins, np.int64)
    )
    supply = np.ones(touches + bins + 1, dtype=np.int64)
    supply[touches:] = 0
    supply[refused] = -touches
    solver.set_nodes_supplies(np.arange(touches + bins + 1), supply)
    begin, processor = time.perf_counter(), time.process_time()
    status = solver.solve()
    seconds, processor = time.perf_counter() - begin, time.process_time() - processor
    assert status == solver.OPTIMAL, status
    return -solver.optimal_cost(), seconds, processor


def linear_program(problem: Problem) -> int:
    """Objective of HiGHS; the problem's corners are whole numbers."""
    import highspy

    touch, manager, day, worth = options_of(problem)
    days = len(problem.days)
    length = int(problem.touches[0, 4])
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    x = [solver.addVariable(lb=0, ub=1, obj=-float(w)) for w in worth]
    for one in range(len(problem.touches)):
        own = np.flatnonzero(touch == one)
        if len(own):
            solver.addConstr(sum(x[i] for i in own) <= 1)
    for m in range(problem.managers):
        for d in range(days):
            own = np.flatnonzero((manager == m) & (day == d))
            if len(own):
                solver.addConstr(sum(x[i] for i in own) <= int(problem.minutes[m, d]) // length)
    solver.run()
    return round(-solver.getInfo().objective_function_value)


def constraint_program(problem: Problem, seconds: float) -> tuple[int, int]:
    """Objective and bound of CP-SAT with two workers, start times aside."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    days, rows = problem.days, problem.touches
    x: dict[tuple[int, int], object] = {}  # touch and day
    y: dict[tuple[int, int, int], object] = {}  # and manager
    by_bin: dict[tuple[int, int], list[tuple[int, object]]] = {}
    for t, touch in enumerate(rows):
        for d in range(touch[7], touch[8] + 1):
            if problem.worth(touch, d) <= 0:
                continue
            x[t, d] = model.new_bool_var("")
            pool = problem.pools[touch[1]]
            for m in pool:
                y[t, d, m] = model.new_bool_var("") if len(pool) > 1 else x[t, d]
                by_bin.setdefault((m, d), []).append((t, y[t, d, m]))
            if len(pool) > 1:
                model.add(sum(y[t, d, m] for m in pool) == x[t, d])
    by_client: dict[int, list[int]] = {}
    for t, touch in enumerate(rows):
        by_client.setdefault(int(touch[0]), []).append(t)
        model.add_at_most_one(x[t, d] for d in range(len(days)) if (t, d) in x)
    for client, own in by_client.items():
        for i, a in enumerate(own):
            for b in own[i + 1 :]:
                # Every later touch lies behind every earlier one; the gap is that after the touch before, which is
                # this one unless another one lies between.
                between = own[own.index(a) + 1 : own.index(b)]
                for da in range(len(days)):
                    for db in range(len(days)):
                        if (a, da) not in x or (b, db) not in x:
                            continue
                        if db < da:
                            model.add_bool_or(~x[a, da], ~x[b, db])
                        elif days[db] - days[da] < rows[b, 5]:
                            others = [x[c, d] for c in between for d in range(da, db + 1) if (c, d) in x]
                            model.add_bool_or(~x[a, da], ~x[b, db], *others)
        limits = problem.limits[problem.client_limits[client]] if problem.client_limits[client] >= 0 else []
        for most, span, mask in limits:
            for last in range(len(days)):
                inside = [
                    x[t, d]
                    for t in own
                    if rows[t, 2] & mask
                    for d in range(last + 1)
                    if days[last] - days[d] < span and (t, d) in x
                ]
                if len(inside) > most:
                    model.add(sum(inside) <= most)
    for (m, d), inside in by_bin.items():
        model.add(sum(int(rows[t, 4]) * variable for t, variable in inside) <= int(problem.minutes[m, d]))
        for channel in range(problem.channels):
            own = [variable for t, variable in inside if rows[t, 2] == 1 << channel]
            if len(own) > problem.contacts[m, d, channel]:
                model.add(sum(own) <= int(problem.contacts[m, d, channel]))
    model.maximize(sum(problem.worth(rows[t], d) * variable for (t, d), variable in x.items()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    solver.solve(model)
    return int(solver.objective_value), int(solver.best_objective_bound)


def klientela(arguments: argparse.Namespace, problem: Problem) -> dict:
    with tempfile.TemporaryDirectory(prefix="plan-") as folder:
        path = pathlib.Path(folder) / "problem.txt"
        problem.write(path)
        command = [arguments.solver, str(path), str(arguments.threads), str(arguments.gap), str(arguments.rounds)]
        command.append(str(arguments.absent))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"plan_solve ended with {done.returncode}: {done.stderr}{done.stdout}")
    own, *replanned = done.stdout.splitlines()
    for line in replanned:
        print(line)
    return json.loads(own)


def random_problems(arguments: argparse.Namespace) -> None:
    for seed in range(arguments.count):
        random = np.random.default_rng(seed)
        problem = transport_problem(
            random,
            clients=int(random.integers(5, 60)),
            managers=int(random.integers(1, 6)),
            days=int(random.integers(2, 12)),
            touches=float(random.uniform(1, 4)),
            load=float(random.uniform(0.5, 4)),
            pool=int(random.integers(1, 4)),
        )
        own = klientela(arguments, problem)
        flow, _, _ = min_cost_flow(problem)
        linear = linear_program(problem)
        if not own["objective"] == own["bound"] == own["checked_bound"] == flow == linear:
            sys.exit(f"problem {seed}: klientela {own}, min-cost flow {flow}, HiGHS {linear}")
    print(f"{arguments.count} problems: klientela, OR-Tools and HiGHS agree, gap 0")


def exact(arguments: argparse.Namespace) -> None:
    random = np.random.default_rng(arguments.seed)
    problem = transport_problem(
        random, arguments.clients or 100_000, arguments.managers, arguments.days, 5.7, arguments.load, arguments.pool
    )
    own = klientela(arguments, problem)
    print(json.dumps({"touches": len(problem.touches), **own}))
    if arguments.alone:
        return
    flow, seconds, processor = min_cost_flow(problem)
    if flow != own["objective"]:
        sys.exit(f"OR-Tools finds {flow}")
    times = seconds / own["seconds"]
    print(f"OR-Tools min-cost flow: {seconds:.2f} s ({processor:.2f} s of processor), {times:.1f} times as long")


def coupled(arguments: argparse.Namespace) -> None:
    random = np.random.default_rng(arguments.seed)
    problem = coupled_problem(
        random,
        arguments.clients or 2000,
        arguments.managers,
        arguments.days,
        5.7,
        arguments.load,
        0.5 if arguments.limited is None else arguments.limited,
        arguments.pool,
    )
    print(json.dumps({"touches": len(problem.touches), **klientela(arguments, problem)}))


def small(arguments: argparse.Namespace) -> None:
    worst, ahead = 0.0, 0
    for seed in range(arguments.count):
        kind, problem = small_problem(seed, arguments.limited)
        own = klientela(arguments, problem)
        found, bound = constraint_program(problem, arguments.seconds)
        if found > own["bound"]:
            sys.exit(f"problem {seed}: CP-SAT finds {found}, above the bound {own['bound']}")
        behind = (found - own["objective"]) / found
        worst = max(worst, behind)
        ahead += own["objective"] >= found
        print(
            f"problem {seed}, {kind}: klientela {own['objective']} (gap {own['gap']:.5f}, {own['seconds']:.2f} s), "
            f"CP-SAT {found} (bound {bound}), behind by {behind:.5%}",
            flush=True,
        )
    print(f"at most {worst:.4%} behind CP-SAT; no worse in {ahead} of {arguments.count}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["random", "exact", "coupled", "small"])
    parser.add_argument("--solver", default=str(ROOT / "build" / "release" / "benchmarks" / "plan_solve"))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int)
    parser.add_argument("--managers", type=int, default=50)
    parser.add_argument("--days", type=int, default=22)
    parser.add_argument("--load", type=float, default=0.9, help="demand over capacity")
    parser.add_argument("--pool", type=int, default=1, help="managers who share a client")
    parser.add_argument("--limited", type=float, help="share of clients with rolling limits; coupled: 0.5")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--gap", type=float, default=0.001)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60, help="limit of CP-SAT")
    parser.add_argument("--absent", type=int, default=0, help="days that a manager is away then, to be replanned")
    parser.add_argument("--alone", action="store_true", help="without the other solver")
    arguments = parser.parse_args()
    {"random": random_problems, "exact": exact, "coupled": coupled, "small": small}[arguments.what](arguments)


if __name__ == "__main__":
    main()
