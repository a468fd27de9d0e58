"""Orders of a far keeper about the network between its host and the broker. Standard library only.

What is cut is dropped without a word, as by a link that is down: neither end is told anything.
"""

import shutil
import subprocess
import time

from bench.hosts.sent.far_answers import Given, Refused

TABLE = "queue_bench"
RULES = """\
table inet {table} {{
  chain leaving {{
    type filter hook output priority 0; {ip} daddr {address} tcp dport {port} drop;
  }}
  chain coming {{
    type filter hook input priority 0; {ip} saddr {address} tcp sport {port} drop;
  }}
}}
"""


class FarNetwork:
    """A cut lasts until it is mended, or the keeper ends."""

    def __init__(self) -> None:
        self._cut = False

    def do_cut(self, address: str, port: int, payload: bytes) -> Given:
        """Drop all that goes to a server and comes from it; the stamp is right after."""
        ip = "ip6" if ":" in address else "ip"
        self._nft(RULES.format(table=TABLE, ip=ip, address=address, port=port))
        self._cut = True
        return {"stamp_ns": time.monotonic_ns()}

    def do_mend(self, payload: bytes) -> Given:
        """Let everything pass again; nothing is done where nothing was cut."""
        if self._cut:
            self._nft(f"delete table inet {TABLE}\n")
            self._cut = False
        return {"stamp_ns": time.monotonic_ns()}

    def _nft(self, rules: str) -> None:
        if (nft := shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin")) is None:
            raise Refused("there is no program nft: apt install nftables")
        done = subprocess.run(
            [nft, "-f", "-"], input=rules.encode(), capture_output=True, timeout=10, check=False
        )
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip().splitlines()
            raise Refused(f"nft does not do it ({(told or ['no reason'])[0][:200]})")
