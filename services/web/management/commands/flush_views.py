"""`manage.py flush_views`: move the counted views from Redis into the table."""

from django.core.management.base import BaseCommand

from web.services import product_views_flush


class Command(BaseCommand):
    help = "Add the views counted since the last time to the products."

    def handle(self, **options):
        self.stdout.write(f"{product_views_flush()} products")
