"""A sweep in a process of its own, for the tests that kill it: ``python victim.py STORE serial|dask RUNS``."""

import os
import sys
import time

from lrdecay_core import executors, rng, sweeps


def work(spec):
    time.sleep(0.03)
    noise = rng.stream(spec["seed"], "victim").standard_normal(200)
    return {"noise": spec["rate"] * noise, "mean": float(noise.mean())}


def main(store, mode, runs):
    specs = sweeps.grid(rate=[0.1, 0.2], seed=range(int(runs) // 2))
    if mode == "serial":
        print("begin", os.getpid(), flush=True)
        found = sweeps.run(work, specs, store=store)
    else:
        with executors.dask(workers=2) as executor:
            pids = {executor.submit(_process, i).result() for i in range(20)}
            print("begin", *pids, flush=True)
            found = sweeps.run(work, specs, executor=executor, store=store)
    print("end", found.computed, flush=True)


def _process(_):
    time.sleep(0.01)
    return os.getpid()


if __name__ == "__main__":
    main(*sys.argv[1:])
