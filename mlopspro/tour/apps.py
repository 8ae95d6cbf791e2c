"""The app that Django knows; its tables stand in the apps below."""

from django.apps import AppConfig


class TourConfig(AppConfig):
    name = "mlopspro.tour"
    label = "tour"
    verbose_name = "Tour"

    def ready(self) -> None:
        from mlopspro.core import home_cards
        from mlopspro.tour.home import card

        home_cards.register(card)
