"""HTTP/1.1 on asyncio.Protocol, TLS with a certificate authority of our own, the kubeconfig."""

from __future__ import annotations

from labrunner.sim.http.message import Channel, Head, PeerCertificate, Request, Response, Stream
from labrunner.sim.http.protocol import Connection

__all__ = ["Channel", "Connection", "Head", "PeerCertificate", "Request", "Response", "Stream"]
