"""Build the book: execute each chapter, collect its claims, build the site, check the site.

``python -m tools.book --profile book`` does what ``make book`` does. A build that fails exits non-zero and leaves no
site behind, and every build starts from nothing but the kept executions: Sphinx forgets the warnings of pages it does
not read again, so a second incremental build would pass where the first one failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools import chapters, check_site, execution, ledger, repository, vendor

MINUTES = 20  # that a book may take whose chapters were all executed
# A fifth of a build goes into looking for garbage in page trees, of which there is little: look more rarely.
RUN = """import gc, sys; gc.set_threshold(100_000, 20, 20)
from jupyter_book.cli.main import main; sys.argv[0] = 'jupyter-book'; main()"""


def build_site(output: Path, builder: str = "html") -> Path:
    """Build the site from kept executions, every warning an error; return the folder of its pages.

    The builder ``linkcheck`` makes no pages: it asks external addresses for an answer, and reports in the same folder.
    """
    site = output / "_build" / "html"
    options = ["-W", "--keep-going", "--all", "-q", "--path-output", str(output), "--builder", builder]
    command = [sys.executable, "-c", RUN, "build", *options, "."]
    # The child must build in this interpreter's environment even if the shell has none activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(command, cwd=chapters.ROOT, env=os.environ | {"PATH": path}, check=False)
    if done.returncode != 0:
        shutil.rmtree(site, ignore_errors=True)
        raise SystemExit(f"jupyter-book failed (exit status {done.returncode}); its messages are above")
    return site


def cost(seconds: float, profile: str) -> str:
    """Return the sum over the chapters and whether it keeps the limit; a slow machine is no reason to fail.

    >>> cost(90.0, "quick"), cost(1300.0, "book")
    ('  all chapters: 90 s', '  all chapters: 1300 s. TOO SLOW: the book may take 20 minutes. Which chapter grew?')
    """
    slow = profile == "book" and seconds > 60 * MINUTES
    verdict = f". TOO SLOW: the book may take {MINUTES} minutes. Which chapter grew?" if slow else ""
    return f"  all chapters: {seconds:.0f} s{verdict}"


def main() -> None:
    """Run the build from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=chapters.PROFILES, default=None, help="default: $LRDECAY_PROFILE or quick")
    parser.add_argument("--output", type=Path, default=chapters.ROOT, help="the site goes to OUTPUT/_build/html")
    parser.add_argument("--fresh", action="store_true", help="forget earlier executions of the same code")
    parser.add_argument("--builder", choices=("html", "linkcheck"), default="html")
    options = parser.parse_args()
    output, start = options.output.resolve(), time.perf_counter()
    chapters.set_environment(options.profile)
    if note := repository.note():
        print(note)
    for old in (output / "_build" / "html", output / "_build" / ".doctrees", chapters.GENERATED):
        shutil.rmtree(old, ignore_errors=True)
    if options.fresh:
        shutil.rmtree(chapters.cache_dir(), ignore_errors=True)
    measured = execution.execute_all()
    ledger.write(measured)
    vendor.fetch()
    site = build_site(output, options.builder)
    if options.builder != "html":
        return
    found = check_site.problems(site)
    if found:
        unsound = site.with_name("html-unsound")
        shutil.rmtree(unsound, ignore_errors=True)
        site.rename(unsound)
        raise SystemExit("\n".join([f"The site is not sound; it was moved to {unsound}:", *found]))
    print(f"\nBuilt and checked in {time.perf_counter() - start:.0f} s ({os.environ['LRDECAY_PROFILE']} profile).")
    for name, took in measured.items():
        print(f"  {name:40s} {took['execution_seconds']:7.1f} s  {took['peak_mib']:6.0f} MiB")
    print(cost(sum(took["execution_seconds"] for took in measured.values()), os.environ["LRDECAY_PROFILE"]))
    print(f"Open {site / 'index.html'}\nor run `make serve` and open http://localhost:8000")


if __name__ == "__main__":
    main()
