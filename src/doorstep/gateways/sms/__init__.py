"""Text messages: one interface to whoever carries them, what was sent as the record has it, and trying again."""

from __future__ import annotations

from doorstep.gateways.sms.carriers import Carrier, Down, HttpCarrier, LogCarrier, Refused, carrier_of
from doorstep.gateways.sms.delivery import register

__all__ = ["Carrier", "Down", "HttpCarrier", "LogCarrier", "Refused", "carrier_of", "register"]
