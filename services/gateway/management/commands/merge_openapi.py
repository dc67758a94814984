from django.core.management.base import BaseCommand

from gateway import merging


class Command(BaseCommand):
    help = "Write gateway/openapi.yaml anew from the services' own."

    def handle(self, *args, **options):
        merging.COMMITTED.write_text(merging.text(merging.merged(merging.documents())))
        self.stdout.write(f"wrote {merging.COMMITTED}")
