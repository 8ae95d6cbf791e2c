"""The JSON API of monitoring; one router a part, all added here."""

from ninja import Router

router = Router(tags=["Monitoring"])
