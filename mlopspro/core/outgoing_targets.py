"""Where this installation may post to: which addresses, which ports, and the exceptions that its operator lists.

People of a workspace type the addresses of webhooks, so what stands behind them is checked as if an attacker had
typed it (docs/alerts.md, "Where may be posted to"). Refused is everything but global unicast; a name is refused when
any of the addresses that it stands for is.
"""

from __future__ import annotations

import ipaddress
import socket
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from threading import Thread
from urllib.parse import SplitResult, quote, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], list[str]]
"""Name and port to addresses as texts. Raises OSError."""
PORTS = {"https": (443, 8443), "http": (80, 8080)}
LONGEST_URL = 2000
RESOLVE_SECONDS = 5.0
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
TUNNELS = (ipaddress.IPv6Network("2001::/23"), ipaddress.IPv6Network("2002::/16"))
"""Teredo, 6to4 and their like: an IPv4 address is inside, and who unwraps it is not known here."""


class TargetRefused(ValueError):
    """Nothing is posted there; the message says why and what is accepted."""


@dataclass(frozen=True)
class Target:
    """An address that may be posted to, as far as its words alone can tell."""

    parts: SplitResult
    host: str
    port: int

    @property
    def secure(self) -> bool:
        return self.parts.scheme == "https"

    @property
    def path(self) -> str:
        """Path and query as they stand in the request, in ASCII."""
        whole = (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")
        return quote(whole, safe=string.punctuation)

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


@dataclass(frozen=True)
class Allowed:
    """The operator's exceptions: http beside https, and hosts or networks (CIDR) that need not be public."""

    http: bool = False
    targets: tuple[str, ...] = field(default=())

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        return tuple(network for one in self.targets if (network := _network(one)) is not None)

    def host(self, name: str) -> bool:
        """Whether the operator lists this host: its name, or an address that stands in its place."""
        literal = _literal(name)
        if literal is not None:
            return self.address(literal)
        return name in {one.lower().rstrip(".") for one in self.targets if _network(one) is None}

    def address(self, address: Address) -> bool:
        """Whether the operator lists a network with this address."""
        return any(address in network for network in self.networks if network.version == address.version)


def target_of(url: str, allowed: Allowed) -> Target:
    """The address taken apart. Raises TargetRefused for what its words alone speak against."""
    if len(url) > LONGEST_URL:
        raise TargetRefused(f"It has {len(url):,} characters; accepted are up to {LONGEST_URL:,}.")
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in url):
        raise TargetRefused("It has a blank, a control character or a backslash; accepted is one plain address.")
    schemes = ("https", "http") if allowed.http else ("https",)
    try:
        parts = urlsplit(url)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        raise TargetRefused("It is no address; accepted is one such as https://example.com/hook.") from None
    if parts.scheme not in schemes or not host:
        raise TargetRefused(f"Accepted is an address that begins with {' or '.join(f'{one}://' for one in schemes)}.")
    if "@" in parts.netloc:
        raise TargetRefused("It has a name or password before the host; accepted is an address without.")
    target = Target(parts, host, port if port is not None else PORTS[parts.scheme][0])
    literal = _literal(host)
    if literal is not None:
        require_public(literal, target, allowed)
    elif not _listed(target, None, allowed) and target.port not in PORTS[parts.scheme]:
        raise TargetRefused(_port_refused(target))
    return target


def addresses_of(target: Target, allowed: Allowed, resolve: Resolve | None = None) -> list[str]:
    """The addresses that the target's name stands for now, each of them checked. Raises TargetRefused or OSError."""
    found = within(RESOLVE_SECONDS, lambda: (resolve or resolved)(target.host, target.port))
    if not found:
        raise OSError(f"The name {target.host} has no address.")
    for one in found:
        require_public(_address(one), target, allowed)
    return found


def require_public(address: Address, target: Target, allowed: Allowed) -> None:
    """Raises TargetRefused unless the address is public and the port a usual one, or the operator lists it."""
    if _listed(target, address, allowed):
        return
    if not is_public(address):
        raise TargetRefused(
            f"{target.host} leads to an address that is not public. Accepted are public addresses, and what the "
            "operator lists in MLOPSPRO_ALLOWED_TARGETS."
        )
    if target.port not in PORTS[target.parts.scheme]:
        raise TargetRefused(_port_refused(target))


def is_public(address: Address) -> bool:
    """Global unicast, and nothing that wraps another address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    if address.ipv4_mapped is not None or address.scope_id is not None or address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not any(address in network for network in TUNNELS)


def resolved(host: str, port: int) -> list[str]:
    """What the system's resolver says. It also reads decimal, octal and hexadecimal forms of IPv4 addresses."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def within(seconds: float, act: Callable[[], list[str]]) -> list[str]:
    """What ``act`` returns. Raises TimeoutError after ``seconds``: the system's resolver has no time-out of its own."""
    outcome: list[list[str] | BaseException] = []

    def run() -> None:
        try:
            outcome.append(act())
        except BaseException as error:
            outcome.append(error)

    thread = Thread(target=run, daemon=True, name="resolve")
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise TimeoutError("The name of the host was not resolved in time.")
    (found,) = outcome
    if isinstance(found, BaseException):
        raise found
    return found


def bad_entries(targets: Iterable[str]) -> list[str]:
    """Entries of MLOPSPRO_ALLOWED_TARGETS that are neither a host name nor a network."""
    return [one for one in targets if _network(one) is None and ("/" in one or ":" in one or not one.strip())]


def _listed(target: Target, address: Address | None, allowed: Allowed) -> bool:
    return allowed.host(target.host) or (address is not None and allowed.address(address))


def _port_refused(target: Target) -> str:
    usual = " and ".join(map(str, PORTS[target.parts.scheme]))
    return (
        f"Port {target.port} is refused. Accepted are {usual}, and any port of a host that the operator lists in "
        "MLOPSPRO_ALLOWED_TARGETS."
    )


def _host(name: str) -> str:
    """Lower case, without the root's dot, in ASCII. Raises ValueError (UnicodeError) for what is no name."""
    plain = name.rstrip(".").lower()
    return plain if plain.isascii() else plain.encode("idna").decode()


def _literal(host: str) -> Address | None:
    try:
        return _address(host)
    except ValueError:
        return None


def _address(text: str) -> Address:
    return ipaddress.ip_address(text)


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
