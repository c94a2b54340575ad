"""Many runs by hand: python -m property --steps 20000 [--seed FIRST] [--each 100] [--folder /dev/shm/property]"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from property.play import play
from property.session import Wrong


def main():
    parser = argparse.ArgumentParser(prog="python -m property", description=__doc__)
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--each", type=int, default=100, help="steps of one project")
    parser.add_argument("--seed", type=int, default=1000, help="the first one")
    parser.add_argument("--most", type=int, default=5, help="stop after so many failures")
    parser.add_argument("--shrink", type=int, default=150, help="runs to spend on shorter steps after a failure")
    parser.add_argument("--folder", default=tempfile.gettempdir())
    options = parser.parse_args()
    begin, seed, done, failures, totals = time.monotonic(), options.seed, 0, 0, Counter()
    while done < options.steps and failures < options.most:
        with tempfile.TemporaryDirectory(dir=options.folder, prefix="property-") as folder:
            try:
                totals += play(Path(folder) / "run", seed, options.each, options.shrink)
            except Wrong as wrong:
                failures += 1
                print(f"=== {wrong}\n", flush=True)
        done, seed = done + options.each, seed + 1
        print(f"{done} steps, {failures} failures, {time.monotonic() - begin:.0f} s", flush=True)
    print(f"{done} steps of {seed - options.seed} projects, {failures} failures, {time.monotonic() - begin:.0f} s")
    print(dict(totals))
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
