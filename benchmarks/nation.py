"""How fast a nation of buses is simulated on one core, beside how fast it reports.

    drive → receivers → devices and links → payloads

Run it with `make bench-nation`, on a quiet machine. The drive alone is timed after the whole; `times` is how
many seconds of the fleet pass in a second of the processor.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
from time import process_time

from simulators.payload import encode
from simulators.scenario import Simulation
from simulators.scenario_file import ANY_DAY_MS, read_scenario

_WARM_S = 5


def main() -> None:
    """Print fixes a second of the processor, and times the rate at which the fleet reports."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--buses", type=int, help="200,000 if not given")
    options.add_argument("--seconds", type=int, default=60, help="of the fleet's time (60)")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    began = process_time()
    simulation = Simulation(read_scenario("nation").scenario(ANY_DAY_MS, buses=chosen.buses))
    grown_s = process_time() - began
    for _ in range(_WARM_S):
        simulation.step()
    fixes, whole_s, encoding_s = 0, 0.0, 0.0
    for _ in range(chosen.seconds):
        began = process_time()
        sent = simulation.step()
        generated = process_time()
        encode(sent)
        whole_s, encoding_s = whole_s + generated - began, encoding_s + process_time() - generated
        fixes += len(sent.fixes)
    began = process_time()
    for _ in range(chosen.seconds):
        simulation.drive.step()
    drive_s = process_time() - began
    scenario = simulation.scenario
    result = {
        "buses": scenario.buses,
        "interval_s": scenario.interval_s,
        "fixes": fixes,
        "fixes_s": round(fixes / whole_s),
        "times": round(chosen.seconds / whole_s, 1),
        "times_drive_alone": round(chosen.seconds / drive_s, 1),
        "times_with_payloads": round(chosen.seconds / (whole_s + encoding_s), 1),
        "grown_s": round(grown_s, 1),
        "memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024),
    }
    if chosen.json:
        print(json.dumps(result))
        return
    print(f"{platform.machine()}, Python {platform.python_version()}, one core")
    print(f"{result['buses']:,} buses, a fix every {result['interval_s']} s; grown in {result['grown_s']} s")
    print(f"{result['fixes_s']:,} fixes a second in columns: {result['times']} times as fast as they report")
    print(f"  the drive alone   {result['times_drive_alone']:>6} times")
    print(f"  payloads as well  {result['times_with_payloads']:>6} times")
    print(f"memory {result['memory_mib']} MiB at most")


if __name__ == "__main__":
    main()
